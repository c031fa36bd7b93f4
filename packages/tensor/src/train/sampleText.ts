// Seeded text samples of a checkpoint of version 2. Not here: anything committed.

import { openEngine } from "../infer/Engine.ts";
import { createWords, drawFromLogits } from "../infer/Sampling.ts";
import type { GptConfig } from "../models/gpt.ts";
import { TensorError } from "../TensorError.ts";
import { decode } from "../tokenizers/Tokenizer.ts";
import { decodeCheckpoint } from "./Checkpoint.ts";
import { openModel } from "./openModel.ts";
import type { OpenProgram } from "./Program.ts";
import { turn } from "./turn.ts";

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
 * Text after `prompt` until `count` tokens or the end mark: a gpt's by the inference engine (spec/inference.md), which goes on
 * from the last half of a full context; another model's from a window of its last tokens (token 0 before the first), drawn by
 * §3 there. The same bytes on every machine; a report, not a commitment. Throws TensorError `bad-option`, `bad-text`, `nan`,
 * `bad-checkpoint`.
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

/** Tokens of a model that predicts what follows a window, drawn as an engine draws. */
async function* windowTokens(
  open: OpenProgram,
  { before, count, seed, temperatureMilli }: SampleDraw,
  checkpoint: Uint8Array,
): AsyncGenerator<number> {
  const model = await openModel(open, checkpoint, 1);
  const word = createWords(seed);
  const sequence = Array.from(before);
  try {
    for (let drawn = 0; drawn < count; drawn++) {
      const window = sequence.slice(-model.context);
      const batch = new Int32Array(model.context);
      batch.set(window, model.context - window.length);
      const logits = model.logits(batch).subarray(0, open.tokenizer.vocab);
      const token = drawFromLogits(logits, temperatureMilli, word(drawn));
      if (token === undefined)
        throw new TensorError(
          "nan",
          `the logits after ${sequence.length} tokens hold a NaN or only infinities, ${drawn} tokens drawn`,
          "use a model whose weights and activations stay finite",
        );
      sequence.push(token);
      yield token;
      await turn();
    }
  } finally {
    await model.close();
  }
}
