// Moves (spec/tensor.md §3.5) on bits: `from` and `to` are the elements as unsigned words, so no NaN can change.
import { broadcastSource } from "../graph/broadcast.ts";
import type { Shape } from "../graph/Graph.ts";

export type Bits = Uint32Array | Uint8Array;
/** Elements with their shape. */
export type Side = { readonly shape: Shape; readonly bits: Bits };

export function expand(x: Side, out: Side): void {
  out.bits.forEach((_, i) => {
    out.bits[i] = x.bits[broadcastSource(out.shape, x.shape, i)]!;
  });
}

/** out.shape[d] = x.shape[axes[d]]. */
export function transpose(x: Side, axes: readonly number[], out: Side): void {
  const strides = x.shape.map((_, axis) => x.shape.slice(axis + 1).reduce((count, size) => count * size, 1));
  out.bits.forEach((_, i) => {
    let rest = i;
    let source = 0;
    for (let d = axes.length - 1; d >= 0; d--) {
      source += (rest % out.shape[d]!) * strides[axes[d]!]!;
      rest = Math.floor(rest / out.shape[d]!);
    }
    out.bits[i] = x.bits[source]!;
  });
}

type Range = { readonly axis: number; readonly start: number; readonly length: number };

export function slice(x: Side, { axis, start, length }: Range, out: Side): void {
  const inner = x.shape.slice(axis + 1).reduce((count, size) => count * size, 1);
  for (let o = 0; o < out.bits.length / (length * inner); o++) {
    const from = (o * x.shape[axis]! + start) * inner;
    out.bits.set(x.bits.subarray(from, from + length * inner), o * length * inner);
  }
}

export function concat(parts: readonly Side[], axis: number, out: Side): void {
  const inner = out.shape.slice(axis + 1).reduce((count, size) => count * size, 1);
  const whole = out.shape[axis]! * inner;
  let start = 0;
  for (const part of parts) {
    const own = part.shape[axis]! * inner;
    for (let o = 0; o < part.bits.length / own; o++)
      out.bits.set(part.bits.subarray(o * own, (o + 1) * own), o * whole + start);
    start += own;
  }
}

export function swapPairs(x: Side, out: Side): void {
  out.bits.forEach((_, i) => {
    out.bits[i] = x.bits[i % 2 === 0 ? i + 1 : i - 1]!;
  });
}
