// The order of training data depends on seed and step alone; targets are the tokens that follow.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cutExamples, exampleStarts } from "./dataOrder.ts";

const seed = new Uint8Array(32).fill(8);

test("starts cover the whole range, differ by step and seed, and repeat for the same", () => {
  const of = (step: number, from = seed) => Array.from(exampleStarts(from, step, { rows: 400, starts: 10 }));
  assert.deepEqual(of(3), of(3));
  assert.notDeepEqual(of(3), of(4));
  assert.notDeepEqual(of(3), of(3, new Uint8Array(32)));
  assert.deepEqual(
    [...new Set(of(3))].sort((a, b) => a - b),
    Array.from({ length: 10 }, (_, i) => i),
  );
  assert.deepEqual(of(3).slice(0, 7), Array.from(exampleStarts(seed, 3, { rows: 7, starts: 10 })), "a prefix");
});

test("each position predicts the next token; a single target is the token after the context", () => {
  const sequence = [10, 11, 12, 13, 14, 15];
  const every = cutExamples(sequence, [0, 2], { context: 3, targetShape: [2, 3] });
  assert.deepEqual(Array.from(every.tokens.data), [10, 11, 12, 12, 13, 14]);
  assert.deepEqual(Array.from(every.targets.data), [11, 12, 13, 13, 14, 15]);
  const last = cutExamples(sequence, [0, 2], { context: 3, targetShape: [2] });
  assert.deepEqual(Array.from(last.targets.data), [13, 15]);
});
