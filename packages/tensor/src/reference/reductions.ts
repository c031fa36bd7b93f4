// Reductions along one axis (spec/tensor.md §3.4).
import type { TensorOf } from "../graph/TensorValue.ts";
import { ELEMENTWISE } from "./elementwise.ts";

const f = Math.fround;

/** acc = +0, then fl(acc + x[i]) in ascending order. */
export function reduceSum(x: TensorOf<"f32">, axis: number, out: TensorOf<"f32">): void {
  reduce(x, axis, { out, fold: (terms) => terms.reduce((acc, term) => f(acc + term), 0) });
}

/** acc = x[0], then acc < x[i] ? x[i] : acc in ascending order. */
export function reduceMax(x: TensorOf<"f32">, axis: number, out: TensorOf<"f32">): void {
  reduce(x, axis, { out, fold: (terms) => terms.reduce((acc, term) => ELEMENTWISE.max(acc, term)) });
}

type Reduction = { readonly out: TensorOf<"f32">; readonly fold: (terms: number[]) => number };

function reduce(x: TensorOf<"f32">, axis: number, { out, fold }: Reduction): void {
  const size = x.shape[axis]!;
  const inner = x.shape.slice(axis + 1).reduce((count, own) => count * own, 1);
  for (let o = 0; o < out.data.length; o++) {
    const first = Math.floor(o / inner) * size * inner + (o % inner);
    out.data[o] = fold(Array.from({ length: size }, (_, i) => x.data[first + i * inner]!));
  }
}
