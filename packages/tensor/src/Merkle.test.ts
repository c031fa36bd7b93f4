// The Merkle tree: every path verifies, nothing forged does, and the odd-node rule opens no second preimage.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { dataRoot, historyRoot, LEAF_BYTES, proveStep, verifyStep } from "./HashLayout.ts";
import { hashLeaf, hashNode, merklePath, merkleRoot, verifyMerklePath } from "./Merkle.ts";
import { uint64Bytes } from "./sha256.ts";

const options = { verbose: true, numRuns: 60 };
const leavesOf = (count: number) => Array.from({ length: count }, (_, i) => hashLeaf(Uint8Array.of(i, i >>> 8)));
const sized = fc.integer({ min: 1, max: 70 }).chain((count) => fc.tuple(fc.constant(count), fc.nat(count - 1)));

test("leaf and node hashes are SHA-256 with one tag byte", () => {
  const data = Uint8Array.of(1, 2, 3);
  assert.deepEqual(
    Buffer.from(hashLeaf(data)),
    createHash("sha256")
      .update(Buffer.from([0, 1, 2, 3]))
      .digest(),
  );
  const [a, b] = leavesOf(2) as [Uint8Array, Uint8Array];
  assert.deepEqual(
    Buffer.from(hashNode(a, b)),
    createHash("sha256")
      .update(Buffer.from([1, ...a, ...b]))
      .digest(),
  );
});

test("the root is RFC 6962's: split at the largest power of two below the count", () => {
  const recursive = (leaves: Uint8Array[]): Uint8Array => {
    if (leaves.length === 1) return leaves[0]!;
    const split = 2 ** (Math.ceil(Math.log2(leaves.length)) - 1);
    return hashNode(recursive(leaves.slice(0, split)), recursive(leaves.slice(split)));
  };
  for (let count = 1; count <= 40; count++) assert.deepEqual(merkleRoot(leavesOf(count)), recursive(leavesOf(count)));
});

test("every leaf of every size proves itself", () => {
  fc.assert(
    fc.property(sized, ([count, index]) => {
      const leaves = leavesOf(count);
      assert.ok(verifyMerklePath(merkleRoot(leaves), count, index, leaves[index]!, merklePath(leaves, index)));
    }),
    options,
  );
});

test("a forged path is rejected: other leaf, index, count, bit, shorter, longer", () => {
  fc.assert(
    fc.property(sized, fc.nat(255), ([count, index], flip) => {
      fc.pre(count > 1);
      const leaves = leavesOf(count);
      const root = merkleRoot(leaves);
      const path = merklePath(leaves, index);
      const leaf = leaves[index]!;
      const other = (index + 1) % count;
      assert.ok(!verifyMerklePath(root, count, index, leaves[other]!, path));
      assert.ok(!verifyMerklePath(root, count, other, leaf, path));
      assert.ok(!verifyMerklePath(root, count, index, leaf, path.slice(1)));
      assert.ok(!verifyMerklePath(root, count, index, leaf, [...path, leaf]));
      const bent = path.map((node) => node.slice());
      bent[flip % bent.length]![flip % 32]! ^= 1 << (flip % 8);
      assert.ok(!verifyMerklePath(root, count, index, leaf, bent));
    }),
    options,
  );
});

test("an inner node does not pass as a leaf, nor a duplicated last leaf as a longer list", () => {
  const leaves = leavesOf(3);
  const root = merkleRoot(leaves);
  const inner = hashNode(leaves[0]!, leaves[1]!);
  // A two-"leaf" reading of the same root needs a history whose entries are not 32-byte roots under the leaf tag.
  assert.ok(!verifyStep(root, 2, 0, inner, [leaves[2]!]));
  assert.notDeepEqual(merkleRoot([...leaves, leaves[2]!]), root);
});

test("step proofs against a history root; nonsense is false, not an error", () => {
  const roots = Array.from({ length: 11 }, (_, i) => hashLeaf(Uint8Array.of(200, i)));
  const history = historyRoot(roots);
  for (let i = 0; i < 11; i++) assert.ok(verifyStep(history, 11, i, roots[i]!, proveStep(roots, i)));
  const path = proveStep(roots, 4);
  assert.ok(!verifyStep(history, 11, 4, roots[5]!, path));
  for (const [count, index] of [
    [0, 0],
    [11, -1],
    [11, 11],
    [11, 1.5],
    [Number.NaN, 0],
    [2 ** 40, 4],
  ] as const)
    assert.equal(verifyStep(history, count, index, roots[4]!, path), false);
  assert.equal(verifyStep(history, 11, 4, new Uint8Array(31), path), false);
  assert.throws(() => proveStep(roots, 11), { code: "tensor.bad-proof-request" });
  assert.throws(() => historyRoot([]), { code: "tensor.bad-proof-request" });
});

test("the data root binds the length, so zero padding cannot be passed off as data", () => {
  const text = new Uint8Array(LEAF_BYTES + 1).fill(65);
  const padded = new Uint8Array(2 * LEAF_BYTES);
  padded.set(text);
  assert.notDeepEqual(dataRoot(text), dataRoot(padded));
  const tree = hashNode(hashLeaf(padded.subarray(0, LEAF_BYTES)), hashLeaf(padded.subarray(LEAF_BYTES)));
  const want = createHash("sha256")
    .update(Buffer.from([5, ...uint64Bytes(129), ...tree]))
    .digest();
  assert.deepEqual(Buffer.from(dataRoot(text)), want);
});
