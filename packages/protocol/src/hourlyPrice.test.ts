import assert from "node:assert/strict";
import { test } from "node:test";
import { askPerSecond, ceilingPerSecond, roundingNote } from "./hourlyPrice.ts";

test("an hourly price becomes whole units per second: a ceiling rounded down, an asking price up, and it is said", () => {
  assert.deepEqual([ceilingPerSecond(600_000n), askPerSecond(600_000n)], [166n, 167n]);
  assert.equal(
    roundingNote(600_000n, 166n),
    "0.6 an hour counts as 0.5976: prices move in steps of 0.0036 an hour, a millionth per second",
  );
  assert.match(roundingNote(600_000n, 167n) ?? "", /^0\.6 an hour counts as 0\.6012: /);
  assert.deepEqual([ceilingPerSecond(990_000n), askPerSecond(990_000n)], [275n, 275n]);
  assert.equal(roundingNote(990_000n, 275n), undefined);
  assert.deepEqual([ceilingPerSecond(3599n), askPerSecond(1n)], [0n, 1n]);
});
