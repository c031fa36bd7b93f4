// Seeded words: a pure function of seed, label and counter; draws are exact.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seedStream, seedWords, wordBelow } from "./seedStream.ts";
import { sha256 } from "./sha256.ts";

test("seed words: one block by hand, prefixes agree, and draws are exact and in range", () => {
  const seed = new Uint8Array(32).fill(5);
  const block = sha256(
    seed,
    new TextEncoder().encode("label"),
    Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 7),
    new Uint8Array(8),
  );
  const words = seedWords(seed, "label", 7, 20);
  assert.equal(words[0], new DataView(block.buffer).getUint32(0));
  assert.equal(words[7], new DataView(block.buffer).getUint32(28));
  assert.deepEqual(seedWords(seed, "label", 7, 5), words.slice(0, 5));
  assert.deepEqual(seedStream(seed, "label", 7)(8, 12), words.slice(8));
  const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  fc.assert(
    fc.property(word, fc.integer({ min: 1, max: 2 ** 32 }), (w, range) => {
      assert.equal(wordBelow(w, range), Number((BigInt(w) * BigInt(range)) >> 32n));
    }),
    { verbose: true },
  );
});
