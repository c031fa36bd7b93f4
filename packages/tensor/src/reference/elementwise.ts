// The elementwise operators on numbers (spec/tensor.md §3.3): one Math.fround per IEEE operation, recipes from §4.
import { expRecipe, logRecipe, tanhRecipe } from "../recipes.ts";

const f = Math.fround;

/** Arguments and result are fp32 numbers; the NaN of a result is canonical when it is stored. */
export const ELEMENTWISE = {
  add: (a: number, b: number) => f(a + b),
  sub: (a: number, b: number) => f(a - b),
  mul: (a: number, b: number) => f(a * b),
  div: (a: number, b: number) => f(a / b),
  // biome-ignore lint/complexity/useMathMinMax: Math.max differs for NaN and for zeros of two signs.
  max: (a: number, b: number) => (a < b ? b : a),
  // biome-ignore lint/complexity/useMathMinMax: as above.
  min: (a: number, b: number) => (b < a ? b : a),
  gt: (a: number, b: number) => (a > b ? 1 : 0),
  select: (c: number, a: number, b: number) => (c !== 0 ? a : b),
  neg: (x: number) => -x,
  abs: (x: number) => Math.abs(x),
  sqrt: (x: number) => f(Math.sqrt(x)),
  exp: expRecipe,
  log: logRecipe,
  tanh: tanhRecipe,
} as const;

export type ElementwiseOp = keyof typeof ELEMENTWISE;

/** i32 to the nearest fp32. */
export function toFloat(x: number): number {
  return f(x);
}

/** Nearest integer of x clamped to [-127, 127], ties to even; 0 for a NaN. */
export function toInt8(x: number): number {
  if (Number.isNaN(x)) return 0;
  const clamped = Math.min(127, Math.max(-127, x));
  // Adding 1.5 · 2^23 leaves no room for a fraction: fp32 rounds it to even.
  return f(f(clamped + 12_582_912) - 12_582_912);
}
