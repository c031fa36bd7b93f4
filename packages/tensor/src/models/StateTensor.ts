// A tensor of the training state and the values it starts with (spec/tensor.md §7.5).
import { inverseRoot } from "../graph/composites.ts";
import type { Input, Shape } from "../graph/Graph.ts";
import { bitsOf } from "../recipes.ts";

/** `word` is an fp32: every element of a `fill`, or the bound of draws from [-bound, bound). */
export type Start = { readonly kind: "uniform" | "fill"; readonly word: number };
/** f32. */
export type StateTensor = { readonly name: string; readonly shape: Shape; readonly start: Start };

export const ZEROS: Start = { kind: "fill", word: 0 };
export const ONES: Start = { kind: "fill", word: 0x3f800000 };

/** Draws from [-bound, bound), the bound rounded to fp32. */
export function uniform(bound: number): Start {
  return { kind: "uniform", word: bitsOf(Math.fround(bound)) };
}

/** fl(fl(1 / sqrt(fan-in)) · scale): keeps the size of what a layer of that many inputs passes on. */
export function fanIn(inputs: number, scale = 1): Start {
  return uniform(inverseRoot(inputs) * Math.fround(scale));
}

/** The tensor as an input of a step graph. */
export function stateInput({ name, shape }: StateTensor): Input {
  return { name, role: "state", dtype: "f32", shape };
}
