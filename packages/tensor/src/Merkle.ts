// Merkle tree of the commitment layout (spec/tensor.md §6): leaf = SHA-256(0x00 ‖ data), node = SHA-256(0x01 ‖ l ‖ r),
// a lone last node of a level is carried up unchanged. This is the tree of RFC 6962; the tags keep a node from ever
// being read as a leaf, and a verifier knows index and count, so the shape of a path is fixed. Not here: multi-proofs.
import { sha256 } from "./sha256.ts";
import { TensorError } from "./TensorError.ts";

const LEAF_TAG = Uint8Array.of(0);
const NODE_TAG = Uint8Array.of(1);

/** Most leaves one tree may have: 2^32, so that a path has at most 32 siblings. */
const MAX_LEAVES = 2 ** 32;

/** SHA-256(0x00 ‖ data). */
export function hashLeaf(data: Uint8Array): Uint8Array {
  return sha256(LEAF_TAG, data);
}

/** SHA-256(0x01 ‖ left ‖ right). */
export function hashNode(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(NODE_TAG, left, right);
}

function parents(level: readonly Uint8Array[]): Uint8Array[] {
  const above: Uint8Array[] = [];
  for (let i = 0; i < level.length; i += 2) {
    const right = level[i + 1];
    above.push(right ? hashNode(level[i]!, right) : level[i]!);
  }
  return above;
}

/** Root over leaf *hashes*, at least one. Throws TensorError `bad-proof-request` on an empty list. */
export function merkleRoot(leafHashes: readonly Uint8Array[]): Uint8Array {
  if (leafHashes.length === 0)
    throw new TensorError("bad-proof-request", "a tree needs at least one leaf and got none", "pass the leaf hashes");
  let level = [...leafHashes];
  while (level.length > 1) level = parents(level);
  return level[0]!;
}

/** Siblings of leaf `index`, from the leaf up; a level where the node is carried up contributes none. */
export function merklePath(leafHashes: readonly Uint8Array[], index: number): Uint8Array[] {
  if (!Number.isInteger(index) || index < 0 || index >= leafHashes.length)
    throw new TensorError(
      "bad-proof-request",
      `index ${index} is not in 0..${leafHashes.length - 1}`,
      "pass a leaf's index",
    );
  const path: Uint8Array[] = [];
  let level = [...leafHashes];
  for (let i = index; level.length > 1; i >>>= 1) {
    const sibling = level[i ^ 1];
    if (sibling) path.push(sibling);
    level = parents(level);
  }
  return path;
}

/**
 * True when `leafHash` is leaf `index` of the `count`-leaf tree with this root. Reads nothing but its arguments; a path
 * of the wrong length or with an entry that is not 32 bytes is false, never an error.
 */
export function verifyMerklePath(
  root: Uint8Array,
  count: number,
  index: number,
  leafHash: Uint8Array,
  path: readonly Uint8Array[],
): boolean {
  if (!Number.isInteger(count) || count < 1 || count > MAX_LEAVES) return false;
  if (!Number.isInteger(index) || index < 0 || index >= count || path.length > 32) return false;
  if (leafHash.length !== 32 || root.length !== 32) return false;
  let node = leafHash;
  let used = 0;
  let i = index;
  for (let width = count; width > 1; width = Math.ceil(width / 2), i = Math.floor(i / 2)) {
    const isLeft = i % 2 === 0;
    if (isLeft && i + 1 === width) continue;
    const sibling = path[used++];
    if (sibling?.length !== 32) return false;
    node = isLeft ? hashNode(node, sibling) : hashNode(sibling, node);
  }
  return used === path.length && node.every((byte, at) => byte === root[at]);
}
