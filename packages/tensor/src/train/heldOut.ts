// Which held-out tokens an evaluation predicts: evenly spaced windows of a whole context; of each the last half of the
// predictions counts, so that every one has at least half a context before it. A pure function of program and text.
import { TensorError } from "../TensorError.ts";
import { type OpenProgram, trainingBytesOf } from "./Program.ts";

/** Most predictions of one evaluation. */
export const MAX_POSITIONS = 200_000;

export const DEFAULT_POSITIONS = 8192;

/** The held-out part of a text, cut once for everything that is evaluated on it. */
export type HeldOut = {
  readonly open: OpenProgram;
  /** The whole text. */
  readonly corpus: Uint8Array;
  /** Tokens of the held-out part. */
  readonly tokens: Int32Array;
  /** Context of one window, and how many of its last predictions count. */
  readonly context: number;
  readonly counted: number;
  /** First token of each window. */
  readonly starts: readonly number[];
  /** Places in the corpus of the bytes that the counted tokens hold, ascending. */
  readonly bytePositions: Uint32Array;
};

/** Throws TensorError `bad-option`. */
export function checkPositions(positions: number): void {
  if (!Number.isInteger(positions) || positions < 1 || positions > MAX_POSITIONS)
    throw new TensorError("bad-option", `positions is ${positions}`, `use 1 to ${MAX_POSITIONS}`);
}

/**
 * First tokens of windows over a text of `length` tokens, evenly spaced, that together count about `positions` predictions.
 * Undefined for a text that is no longer than the context.
 */
export function windowStarts(
  length: number,
  { context, counted, positions }: { context: number; counted: number; positions: number },
): number[] | undefined {
  const room = length - context;
  if (room < 1) return undefined;
  const windows = Math.max(1, Math.min(Math.ceil(positions / counted), Math.floor(room / counted)));
  return Array.from({ length: windows }, (_, i) => Math.floor((i * room) / windows));
}

/** Windows with about `positions` counted predictions (default 8192). Throws TensorError `bad-option`. */
export function heldOut(open: OpenProgram, corpus: Uint8Array, positions: number = DEFAULT_POSITIONS): HeldOut {
  checkPositions(positions);
  const { program, tokenizer, step } = open;
  const firstByte = trainingBytesOf(program);
  const tokens = tokenizer.encode(corpus.subarray(firstByte));
  const { context } = program.model;
  const counted = Math.ceil((step.batch.targets.shape[1] ?? 1) / 2);
  const starts = windowStarts(tokens.length, { context, counted, positions });
  if (starts === undefined)
    throw new TensorError(
      "bad-option",
      `the held-out part has ${tokens.length} tokens and the context is ${context}`,
      "hold out more of the corpus",
    );
  const ends = byteEnds(tokens, (token) => tokenizer.piece(token).length);
  const bytePositions = starts.flatMap((start) => {
    const [from, to] = [ends[start + context - counted]!, ends[start + context]!];
    return Array.from({ length: to - from }, (_, i) => firstByte + from + i);
  });
  return { open, corpus, tokens, context, counted, starts, bytePositions: Uint32Array.from(bytePositions) };
}

/** Bytes up to the end of each token. */
function byteEnds(tokens: Int32Array, bytesOf: (token: number) => number): Uint32Array {
  let end = 0;
  return Uint32Array.from(tokens, (token) => (end += bytesOf(token)));
}
