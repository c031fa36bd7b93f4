// Seeded text samples of a checkpoint of version 2. Not here: anything committed.

import { openEngine } from "../infer/Engine.ts";
import type { GptConfig } from "../models/gpt.ts";
import { seedWords } from "../seedStream.ts";
import { TensorError } from "../TensorError.ts";
import { decode } from "../tokenizers/Tokenizer.ts";
import { decodeCheckpoint } from "./Checkpoint.ts";
import { openModel } from "./openModel.ts";
import type { OpenProgram } from "./Program.ts";
import { turn } from "./windowBits.ts";

/** Most tokens of one sample. */
export const MAX_SAMPLE = 20_000;

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
  open: OpenProgram,
  checkpoint: Uint8Array,
  { prompt, count, seed, temperatureMilli = 1000, onPiece }: SampleOptions,
): Promise<Uint8Array> {
  if (!Number.isInteger(count) || count < 1 || count > MAX_SAMPLE)
    throw new TensorError("bad-option", `count is ${count}`, `use 1 to ${MAX_SAMPLE}`);
  if (!Number.isInteger(temperatureMilli) || temperatureMilli < 1 || temperatureMilli > 10_000)
    throw new TensorError("bad-option", `temperatureMilli is ${temperatureMilli}`, "use 1 to 10000");
  const { tokenizer, program } = open;
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
