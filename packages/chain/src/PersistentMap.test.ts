import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PersistentMap } from "./PersistentMap.ts";

test("behaves as a Map, and every earlier version stays as it was", () => {
  const edits = fc.array(fc.tuple(fc.boolean(), fc.string({ maxLength: 3 }), fc.nat()), { maxLength: 200 });
  fc.assert(
    fc.property(edits, (list) => {
      let map = PersistentMap.empty<string, number>();
      const model = new Map<string, number>();
      const versions: [PersistentMap<string, number>, Map<string, number>][] = [];
      for (const [isSet, key, value] of list) {
        versions.push([map, new Map(model)]);
        map = isSet ? map.set(key, value) : map.delete(key);
        if (isSet) model.set(key, value);
        else model.delete(key);
      }
      versions.push([map, model]);
      for (const [made, expected] of versions) {
        assert.equal(made.size, expected.size);
        assert.deepEqual(new Map(made), expected);
        for (const key of expected.keys()) assert.equal(made.get(key), expected.get(key));
      }
    }),
    { numRuns: 60 },
  );
});

/** Microseconds of CPU: what else runs on the machine does not count. */
function cpuOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  return process.cpuUsage(before).user;
}

test("one change of many entries copies one bucket, not the map", () => {
  let map = PersistentMap.empty<string, number>();
  for (let index = 0; index < 20_000; index++) map = map.set(`0x${index.toString(16).padStart(64, "0")}`, index);
  const changes = cpuOf(() => {
    for (let index = 0; index < 1000; index++) map = map.set(`0x${index.toString(16).padStart(64, "0")}`, -index);
  });
  const whole = new Map(map);
  const copies = cpuOf(() => {
    for (let copy = 0; copy < 100; copy++) assert.equal(new Map(whole).size, 20_000);
  });
  // One of 256 buckets each: the work of about four whole copies.
  assert.ok(changes < copies, `1,000 changes took ${changes} us, 100 copies ${copies} us`);
  assert.equal(map.size, 20_000);
});
