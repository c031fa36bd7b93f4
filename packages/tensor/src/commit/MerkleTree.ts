// A Merkle tree kept whole, so that many paths and nodes of it cost little (the tree of ../Merkle.ts).
import { hashNode } from "../Merkle.ts";
import { type HashTree, pathIn } from "./HashTree.ts";

export type MerkleTree = HashTree & {
  readonly root: Uint8Array;
  /** Siblings of leaf `index`, from the leaf up. Throws TensorError `bad-proof-request`. */
  path(index: number): Uint8Array[];
};

/** The tree over leaf hashes, at least one. */
export function merkleTree(leafHashes: readonly Uint8Array[]): MerkleTree {
  const levels = [leafHashes];
  for (let level = leafHashes; level.length > 1; level = levels.at(-1)!)
    levels.push(
      Array.from({ length: Math.ceil(level.length / 2) }, (_, i) => {
        const right = level[2 * i + 1];
        return right === undefined ? level[2 * i]! : hashNode(level[2 * i]!, right);
      }),
    );
  const tree: HashTree = { leaves: leafHashes.length, node: (height, index) => levels[height]![index]! };
  return { ...tree, root: levels.at(-1)![0]!, path: (index) => pathIn(tree, { height: 0, index }) };
}
