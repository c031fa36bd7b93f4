// Learning rates: integers at every step, monotone, ends where they should, the linear rule in whole numbers.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { rateNano, rateOf, type Schedule } from "./schedule.ts";

const cosine: Schedule = { kind: "cosine", rateNano: 1_000_000, finalRateNano: 100_000, warmupSteps: 10 };

test("cosine: warm-up, peak, half way, end", () => {
  assert.deepEqual(
    [0, 4, 9, 10, 60, 109].map((step) => rateNano(cosine, 110, step)),
    [100_000, 500_000, 1_000_000, 1_000_000, 550_000, 100_222],
  );
  const exact = 100_000 + (900_000 * (1 + Math.cos(Math.PI * 0.99))) / 2;
  assert.ok(Math.abs(rateNano(cosine, 110, 109) - exact) < 1);
});

test("every step of both kinds is an integer between the two rates, falling", () => {
  const rates = { rateNano: fc.nat(16_777_215), finalRateNano: fc.nat(16_777_215) };
  fc.assert(
    fc.property(
      fc.record({
        kind: fc.constantFrom("linear", "cosine"),
        ...rates,
        warmupSteps: fc.nat(50),
      }) as fc.Arbitrary<Schedule>,
      fc.integer({ min: 1, max: 200 }),
      (schedule, decay) => {
        const total = schedule.warmupSteps + decay;
        const down = schedule.finalRateNano <= schedule.rateNano;
        let before = schedule.rateNano;
        for (let step = schedule.warmupSteps; step < total; step++) {
          const rate = rateNano(schedule, total, step);
          assert.ok(Number.isInteger(rate));
          assert.ok(down ? rate <= before && rate >= schedule.finalRateNano : rate >= before);
          if (schedule.kind === "linear") {
            const change = BigInt(schedule.finalRateNano - schedule.rateNano) * BigInt(step - schedule.warmupSteps);
            assert.equal(rate, schedule.rateNano + Number(change / BigInt(decay)));
          }
          before = rate;
        }
      },
    ),
    { numRuns: 60 },
  );
});

test("the fp32 rate is the quotient rounded once; a step outside the run is refused", () => {
  assert.equal(rateOf(cosine, 110, 10), Math.fround(0.001));
  for (const step of [-1, 110, 0.5])
    assert.throws(() => rateNano(cosine, 110, step), { code: "tensor.bad-option", message: /^step is/ });
});
