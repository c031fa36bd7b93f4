// fp32 numbers as constants of a graph.
import { bitsOf } from "../recipes.ts";
import type { Emitter, Value } from "./Emitter.ts";

/** The constant f32 [1] that holds `x` rounded to fp32. */
export function scalar(g: Emitter, x: number): Value {
  return g.constant({ kind: "scalar", word: bitsOf(Math.fround(x)) });
}
