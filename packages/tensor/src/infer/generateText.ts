// Text from an engine: encodes a prompt, streams the bytes of tokens as characters, ends at stop texts.
import type { Tokenizer } from "../tokenizers/Tokenizer.ts";
import type { EndReason, Engine, GenerateOptions } from "./Engine.ts";

export type TextOptions = Omit<GenerateOptions, "prompt" | "stopTokens"> & {
  readonly prompt: string | Uint8Array;
  /** Texts that end the generation and are not part of it: at most 16 of at most 256 bytes. Default none. */
  readonly stop?: readonly string[];
};

export type TextEnding = {
  /** "end": the model drew its end mark. */
  readonly reason: "end" | EndReason;
  readonly promptTokens: number;
  readonly tokens: number;
};

/** Pieces of text as they are known: never half a character, never the beginning of a stop text that may still come. */
export interface TextGeneration extends AsyncIterableIterator<string> {
  readonly ending: Promise<TextEnding>;
}

export type GenerateText = (engine: Engine, tokenizer: Tokenizer, options: TextOptions) => TextGeneration;
