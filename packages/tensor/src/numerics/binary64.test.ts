// exp, log, sine and cosine by + - * / agree with the library to a few units in the last place.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seedWords } from "../seedStream.ts";
import { BINARY64_CONSTANTS, cosSin64, exp64, log64 } from "./binary64.ts";

const words = Array.from(seedWords(new Uint8Array(32).fill(9), "test/binary64", 0, 20_000));
const share = (word: number) => word / 2 ** 32;
const worst = (errors: number[]) => errors.reduce((most, error) => Math.max(most, error), 0);

test("log64 from 1 to 2^31, exp64 from -22 to 0: relative error below 1e-15", () => {
  const integers = [1, 2, 3, 10_000, 500_000, 2 ** 31 - 1, ...words.map((word) => 2 + Math.floor(word / 2))];
  const logs = integers.filter((x) => x > 1).map((x) => Math.abs(log64(x) / Math.log(x) - 1));
  const powers = [0, ...words.map((word) => -22 * share(word))].map((x) => Math.abs(exp64(x) / Math.exp(x) - 1));
  assert.ok(worst(logs) < 1e-15 && worst(powers) < 1e-15, `${worst(logs)} ${worst(powers)}`);
  assert.equal(log64(1), 0);
  assert.equal(exp64(0), 1);
  assert.equal(exp64(-0), 1);
});

test("cosSin64 up to 2^20: absolute error below 1e-15", () => {
  const angles = [0, Math.PI / 4, Math.PI / 2, Math.PI, 2 ** 20, ...words.map((word) => share(word) ** 4 * 2 ** 20)];
  const errors = angles.map((a) => {
    const [cos, sin] = cosSin64(a);
    return Math.max(Math.abs(cos - Math.cos(a)), Math.abs(sin - Math.sin(a)));
  });
  assert.ok(worst(errors) < 1e-15, String(worst(errors)));
  assert.deepEqual(cosSin64(0), [1, 0]);
});

test("the first part of pi/2 leaves room for an exact product with the quadrant", () => {
  const view = new DataView(new ArrayBuffer(8));
  for (const part of [BINARY64_CONSTANTS.halfPi1, BINARY64_CONSTANTS.halfPi2]) {
    view.setFloat64(0, part);
    assert.equal(view.getBigUint64(0) & ((1n << 20n) - 1n), 0n, "20 trailing zero bits");
  }
});
