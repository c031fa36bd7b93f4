// Operators that take rows by index (spec/tensor.md §3.6). Index -1 means no row; anything else outside is an error.
import type { TensorOf } from "../graph/TensorValue.ts";
import { TensorError } from "../TensorError.ts";
import type { Side } from "./moves.ts";

const f = Math.fround;

/** Checks every index against the number of rows. Throws TensorError `bad-index` naming `place`. */
export function checkIndices(place: string, index: TensorOf<"i32">, rows: number): void {
  const at = index.data.findIndex((row) => row < -1 || row >= rows);
  if (at >= 0)
    throw new TensorError(
      "bad-index",
      `${place}: index ${at} is ${index.data[at]} and there are ${rows} rows`,
      `use row numbers from 0 to ${rows - 1}, or -1 for none`,
    );
}

/** out row i = table row index[i], or `fill` everywhere for -1. */
export function gather(table: Side, { index, fill }: { index: TensorOf<"i32">; fill: number }, out: Side): void {
  const width = table.shape[1]!;
  index.data.forEach((row, i) => {
    if (row === -1) out.bits.fill(fill, i * width, (i + 1) * width);
    else out.bits.set(table.bits.subarray(row * width, (row + 1) * width), i * width);
  });
}

/** 1 at the index of each row, +0 elsewhere. */
export function oneHot(index: TensorOf<"i32">, size: number, out: TensorOf<"f32">): void {
  out.data.fill(0);
  index.data.forEach((column, i) => {
    if (column !== -1) out.data[i * size + column] = 1;
  });
}

/** +0 everywhere, then out[index[i],j] = fl(out[index[i],j] + x[i,j]) for i = 0, 1, …. */
export function scatterAdd(x: TensorOf<"f32">, index: TensorOf<"i32">, out: TensorOf<"f32">): void {
  const width = out.shape[1]!;
  out.data.fill(0);
  index.data.forEach((row, i) => {
    if (row !== -1)
      for (let j = 0; j < width; j++)
        out.data[row * width + j] = f(out.data[row * width + j]! + x.data[i * width + j]!);
  });
}
