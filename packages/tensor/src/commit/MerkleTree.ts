// A Merkle tree kept whole, so that many paths of it cost little (the tree of ../Merkle.ts).
import { hashNode } from "../Merkle.ts";
import { TensorError } from "../TensorError.ts";

export type MerkleTree = {
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
  return {
    root: levels.at(-1)![0]!,
    path(index) {
      if (!Number.isInteger(index) || index < 0 || index >= leafHashes.length)
        throw new TensorError(
          "bad-proof-request",
          `index ${index} is not in 0..${leafHashes.length - 1}`,
          "pass a leaf's index",
        );
      return levels.flatMap((level, height) => level[Math.floor(index / 2 ** height) ^ 1] ?? []);
    },
  };
}
