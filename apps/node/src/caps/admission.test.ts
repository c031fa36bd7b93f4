import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@weft/protocol/Errors";
import fc from "fast-check";
import { isDrained, mayTake, type Situation, unitsToOffer } from "./admission.ts";
import * as Caps from "./Caps.ts";

const caps: Caps.Caps = { maxThreads: 8, memoryMiB: 16_384, diskMiB: 10_000, units: 4, kinds: ["tensor"] };
const perUnit = { threads: 2, memoryMiB: 2048, diskMiB: 1000 };
const noon = 12n * 3600n;
const situation: Situation = {
  caps,
  held: [],
  paused: false,
  draining: false,
  free: { memoryMiB: 32_768, diskMiB: 50_000 },
  unixSeconds: noon,
};
const lease = { units: 1, ...perUnit };
const job = { kind: "tensor", units: 1, perUnit };

test("an idle node offers its pool, up to the owner's units", () => {
  assert.deepEqual(unitsToOffer(situation, { poolUnits: 4, perUnit }), { units: 4 });
  assert.deepEqual(unitsToOffer(situation, { poolUnits: 9, perUnit }), { units: 4, reason: "units" });
});

test("running leases take their part; the scarcest resource decides and is named", () => {
  assert.deepEqual(unitsToOffer({ ...situation, held: [lease] }, { poolUnits: 4, perUnit }), {
    units: 3,
    reason: "units",
  });
  const hungry = { ...situation, caps: { ...caps, units: 100, maxThreads: 5 } };
  assert.deepEqual(unitsToOffer(hungry, { poolUnits: 4, perUnit }), { units: 2, reason: "threads" });
  const tight = { ...situation, free: { memoryMiB: 3000, diskMiB: 50_000 } };
  assert.deepEqual(unitsToOffer(tight, { poolUnits: 4, perUnit }), { units: 1, reason: "memory" });
  const full = { ...situation, free: { memoryMiB: 32_768, diskMiB: 999 } };
  assert.deepEqual(unitsToOffer(full, { poolUnits: 4, perUnit }), { units: 0, reason: "disk" });
});

test("paused and draining nodes offer nothing; draining ends when nothing runs or is on its way", () => {
  assert.deepEqual(unitsToOffer({ ...situation, paused: true }, { poolUnits: 4, perUnit }), {
    units: 0,
    reason: "paused",
  });
  assert.deepEqual(mayTake({ ...situation, paused: true }, job), { units: 0, reason: "paused" });
  const draining = { ...situation, draining: true, held: [lease] };
  assert.deepEqual(unitsToOffer(draining, { poolUnits: 4, perUnit }), { units: 0, reason: "draining" });
  assert.ok(!isDrained(draining, { openIntents: 0 }));
  assert.ok(!isDrained({ draining: true, held: [] }, { openIntents: 1 }));
  assert.ok(isDrained({ draining: true, held: [] }, { openIntents: 0 }));
  assert.ok(!isDrained({ draining: false, held: [] }, { openIntents: 0 }));
});

test("a job is taken whole or not at all, and only of an allowed kind", () => {
  assert.deepEqual(mayTake(situation, { ...job, units: 4 }), { units: 4 });
  assert.deepEqual(mayTake(situation, { ...job, units: 5 }), { units: 0, reason: "units" });
  assert.deepEqual(mayTake(situation, { ...job, kind: "container" }), { units: 0, reason: "kind" });
  assert.deepEqual(mayTake({ ...situation, caps: { ...caps, kinds: [] } }, job), { units: 0, reason: "kind" });
});

test("a schedule opens and closes the node, over midnight too", () => {
  const at = (schedule: Caps.Caps["schedule"], hour: number, minute = 0) =>
    Caps.inSchedule({ ...caps, ...(schedule && { schedule }) }, BigInt(86_400 * 20_000 + hour * 3600 + minute * 60));
  const night = [{ from: 22 * 60, to: 6 * 60 }];
  assert.deepEqual(
    [21, 22, 23, 0, 5, 6, 12].map((hour) => at(night, hour)),
    [false, true, true, true, true, false, false],
  );
  const work = [
    { from: 540, to: 720 },
    { from: 780, to: 1020 },
  ];
  assert.deepEqual(
    [at(work, 8, 59), at(work, 9), at(work, 12), at(work, 13), at(work, 17)],
    [false, true, false, true, false],
  );
  assert.ok(at([{ from: 0, to: 0 }], 3));
  assert.ok(at(undefined, 3));
  const closed = { ...situation, caps: { ...caps, schedule: night } };
  assert.deepEqual(mayTake(closed, job), { units: 0, reason: "schedule" });
});

test("malformed caps are named by field", () => {
  const bad: [object, RegExp][] = [
    [{ ...caps, maxThreads: 0 }, /maxThreads/],
    [{ ...caps, kinds: ["No Spaces"] }, /kinds\.0/],
    [{ ...caps, schedule: [] }, /schedule/],
    [{ ...caps, schedule: [{ from: 0, to: 1440 }] }, /schedule\.0\.to/],
    [{ ...caps, extra: 1 }, /record/],
  ];
  for (const [value, field] of bad)
    assert.throws(
      () => Caps.parse(value),
      (error) => hasCode(error, "caps.malformed") && field.test(error.message),
    );
  assert.deepEqual(Caps.parse(caps), caps);
});

test("P1 what is admitted, added to what is held, never exceeds a cap or what is free", () => {
  const amount = fc.nat(5000);
  const each = fc.record({ threads: fc.nat(9), memoryMiB: amount, diskMiB: amount });
  const any = fc.record({
    caps: fc.record({
      maxThreads: fc.integer({ min: 1, max: 64 }),
      memoryMiB: fc.integer({ min: 1, max: 90_000 }),
      diskMiB: fc.nat(90_000),
      units: fc.nat(20),
    }),
    held: fc.array(fc.record({ units: fc.nat(5), threads: fc.nat(9), memoryMiB: amount, diskMiB: amount }), {
      maxLength: 6,
    }),
    free: fc.record({ memoryMiB: fc.nat(90_000), diskMiB: fc.nat(90_000) }),
    perUnit: each,
    poolUnits: fc.nat(20),
  });
  fc.assert(
    fc.property(any, ({ perUnit: unit, poolUnits, ...rest }) => {
      const now: Situation = { ...situation, ...rest, caps: { ...caps, ...rest.caps } };
      const { units } = unitsToOffer(now, { poolUnits, perUnit: unit });
      assert.ok(Number.isInteger(units) && units >= 0 && units <= poolUnits);
      if (units === 0) return;
      const sum = (of: "units" | "threads" | "memoryMiB" | "diskMiB") =>
        now.held.reduce((total, lease) => total + lease[of], 0);
      assert.ok(sum("units") + units <= now.caps.units);
      if (unit.threads > 0) assert.ok(sum("threads") + units * unit.threads <= now.caps.maxThreads);
      if (unit.memoryMiB > 0) {
        assert.ok(sum("memoryMiB") + units * unit.memoryMiB <= now.caps.memoryMiB);
        assert.ok(units * unit.memoryMiB <= now.free.memoryMiB);
      }
      if (unit.diskMiB > 0)
        assert.ok(
          sum("diskMiB") + units * unit.diskMiB <= now.caps.diskMiB && units * unit.diskMiB <= now.free.diskMiB,
        );
      // One more would break something, or is not in the pool.
      const more = mayTake(
        { ...now, caps: { ...now.caps, kinds: ["tensor"] } },
        { kind: "tensor", units: units + 1, perUnit: unit },
      );
      if (units < poolUnits) assert.equal(more.units, 0);
    }),
  );
});
