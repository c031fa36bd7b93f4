// Trees by nodes: whole, in pieces and over a tensor they are the tree of Merkle.ts, and what is cut out of them between two
// heights is a tree again.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Dtype } from "../graph/Graph.ts";
import { bitsView, createTensor } from "../graph/TensorValue.ts";
import { hashLeaf, hashNode, merklePath, merkleRoot, verifyMerklePath } from "../Merkle.ts";
import { type HashTree, nodesBelow, pathIn, rangeBelow, rootOf, treeHeight, treeWidth } from "./HashTree.ts";
import { merkleTree } from "./MerkleTree.ts";
import { PIECE_LEAVES, pieceTree } from "./PieceTree.ts";
import { leafHashes, tensorRoot } from "./TensorLayout.ts";
import { tensorTree } from "./TensorTree.ts";

const leafOf = (i: number) => hashLeaf(Uint8Array.of(i, i >>> 8, i >>> 16));
const leavesOf = (count: number) => Array.from({ length: count }, (_, i) => leafOf(i));

const place = fc
  .integer({ min: 1, max: 300 })
  .chain((count) => fc.tuple(fc.constant(count), fc.nat(treeHeight(count))))
  .chain(([count, height]) => fc.tuple(fc.constant(count), fc.constant(height), fc.nat(treeWidth(count, height) - 1)))
  .chain(([count, height, index]) =>
    fc.record({
      count: fc.constant(count),
      height: fc.constant(height),
      index: fc.constant(index),
      low: fc.nat(height),
    }),
  );

test("nodes below a node hash to it, and a path from any height leads to any above", () => {
  fc.assert(
    fc.property(place, ({ count, height, index, low }) => {
      const tree = merkleTree(leavesOf(count));
      const at = { height, index };
      const below = nodesBelow(tree, at, low);
      assert.deepEqual(merkleRoot(below), tree.node(height, index));
      const [first, end] = rangeBelow(count, at, low);
      assert.equal(below.length, end - first);
      for (const child of new Set([first, end - 1])) {
        const path = pathIn(tree, { height: low, index: child }, height);
        const node = tree.node(low, child);
        assert.ok(verifyMerklePath(tree.node(height, index), below.length, child - first, node, path));
      }
      assert.deepEqual(pathIn(tree, { height: 0, index: index % count }), merklePath(leavesOf(count), index % count));
    }),
    { numRuns: 100 },
  );
  assert.throws(() => pathIn(merkleTree(leavesOf(5)), { height: 0, index: 5 }), { code: "tensor.bad-proof-request" });
  assert.throws(() => nodesBelow(merkleTree(leavesOf(5)), { height: 4, index: 0 }, 0), {
    code: "tensor.bad-proof-request",
  });
});

test("a tree in pieces has the nodes of the whole one", () => {
  for (const count of [1, 3, PIECE_LEAVES, PIECE_LEAVES + 1, PIECE_LEAVES + 33]) {
    const whole = merkleTree(leavesOf(count));
    const pieces = pieceTree(count, leafOf);
    assert.deepEqual(rootOf(pieces), whole.root);
    for (const height of [0, 1, 6, 12, 13].filter((height) => height <= treeHeight(count)))
      for (const index of new Set([0, Math.floor(treeWidth(count, height) / 2), treeWidth(count, height) - 1]))
        assert.deepEqual(pieces.node(height, index), whole.node(height, index), `${count}: ${height}/${index}`);
  }
});

function checkTensor(dtype: Dtype, shape: number[]): void {
  const value = createTensor({ dtype, shape });
  const bits = bitsView(value);
  for (let i = 0; i < bits.length; i++) bits[i] = Math.imul(i + 1, 0x9e3779b1) >>> 0;
  // Signalling, negative, quiet: all one word once hashed, as floats; as integers words like others.
  if (dtype !== "i8") bits.set([0x7f800001, 0xffc00000, 0x7fc00000], bits.length - 40);
  const tree = tensorTree(value);
  assert.deepEqual(tree.tensorRoot, tensorRoot(value));
  const hashes = leafHashes(value);
  const walk: HashTree = merkleTree(hashes);
  for (const leaf of [0, Math.floor(hashes.length / 2), hashes.length - 1]) {
    assert.deepEqual(hashLeaf(tree.leaf(leaf)), hashes[leaf]);
    const at = { height: 0, index: leaf };
    assert.deepEqual(pathIn(tree.tree, at), pathIn(walk, at));
  }
}

test("the tree over a tensor is that of its leaves, also where kernels hash it", () => {
  checkTensor("f32", [3, 65]);
  checkTensor("f32", [700, 257]);
  checkTensor("i32", [2, 70_001]);
  checkTensor("i8", [4200, 33]);
  checkTensor("f32", [4097, 1]);
  const [a, b] = leavesOf(2) as [Uint8Array, Uint8Array];
  assert.notDeepEqual(hashNode(a, b), hashNode(b, a));
});
