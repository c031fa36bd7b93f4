// Held-out quality of a checkpoint of version 2 in bits per character, with n-gram baselines on the same characters, and
// seeded text samples. Runs the committed forward pass on the caller's thread in small batches.
// Not here: anything committed; the averages are doubles.

import { nGramBits, trainNGram } from "../NGram.ts";
import { seedWords } from "../seedStream.ts";
import { TensorError } from "../TensorError.ts";
import { bytesOf } from "../tokenizers/byteTokenizer.ts";
import { decode } from "../tokenizers/Tokenizer.ts";
import { heldOut } from "./heldOut.ts";
import { openModel } from "./openModel.ts";
import { openProgram, type TrainProgram, trainingBytesOf } from "./Program.ts";

/** Tokens of one forward pass: some ten milliseconds, so that an event loop stays usable between passes. */
const TOKENS_PER_PASS = 1024;
const MOST_ROWS = 256;
/** Most tokens of one sample. */
export const MAX_SAMPLE = 20_000;

export type Evaluation = {
  readonly bitsPerChar: number;
  /** Characters (bytes) that were predicted. */
  readonly characters: number;
  readonly tokens: number;
  readonly nextStep: number;
};

type Positions = { readonly positions?: number };
const DEFAULT_POSITIONS = 8192;

const turn = () => new Promise((wake) => setImmediate(wake));

/** -log2 of the softmax of a row at one class. */
function rowBits(logits: Float32Array, target: number): number {
  let max = Number.NEGATIVE_INFINITY;
  for (const value of logits) max = Math.max(max, value);
  let sum = 0;
  for (const value of logits) sum += Math.exp(value - max);
  return (Math.log(sum) - (logits[target]! - max)) / Math.LN2;
}

/**
 * Bits per character of a checkpoint on about `positions` held-out tokens (default 8192). Yields to the event loop between
 * batches. Throws TensorError `bad-program`, `bad-checkpoint`, `bad-safetensors`, `bad-option`.
 */
export async function evaluate(
  program: TrainProgram,
  checkpoint: Uint8Array,
  { corpus, positions = DEFAULT_POSITIONS }: Positions & { readonly corpus: Uint8Array },
): Promise<Evaluation> {
  const open = openProgram(program);
  const { tokens, context, counted, starts, bytePositions } = heldOut(open, corpus, positions);
  const rows = Math.max(1, Math.min(MOST_ROWS, Math.floor(TOKENS_PER_PASS / context)));
  const model = await openModel(open, checkpoint, rows);
  const { vocab } = program.model;
  let bits = 0;
  try {
    for (let first = 0; first < starts.length; first += rows) {
      const windows = starts.slice(first, first + rows);
      const batch = new Int32Array(rows * context);
      windows.forEach((start, row) => {
        batch.set(tokens.subarray(start, start + context), row * context);
      });
      const logits = model.logits(batch);
      windows.forEach((start, row) => {
        for (let i = model.predicted - counted; i < model.predicted; i++) {
          const at = (row * model.predicted + i) * vocab;
          bits += rowBits(logits.subarray(at, at + vocab), tokens[start + context - model.predicted + 1 + i]!);
        }
      });
      await turn();
    }
  } finally {
    await model.close();
  }
  const characters = bytePositions.length;
  return { bitsPerChar: bits / characters, characters, tokens: starts.length * counted, nextStep: model.nextStep };
}

/** Bits per character of a Witten–Bell n-gram over bytes with `order` bytes of context, trained on the training part. */
export function evaluateNGram(
  program: TrainProgram,
  order: number,
  { corpus, positions = DEFAULT_POSITIONS }: Positions & { readonly corpus: Uint8Array },
): number {
  const { bytePositions } = heldOut(openProgram(program), corpus, positions);
  const alphabet = bytesOf(corpus);
  const index = new Uint8Array(256);
  alphabet.forEach((byte, i) => {
    index[byte] = i;
  });
  const symbols = corpus.map((byte) => index[byte]!);
  return nGramBits(trainNGram(symbols, trainingBytesOf(program), order, alphabet.length), symbols, bytePositions);
}

export type SampleOptions = {
  readonly prompt: Uint8Array;
  /** Tokens. */
  readonly count: number;
  readonly seed: Uint8Array;
  /** Thousandths; 1000 draws from the model's own distribution, less is more certain. Default 1000. */
  readonly temperatureMilli?: number;
  /** Called with the bytes of each token. */
  readonly onPiece?: (piece: Uint8Array) => void;
};

/**
 * Text after `prompt`: tokens drawn from the softmax of the logits with words of the stream (seed, "weft/sample/2", 0),
 * until `count` or the end mark. A report, not a commitment.
 */
export async function sampleText(
  program: TrainProgram,
  checkpoint: Uint8Array,
  { prompt, count, seed, temperatureMilli = 1000, onPiece }: SampleOptions,
): Promise<Uint8Array> {
  if (!Number.isInteger(count) || count < 1 || count > MAX_SAMPLE)
    throw new TensorError("bad-option", `count is ${count}`, `use 1 to ${MAX_SAMPLE}`);
  if (!Number.isInteger(temperatureMilli) || temperatureMilli < 1 || temperatureMilli > 10_000)
    throw new TensorError("bad-option", `temperatureMilli is ${temperatureMilli}`, "use 1 to 10000");
  const open = openProgram(program);
  const { tokenizer } = open;
  const model = await openModel(open, checkpoint, 1);
  const sequence = Array.from(tokenizer.encode(prompt));
  const drawn: number[] = [];
  try {
    for (const word of seedWords(seed, "weft/sample/2", 0, count)) {
      const logits = nextLogits(model, sequence).subarray(0, tokenizer.vocab);
      const token = drawToken(logits, word / 2 ** 32, temperatureMilli / 1000);
      if (token === tokenizer.end) break;
      onPiece?.(tokenizer.piece(token, sequence.at(-1)));
      sequence.push(token);
      drawn.push(token);
      await turn();
    }
  } finally {
    await model.close();
  }
  return decode(tokenizer, drawn);
}

type Predictor = { readonly context: number; readonly predicted: number; logits(tokens: Int32Array): Float32Array };

/** Logits of the token after a sequence. A model that predicts at every position sees it from the first one on. */
function nextLogits(model: Predictor, sequence: readonly number[]): Float32Array {
  const { context, predicted } = model;
  const window = sequence.slice(-context);
  const batch = new Int32Array(context);
  batch.set(window, predicted === 1 ? context - window.length : 0);
  const logits = model.logits(batch);
  const vocab = logits.length / predicted;
  const at = predicted === 1 ? 0 : Math.max(0, window.length - 1);
  return logits.subarray(at * vocab, (at + 1) * vocab);
}

/** The class at share `at` of the distribution's mass. */
function drawToken(logits: Float32Array, at: number, temperature: number): number {
  const max = logits.reduce((a, b) => Math.max(a, b));
  const weights = Array.from(logits, (value) => Math.exp((value - max) / temperature));
  let left = at * weights.reduce((a, b) => a + b);
  const token = weights.findIndex((weight) => (left -= weight) < 0);
  return token < 0 ? weights.length - 1 : token;
}
