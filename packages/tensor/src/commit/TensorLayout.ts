// How a tensor of any rank is cut into leaves and hashed (spec/tensor.md §6), written plainly over node:crypto. The kernels
// compute the same trees in bulk; single leaves, paths and judgements use this.
import { DTYPE_BYTES, type Dtype, elementCount, type ValueType } from "../graph/Graph.ts";
import type { TensorValue } from "../graph/TensorValue.ts";
import { LEAF_BYTES, LEAF_ELEMENTS } from "../HashLayout.ts";
import { hashLeaf, merkleRoot } from "../Merkle.ts";
import { sha256, uint64Bytes } from "../sha256.ts";

const TENSOR_TAG = 2;
const CANONICAL_NAN = 0x7fc00000;
export const DTYPE_NUMBERS: Record<Dtype, number> = { f32: 0, i32: 1, i8: 2 };

/** Elements of the last axis. */
export function columnsOf({ shape }: Pick<ValueType, "shape">): number {
  return shape.at(-1)!;
}

/** Leaves of one row. */
export function leavesPerRow(type: Pick<ValueType, "shape">): number {
  return Math.ceil(columnsOf(type) / LEAF_ELEMENTS);
}

/** Every row is cut by itself, the last leaf of a row zero padded. */
export function leafCount(type: Pick<ValueType, "shape">): number {
  return (elementCount(type.shape) / columnsOf(type)) * leavesPerRow(type);
}

/** Elements first … first+count-1 of the tensor that a leaf holds. */
export function leafElements(type: Pick<ValueType, "shape">, leaf: number): { first: number; count: number } {
  const columns = columnsOf(type);
  const perRow = leavesPerRow(type);
  const start = (leaf % perRow) * LEAF_ELEMENTS;
  const first = Math.floor(leaf / perRow) * columns + start;
  return { first, count: Math.min(LEAF_ELEMENTS, columns - start) };
}

/** The leaf that holds an element, and its place there. */
export function leafOf(type: Pick<ValueType, "shape">, element: number): { leaf: number; at: number } {
  const columns = columnsOf(type);
  const column = element % columns;
  const leaf = Math.floor(element / columns) * leavesPerRow(type) + Math.floor(column / LEAF_ELEMENTS);
  return { leaf, at: column % LEAF_ELEMENTS };
}

/** An element as its committed word: a NaN canonical, an i8 widened. */
export function wordOf({ dtype, data }: TensorValue, element: number): number {
  if (dtype !== "f32") return data[element]! >>> 0;
  const value = data[element]!;
  if (Number.isNaN(value)) return CANONICAL_NAN;
  return new Uint32Array(data.buffer, data.byteOffset + 4 * element, 1)[0]!;
}

/** 32 words as the bytes of a leaf, little-endian, zero padded. */
export function wordsAsLeaf(words: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(LEAF_BYTES);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < words.length; i++) view.setUint32(4 * i, words[i]!, true);
  return bytes;
}

/** The 128 bytes of a leaf. */
export function leafBytes(value: TensorValue, leaf: number): Uint8Array {
  const { first, count } = leafElements(value, leaf);
  return wordsAsLeaf(Array.from({ length: count }, (_, i) => wordOf(value, first + i)));
}

/** Hashes of all leaves in order. */
export function leafHashes(value: TensorValue): Uint8Array[] {
  return Array.from({ length: leafCount(value) }, (_, leaf) => hashLeaf(leafBytes(value, leaf)));
}

/** SHA-256(02 ‖ dtype ‖ rank ‖ each dimension u64 ‖ Merkle root of the leaves). */
export function tensorRootFrom({ dtype, shape }: ValueType, leavesRoot: Uint8Array): Uint8Array {
  const header = Uint8Array.of(TENSOR_TAG, DTYPE_NUMBERS[dtype], shape.length);
  return sha256(header, ...shape.map(uint64Bytes), leavesRoot);
}

/** Root of one tensor; binds dtype, shape and every element. */
export function tensorRoot(value: TensorValue): Uint8Array {
  return tensorRootFrom(value, merkleRoot(leafHashes(value)));
}

/** Bytes that a tensor of this type takes in memory and in a checkpoint. */
export function tensorBytes({ dtype, shape }: ValueType): number {
  return elementCount(shape) * DTYPE_BYTES[dtype];
}
