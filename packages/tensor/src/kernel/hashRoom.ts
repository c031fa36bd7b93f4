// Where a hash call leaves its results: per value the roots of its subtrees, one after the other, the tensor's Merkle root in
// the first of them.
import { elementCount, type Shape } from "../graph/Graph.ts";
import { LEAF_ELEMENTS } from "../HashLayout.ts";
import type { View } from "./View.ts";

/** Leaves of a subtree that one thread hashes alone; kernels/assembly/tensorHash.ts cuts by the same number. */
const SUBTREE_LEAVES = 512;
const DIGEST_BYTES = 32;

/** Subtrees of a tensor of that shape. */
export function subtreeCount(shape: Shape): number {
  const columns = shape.at(-1)!;
  const leaves = (elementCount(shape) / columns) * Math.ceil(columns / LEAF_ELEMENTS);
  return Math.ceil(leaves / SUBTREE_LEAVES);
}

/** Bytes of room that a hash call over these values needs. */
export function hashRoomBytes(values: readonly Pick<View, "shape">[]): number {
  return values.reduce((sum, { shape }) => sum + subtreeCount(shape) * DIGEST_BYTES, 0);
}

/** Address of each value's Merkle root (32 bytes) after the call has run. */
export function rootAddresses(values: readonly Pick<View, "shape">[], room: number): number[] {
  let at = room;
  return values.map(({ shape }) => {
    const own = at;
    at += subtreeCount(shape) * DIGEST_BYTES;
    return own;
  });
}
