// A Merkle tree (../Merkle.ts) of which any node can be asked for, whoever keeps or makes it: nodes, paths between two
// heights, and the nodes that lie some levels below one.
//
// Node (height h, index i) covers leaves i·2^h … min((i+1)·2^h, leaves) - 1; a lone last node is the node below it.
import { TensorError } from "../TensorError.ts";

export type HashTree = {
  /** At least 1. */
  readonly leaves: number;
  /** The hash of node (height, index); both within the tree. */
  node(height: number, index: number): Uint8Array;
};

export type NodeAt = { readonly height: number; readonly index: number };

/** Height of the root: the least h with 2^h ≥ leaves. */
export function treeHeight(leaves: number): number {
  let height = 0;
  while (2 ** height < leaves) height++;
  return height;
}

/** Nodes of a tree at a height. */
export function treeWidth(leaves: number, height: number): number {
  return Math.ceil(leaves / 2 ** height);
}

export function rootOf(tree: HashTree): Uint8Array {
  return tree.node(treeHeight(tree.leaves), 0);
}

function needNode({ leaves }: HashTree, { height, index }: NodeAt): void {
  const inside = Number.isInteger(height) && height >= 0 && height <= treeHeight(leaves);
  if (!inside || !Number.isInteger(index) || index < 0 || index >= treeWidth(leaves, height))
    throw new TensorError(
      "bad-proof-request",
      `there is no node ${index} at height ${height} over ${leaves} leaves`,
      "pass a node of the tree",
    );
}

/** Siblings of a node from its height up to below `top`, by default the root's. Throws TensorError `bad-proof-request`. */
export function pathIn(tree: HashTree, at: NodeAt, top = treeHeight(tree.leaves)): Uint8Array[] {
  needNode(tree, at);
  const path: Uint8Array[] = [];
  let { index } = at;
  for (let height = at.height; height < top; height++, index = Math.floor(index / 2)) {
    const sibling = index % 2 === 0 ? index + 1 : index - 1;
    if (sibling < treeWidth(tree.leaves, height)) path.push(tree.node(height, sibling));
  }
  return path;
}

/** The nodes at `height` that lie below a node, left to right. Throws TensorError `bad-proof-request`. */
export function nodesBelow(tree: HashTree, at: NodeAt, height: number): Uint8Array[] {
  needNode(tree, at);
  const [first, end] = rangeBelow(tree.leaves, at, height);
  return Array.from({ length: end - first }, (_, i) => tree.node(height, first + i));
}

/** First index and the one after the last, at `height`, below a node. */
export function rangeBelow(leaves: number, at: NodeAt, height: number): [first: number, end: number] {
  const span = 2 ** (at.height - height);
  return [at.index * span, Math.min((at.index + 1) * span, treeWidth(leaves, height))];
}
