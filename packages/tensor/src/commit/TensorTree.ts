// The Merkle tree over the leaves of one tensor at hand, for openings of single leaves. The kernels hash a large tensor once;
// after that a piece of it is hashed again when something in it is opened.
import type { ValueType } from "../graph/Graph.ts";
import { bitsView, type TensorValue } from "../graph/TensorValue.ts";
import { LEAF_ELEMENTS } from "../HashLayout.ts";
import { hashLeaves } from "../kernel/hashTensors.ts";
import { hashLeaf } from "../Merkle.ts";
import { type HashTree, rootOf } from "./HashTree.ts";
import { PIECE_LEAVES, pieceTree } from "./PieceTree.ts";
import { leafBytes, leafCount, leafElements, tensorRootFrom } from "./TensorLayout.ts";

export type TensorTree = {
  readonly type: ValueType;
  readonly tree: HashTree;
  /** Merkle root of the leaves. */
  readonly leavesRoot: Uint8Array;
  readonly tensorRoot: Uint8Array;
  /** The 128 bytes of a leaf. */
  leaf(index: number): Uint8Array;
};

/** The elements must stay as they are. */
export function tensorTree(value: TensorValue): TensorTree {
  const { dtype, shape } = value;
  const leaves = leafCount(value);
  const leafHash = (leaf: number) => hashLeaf(leafBytes(value, leaf));
  const pieces = Math.ceil(leaves / PIECE_LEAVES);
  const pieceRoots = pieces === 1 ? undefined : Array.from({ length: pieces }, (_, piece) => pieceRoot(value, piece));
  const tree = pieceTree(leaves, leafHash, pieceRoots);
  const leavesRoot = rootOf(tree);
  const type = { dtype, shape };
  const leaf = (index: number) => leafBytes(value, index);
  return { type, tree, leavesRoot, tensorRoot: tensorRootFrom(type, leavesRoot), leaf };
}

function pieceRoot(value: TensorValue, piece: number): Uint8Array {
  const first = piece * PIECE_LEAVES;
  const count = Math.min(PIECE_LEAVES, leafCount(value) - first);
  const words = new Int32Array(count * LEAF_ELEMENTS);
  // Of an i8 the elements themselves, widened; of the others the bits.
  const bits = value.dtype === "i8" ? value.data : bitsView(value);
  for (let i = 0; i < count; i++) {
    const { first: element, count: elements } = leafElements(value, first + i);
    words.set(bits.subarray(element, element + elements), i * LEAF_ELEMENTS);
  }
  return hashLeaves(value.dtype === "f32" ? "f32" : "i32", words);
}
