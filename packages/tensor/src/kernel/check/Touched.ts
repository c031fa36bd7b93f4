// What a call touches of memory.
import { type Range, rangeOf, type View } from "../View.ts";

export type Touched = { readonly reads: readonly Range[]; readonly writes: readonly Range[] };

export function touching(reads: readonly View[], writes: readonly View[]): Touched {
  return { reads: reads.map(rangeOf), writes: writes.map(rangeOf) };
}
