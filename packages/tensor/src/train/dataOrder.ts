// Which tokens a step trains on (spec/tensor.md §7.6): a pure function of seed and step, so that any step can be checked
// alone.
import { type TensorOf, tensorFrom } from "../graph/TensorValue.ts";
import { seedWords, wordBelow } from "../seedStream.ts";

const LABEL = "weft/data-order/2";

/** First token of each of `rows` examples of a step, drawn with replacement from 0 … starts - 1. `seed` is 32 bytes. */
export function exampleStarts(
  seed: Uint8Array,
  step: number,
  { rows, starts }: { readonly rows: number; readonly starts: number },
): Uint32Array {
  return seedWords(seed, LABEL, step, rows).map((word) => wordBelow(word, starts));
}

export type Examples = {
  /** i32 [rows, context]. */
  readonly tokens: TensorOf<"i32">;
  /** i32 [rows, predicted], without the last axis when that is 1: the token after each of the last positions. */
  readonly targets: TensorOf<"i32">;
};

/** Cuts examples out of a token sequence; each start needs `context` + 1 tokens from there on. */
export function cutExamples(
  sequence: ArrayLike<number>,
  starts: ArrayLike<number>,
  { context, targetShape }: { readonly context: number; readonly targetShape: readonly number[] },
): Examples {
  const predicted = targetShape[1] ?? 1;
  const rows = Array.from(starts);
  const cut = (start: number, length: number) => Array.from({ length }, (_, j) => sequence[start + j]!);
  return {
    tokens: tensorFrom(
      "i32",
      [rows.length, context],
      rows.flatMap((start) => cut(start, context)),
    ),
    targets: tensorFrom(
      "i32",
      targetShape,
      rows.flatMap((start) => cut(start + context - predicted + 1, predicted)),
    ),
  };
}
