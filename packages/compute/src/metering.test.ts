import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@weft/protocol/Errors";
import fc from "fast-check";
import { meterSegment } from "./metering.ts";

test("a segment is billed in whole seconds, rounded down, the rest carried", () => {
  assert.deepEqual(meterSegment({ busyMs: 999, wallMs: 1200, carryMs: 0 }), { seconds: 0n, carryMs: 999 });
  assert.deepEqual(meterSegment({ busyMs: 700, wallMs: 700, carryMs: 999 }), { seconds: 1n, carryMs: 699 });
  assert.deepEqual(meterSegment({ busyMs: 61_000, wallMs: 61_500, carryMs: 0 }), { seconds: 61n, carryMs: 0 });
});

test("a worker that reports more than the wall clock saw is cut to the wall clock", () => {
  assert.equal(meterSegment({ busyMs: 10_000, wallMs: 2_500, carryMs: 0 }).seconds, 2n);
});

test("P1 no prefix of segments is billed above its wall time, and less than one second is ever withheld", () => {
  const segment = fc.record({ busyMs: fc.nat(10_000_000), wallMs: fc.nat(10_000_000) });
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 50 }), (segments) => {
      let carryMs = 0;
      let billed = 0n;
      let wall = 0;
      let due = 0;
      for (const { busyMs, wallMs } of segments) {
        const metered = meterSegment({ busyMs, wallMs, carryMs });
        carryMs = metered.carryMs;
        billed += metered.seconds;
        wall += wallMs;
        due += Math.min(busyMs, wallMs);
        assert.ok(billed * 1000n <= BigInt(wall));
        assert.equal(billed * 1000n + BigInt(carryMs), BigInt(due));
      }
    }),
  );
});

test("nonsense is refused", () => {
  const bad = [
    { busyMs: -1, wallMs: 0, carryMs: 0 },
    { busyMs: 0.5, wallMs: 1, carryMs: 0 },
    { busyMs: 0, wallMs: Number.NaN, carryMs: 0 },
    { busyMs: 0, wallMs: 0, carryMs: 1000 },
    { busyMs: 2 ** 60, wallMs: 2 ** 60, carryMs: 0 },
  ];
  for (const measure of bad)
    assert.throws(
      () => meterSegment(measure),
      (error) => hasCode(error, "metering.range"),
    );
});
