// Bits of the counted predictions of windows of tokens, by forward passes on the caller's thread in small batches. Doubles,
// committed nowhere.
import type { OpenModel } from "./openModel.ts";
import { turn } from "./turn.ts";

/** Tokens of one forward pass: some ten milliseconds, so that an event loop stays usable between passes. */
const TOKENS_PER_PASS = 1024;
const MOST_ROWS = 256;

/** Rows of one pass of a model with that context. */
export const rowsOfPass = (context: number): number =>
  Math.max(1, Math.min(MOST_ROWS, Math.floor(TOKENS_PER_PASS / context)));

export type Windows = {
  readonly tokens: Int32Array;
  /** First token of each window of a whole context, with at least one token behind it. */
  readonly starts: readonly number[];
  /** Predictions at the end of each window that count. */
  readonly counted: number;
};

/** -log2 of the softmax of a row at one class. */
function rowBits(logits: Float32Array, target: number): number {
  let max = Number.NEGATIVE_INFINITY;
  for (const value of logits) max = Math.max(max, value);
  let sum = 0;
  for (const value of logits) sum += Math.exp(value - max);
  return (Math.log(sum) - (logits[target]! - max)) / Math.LN2;
}

/** Sum over all counted predictions. Yields to the event loop between passes. */
export async function windowBits(
  { rows, context, predicted, logits }: OpenModel,
  { tokens, starts, counted }: Windows,
): Promise<number> {
  let bits = 0;
  for (let first = 0; first < starts.length; first += rows) {
    const windows = starts.slice(first, first + rows);
    const batch = new Int32Array(rows * context);
    windows.forEach((start, row) => {
      batch.set(tokens.subarray(start, start + context), row * context);
    });
    const found = logits(batch);
    const vocab = found.length / (rows * predicted);
    windows.forEach((start, row) => {
      for (let i = predicted - counted; i < predicted; i++) {
        const at = (row * predicted + i) * vocab;
        bits += rowBits(found.subarray(at, at + vocab), tokens[start + context - predicted + 1 + i]!);
      }
    });
    await turn();
  }
  return bits;
}
