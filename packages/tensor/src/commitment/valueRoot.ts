// Tensor roots of any dtype and rank (spec/tensor.md §6), plainly over node:crypto: what the kernels' hashes are tested against.
import { DTYPE_BYTES, elementCount, type ValueType } from "../graph/Graph.ts";
import { bitsView, type TensorValue } from "../graph/TensorValue.ts";
import { LEAF_BYTES, LEAF_ELEMENTS } from "../HashLayout.ts";
import { hashLeaf, merkleRoot } from "../Merkle.ts";
import { sha256, uint64Bytes } from "../sha256.ts";

const TENSOR_TAG = Uint8Array.of(2);
const DTYPE_NUMBER = { f32: 0, i32: 1, i8: 2 } as const;
const CANONICAL_NAN = 0x7fc00000;

/** SHA-256(0x02 ‖ dtype ‖ rank ‖ each dimension u64 ‖ Merkle root of the leaves). */
export function valueRootFrom({ dtype, shape }: ValueType, leavesRoot: Uint8Array): Uint8Array {
  return sha256(TENSOR_TAG, Uint8Array.of(DTYPE_NUMBER[dtype], shape.length), ...shape.map(uint64Bytes), leavesRoot);
}

/** Leaves of a tensor of that type: every row by itself, 32 elements each. */
export function valueLeafCount({ shape }: Pick<ValueType, "shape">): number {
  const columns = shape.at(-1)!;
  return (elementCount(shape) / columns) * Math.ceil(columns / LEAF_ELEMENTS);
}

/** The 128 bytes of leaf `index`: words, an i8 widened, a NaN as 0x7fc00000, zeros past the row's end. */
export function valueLeaf(value: TensorValue, index: number): Uint8Array {
  const columns = value.shape.at(-1)!;
  const perRow = Math.ceil(columns / LEAF_ELEMENTS);
  const first = Math.floor(index / perRow) * columns + (index % perRow) * LEAF_ELEMENTS;
  const count = Math.min(LEAF_ELEMENTS, columns - (index % perRow) * LEAF_ELEMENTS);
  const view = new DataView(new ArrayBuffer(LEAF_BYTES));
  const bits = DTYPE_BYTES[value.dtype] === 1 ? value.data : bitsView(value);
  for (let i = 0; i < count; i++) {
    const isNan = value.dtype === "f32" && Number.isNaN(value.data[first + i]);
    view.setUint32(4 * i, isNan ? CANONICAL_NAN : bits[first + i]!, true);
  }
  return new Uint8Array(view.buffer);
}

/** Root of one tensor; binds dtype, shape and every element. */
export function valueRoot(value: TensorValue): Uint8Array {
  const leaves = Array.from({ length: valueLeafCount(value) }, (_, i) => hashLeaf(valueLeaf(value, i)));
  return valueRootFrom(value, merkleRoot(leaves));
}
