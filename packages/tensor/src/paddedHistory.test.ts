// The sparse tree is the plain one, and its size is that of what is known.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { historyRoot, proveStep, verifyStep } from "./HashLayout.ts";
import { paddedHistory } from "./paddedHistory.ts";
import { sha256, uint64Bytes } from "./sha256.ts";

const rootsOf = (count: number) => Array.from({ length: count }, (_, index) => sha256(uint64Bytes(index)));

test("root and path equal those of the plain tree over the same leaves", () => {
  const sizes = fc.tuple(fc.integer({ min: 1, max: 70 }), fc.nat(), fc.nat());
  fc.assert(
    fc.property(sizes, ([count, some, place]) => {
      const roots = rootsOf(some % (count + 1));
      const index = place % count;
      const leaves = [...roots, ...Array.from({ length: count - roots.length }, () => new Uint8Array(32))];
      const padded = paddedHistory(roots, { count, index });
      assert.deepEqual(padded.root, historyRoot(leaves));
      assert.deepEqual(padded.path, proveStep(leaves, index));
    }),
    { numRuns: 300 },
  );
});

test("2^24 leaves of which three are known: both ends prove", () => {
  const count = 2 ** 24;
  const roots = rootsOf(3);
  for (const index of [0, 2, 3, count - 1]) {
    const { root, path } = paddedHistory(roots, { count, index });
    assert.ok(verifyStep(root, count, index, roots[index] ?? new Uint8Array(32), path), String(index));
  }
});

test("a leaf outside, or more roots than leaves, is refused", () => {
  for (const [known, count, index] of [
    [1, 4, 4],
    [1, 4, -1],
    [5, 4, 0],
  ] as const)
    assert.throws(() => paddedHistory(rootsOf(known), { count, index }), /leaf/);
});
