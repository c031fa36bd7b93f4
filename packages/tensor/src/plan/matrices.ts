// Which views the matmul kernels read in place: matrices whose rows are contiguous or whose columns are, any distance
// between rows and between matrices.
import type { View } from "./View.ts";

/** The last axis steps by one element, or has one. */
export function hasRows({ shape, strides }: View): boolean {
  return shape.at(-1) === 1 || strides.at(-1) === 1;
}

/** The last axis or the one before it steps by one element. */
export function isMatrices(view: View): boolean {
  return hasRows(view) || view.shape.at(-2) === 1 || view.strides.at(-2) === 1;
}
