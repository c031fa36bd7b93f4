// Held-out quality of a checkpoint of version 2 in bits per character, with n-gram baselines on the same characters, and
// seeded text samples. Runs the committed forward pass on the caller's thread in small batches.
// Not here: anything committed; the averages are doubles.

import { openEngine } from "../infer/Engine.ts";
import type { GptConfig } from "../models/gpt.ts";
import { nGramBits, trainNGram } from "../NGram.ts";
import { seedWords } from "../seedStream.ts";
import { TensorError } from "../TensorError.ts";
import { bytesOf } from "../tokenizers/byteTokenizer.ts";
import { decode } from "../tokenizers/Tokenizer.ts";
import { decodeCheckpoint } from "./Checkpoint.ts";
import { heldOut } from "./heldOut.ts";
import { openModel } from "./openModel.ts";
import { type OpenProgram, openProgram, type TrainProgram, trainingBytesOf } from "./Program.ts";
import { rowsOfPass, turn, windowBits } from "./windowBits.ts";

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
export const DEFAULT_POSITIONS = 8192;

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
  const { bytePositions, ...windows } = heldOut(open, corpus, positions);
  const model = await openModel(open, checkpoint, rowsOfPass(windows.context));
  try {
    const bits = await windowBits(model, windows);
    const characters = bytePositions.length;
    const tokens = windows.starts.length * windows.counted;
    return { bitsPerChar: bits / characters, characters, tokens, nextStep: model.nextStep };
  } finally {
    await model.close();
  }
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
 * Text after `prompt` until `count` tokens or the end mark. A gpt's by the inference engine (spec/inference.md), which goes on
 * from the last half of a full context; another model's from a window of its last tokens. A report, not a commitment.
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
  const before = tokenizer.encode(prompt);
  const draw = { before, count, seed, temperatureMilli };
  const { model } = program;
  const tokens =
    model.kind === "gpt" ? engineTokens(open, { ...draw, model }, checkpoint) : windowTokens(open, draw, checkpoint);
  const drawn: number[] = [];
  for await (const token of tokens) {
    if (token === tokenizer.end) break;
    onPiece?.(tokenizer.piece(token, drawn.at(-1) ?? before.at(-1)));
    drawn.push(token);
  }
  return decode(tokenizer, drawn);
}

type SampleDraw = {
  readonly before: Int32Array;
  readonly count: number;
  readonly seed: Uint8Array;
  readonly temperatureMilli: number;
};

/** Tokens of a gpt; those of an empty prompt come after token 0. */
async function* engineTokens(
  open: OpenProgram,
  { before, model, count, seed, temperatureMilli }: SampleDraw & { readonly model: GptConfig },
  checkpoint: Uint8Array,
): AsyncGenerator<number> {
  const { state } = decodeCheckpoint(open, checkpoint);
  const tensors = open.step.parameters.map(({ name }) => ({ name, ...state[name]! }));
  const engine = await openEngine({ config: model, tensors }, { slots: 1, vocab: open.tokenizer.vocab });
  try {
    const prompt = before.length === 0 ? [0] : before.subarray(-model.context);
    yield* engine.generate({ prompt, maxTokens: count, seed, temperatureMilli, whenFull: "slide" });
  } finally {
    await engine.close();
  }
}

/** Tokens of a model that predicts what follows a window, with words of the stream (seed, "weft/sample/2", 0). */
async function* windowTokens(
  open: OpenProgram,
  { before, count, seed, temperatureMilli }: SampleDraw,
  checkpoint: Uint8Array,
): AsyncGenerator<number> {
  const model = await openModel(open, checkpoint, 1);
  const sequence = Array.from(before);
  try {
    for (const word of seedWords(seed, "weft/sample/2", 0, count)) {
      const window = sequence.slice(-model.context);
      const batch = new Int32Array(model.context);
      batch.set(window, model.context - window.length);
      const logits = model.logits(batch).subarray(0, open.tokenizer.vocab);
      const token = drawToken(logits, word / 2 ** 32, temperatureMilli / 1000);
      sequence.push(token);
      yield token;
      await turn();
    }
  } finally {
    await model.close();
  }
}

/** The class at share `at` of the distribution's mass. */
function drawToken(logits: Float32Array, at: number, temperature: number): number {
  const max = logits.reduce((a, b) => Math.max(a, b));
  const weights = Array.from(logits, (value) => Math.exp((value - max) / temperature));
  let left = at * weights.reduce((a, b) => a + b);
  const token = weights.findIndex((weight) => (left -= weight) < 0);
  return token < 0 ? weights.length - 1 : token;
}
