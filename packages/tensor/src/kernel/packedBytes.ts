// How many bytes packed operands take.
import { elementCount } from "../graph/Graph.ts";
import type { PackedView } from "./KernelCall.ts";
import type { Range, View } from "./View.ts";

/** Rows of B in a packed panel. */
export const PANEL = 8;

export function isPacked(view: View | PackedView): view is PackedView {
  return (view as PackedView).packed === true;
}

/** Bytes of B packed: per matrix whole panels, int8 as pairs of i16. */
export function packedBytes({ dtype, shape }: Pick<View, "dtype" | "shape">): number {
  return elementCount(shape.slice(0, -2)) * packedMatrixBytes(dtype, shape.at(-2)!, shape.at(-1)!);
}

export function packedMatrixBytes(dtype: View["dtype"], N: number, K: number): number {
  return Math.ceil(N / PANEL) * PANEL * 4 * (dtype === "i8" ? Math.ceil(K / 2) : K);
}

export function packedRange(view: PackedView): Range {
  return [view.at, view.at + packedBytes(view)];
}
