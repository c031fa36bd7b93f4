// A model opened for text: an engine on a thread of its own and the tokenizer beside it.
import { availableParallelism } from "node:os";
import type { Threads } from "@weft/tensor/execute/openGraph";
import { type Engine, openEngine } from "@weft/tensor/infer/Engine";
import type { SavedModel } from "@weft/tensor/saved/SavedModel";
import type { Tokenizer } from "@weft/tensor/tokenizers/Tokenizer";
import { openTokenizer } from "@weft/tensor/tokenizers/tokenizers";

export interface TextModel {
  engine: Engine;
  tokenizer: Tokenizer;
}

export interface OpenTextOptions {
  threads?: Threads;
  /** Bytes. */
  memory?: number;
  slots?: number;
  queue?: number;
}

/** @throws TensorError `over-memory` with both numbers, before anything is reserved */
export async function openText(model: SavedModel, options: OpenTextOptions = {}): Promise<TextModel> {
  const tokenizer = openTokenizer(model.tokenizer);
  const { threads, memory, slots, queue } = options;
  const engine = await openEngine(model, {
    threads: threads ?? (Math.min(4, availableParallelism()) as Threads),
    // Tokens that no text has are never drawn.
    vocab: tokenizer.vocab,
    ...(memory === undefined ? {} : { memoryLimit: memory }),
    ...(slots === undefined ? {} : { slots }),
    ...(queue === undefined ? {} : { queue }),
  });
  return { engine, tokenizer };
}
