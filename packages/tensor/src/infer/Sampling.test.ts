// Draws against a definition that sorts pairs, shares over many words, limits, repetition.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { expRecipe } from "../recipes.ts";
import { seedWords } from "../seedStream.ts";
import {
  checkSampling,
  createWords,
  drawFromLogits,
  drawToken,
  likeliest,
  limitRepetition,
  powerScale,
} from "./Sampling.ts";

/** The candidates as spec/inference.md §3 defines them, in token order. */
function candidates(weights: readonly number[], { topK, topPMilli }: { topK: number | undefined; topPMilli: number }) {
  const sorted = weights
    .map((weight, token) => ({ weight, token }))
    .sort((a, b) => b.weight - a.weight || a.token - b.token);
  const likely = sorted.slice(0, topK ?? sorted.length);
  const share = (topPMilli / 1000) * likely.reduce((sum, { weight }) => sum + weight, 0);
  let sum = 0;
  const count = topPMilli === 1000 ? likely.length : 1 + likely.findIndex(({ weight }) => (sum += weight) >= share);
  return likely.slice(0, count).sort((a, b) => a.token - b.token);
}

const powers = fc
  .array(fc.constantFrom(1, 0.5, 0.25, 0.25, 0.125, 0), { minLength: 1, maxLength: 12 })
  .map((all) => [1, ...all]);

test("a draw is the candidate at the word's share, in token order", () => {
  const topK = fc.option(fc.integer({ min: 1, max: 14 }), { nil: undefined });
  const draw = fc.record({ topK, topPMilli: fc.integer({ min: 1, max: 1000 }) });
  fc.assert(
    fc.property(powers, draw, fc.integer({ min: 0, max: 2 ** 32 - 1 }), (weights, options, word) => {
      const among = candidates(weights, options);
      let left = (word / 2 ** 32) * among.reduce((sum, { weight }) => sum + weight, 0);
      const wanted = among.find(({ weight }) => (left -= weight) < 0) ?? among.at(-1)!;
      assert.equal(drawToken(Float32Array.from(weights), options, word), wanted.token);
    }),
    { numRuns: 2000 },
  );
});

test("shares of many words are the weights; words are those of the seed", () => {
  const word = createWords(new Uint8Array(32).fill(4));
  const direct = [0, 1, 2].flatMap((block) => [...seedWords(new Uint8Array(32).fill(4), "weft/infer/1", block, 64)]);
  assert.deepEqual(
    direct,
    direct.map((_, token) => word(token)),
  );
  const counts = [0, 0, 0, 0];
  const weights = Float32Array.of(0.5, 0, 1, 0.5);
  for (let token = 0; token < 4000; token++)
    counts[drawToken(weights, { topK: undefined, topPMilli: 1000 }, word(token))]! += 1;
  assert.equal(counts[1], 0);
  assert.ok(Math.abs(counts[2]! - 2000) < 150 && Math.abs(counts[0]! - 1000) < 130, String(counts));
  assert.equal(drawToken(weights, { topK: 1, topPMilli: 1000 }, 2 ** 32 - 1), 2);
  assert.equal(drawToken(weights, { topK: undefined, topPMilli: 1 }, 2 ** 32 - 1), 2);
  assert.equal(drawToken(weights, { topK: 2, topPMilli: 1000 }, 2 ** 32 - 1), 2, "of equals the first");
  assert.equal(drawToken(weights, { topK: 2, topPMilli: 1000 }, 0), 0);
});

test("the likeliest token is the first of equals; a NaN is nobody's", () => {
  assert.equal(likeliest(Float32Array.of(1, 3, -2, 3)), 1);
  assert.equal(likeliest(Float32Array.of(-Infinity, -Infinity)), 0);
  assert.equal(likeliest(Float32Array.of(-Infinity, Infinity)), 1);
  for (const at of [0, 1, 2]) assert.equal(likeliest(Float32Array.of(1, 2, 3).fill(Number.NaN, at, at + 1)), undefined);
  assert.deepEqual(powerScale(Float32Array.of(1, 4), 1, 300), { shift: 4, factor: Math.fround(1000 / 300) });
});

test("a row drawn alone: its shares are those of the recipe of exp to the last word, a NaN and an infinity draw nothing", () => {
  for (const temperatureMilli of [300, 1000, 1700])
    for (const logit of [-0.125, -0.75, -1.375, -2.875, -5.5]) {
      const weight = expRecipe(Math.fround(logit * Math.fround(1000 / temperatureMilli)));
      // Token 0 has the words below its share of the two. Math.exp would put the border some words away.
      const border = Math.ceil((weight / (weight + 1)) * 2 ** 32);
      const draw = (word: number) => drawFromLogits(Float32Array.of(logit + 4, 4), temperatureMilli, word);
      assert.deepEqual([draw(border - 1), draw(border)], [0, 1], `${logit} at ${temperatureMilli}`);
    }
  for (const worst of [Number.NaN, Number.POSITIVE_INFINITY])
    assert.equal(drawFromLogits(Float32Array.of(1, worst, 2), 1000, 0), undefined);
  assert.equal(drawFromLogits(new Float32Array(3).fill(Number.NEGATIVE_INFINITY), 1000, 0), undefined);
  assert.equal(drawFromLogits(Float32Array.of(Number.NEGATIVE_INFINITY, 0), 1000, 0), 1);
});

test("a repetition limit divides positive logits and multiplies the others, each token once", () => {
  const logits = Float32Array.of(3, -3, 0.1, 5, -0);
  limitRepetition(logits, [0, 1, 0, 0, 4, 99], 1500);
  assert.deepEqual([...logits], [2, -4.5, Math.fround(0.1), 5, -0]);
});

test("options out of their limits are refused by name", () => {
  const seed = new Uint8Array(32);
  const refused: [object, RegExp][] = [
    [{}, /seed has 0 bytes/],
    [{ seed: new Uint8Array(31) }, /seed has 31 bytes/],
    [{ temperatureMilli: 0, seed: new Uint8Array(1) }, /seed has 1 bytes/],
    [{ seed, temperatureMilli: -1 }, /temperatureMilli is -1/],
    [{ seed, temperatureMilli: 10_001 }, /temperatureMilli is 10001/],
    [{ seed, topK: 0 }, /topK is 0/],
    [{ seed, topK: 4097 }, /topK is 4097/],
    [{ seed, topPMilli: 0.5 }, /topPMilli is 0.5/],
    [{ seed, topPMilli: Number.NaN }, /topPMilli is NaN/],
    [{ seed, repetitionMilli: 999 }, /repetitionMilli is 999/],
    [{ seed, repetitionWindow: 1025 }, /repetitionWindow is 1025/],
  ];
  for (const [options, message] of refused)
    assert.throws(() => checkSampling(options), { code: "tensor.bad-option", message });
  assert.deepEqual(checkSampling({ temperatureMilli: 0 }), {
    temperatureMilli: 0,
    topK: undefined,
    topPMilli: 1000,
    repetitionMilli: 1000,
    repetitionWindow: 64,
    seed: undefined,
  });
});
