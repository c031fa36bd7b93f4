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

test("one change of many entries copies one bucket, not the map", () => {
  let map = PersistentMap.empty<string, number>();
  for (let index = 0; index < 20_000; index++) map = map.set(`0x${index.toString(16).padStart(64, "0")}`, index);
  const started = performance.now();
  for (let index = 0; index < 1000; index++) map = map.set(`0x${index.toString(16).padStart(64, "0")}`, -index);
  // A copy of 20,000 entries takes about a millisecond; 1,000 of them would take a second.
  assert.ok(performance.now() - started < 400);
  assert.equal(map.size, 20_000);
});
