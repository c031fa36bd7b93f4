// Text from an engine: encodes a prompt, streams the bytes of tokens as characters, ends at stop texts.
// Not here: chat templates, marks other than begin and end.
import { TensorError } from "../TensorError.ts";
import { TOKENIZER_LIMITS, type Tokenizer } from "../tokenizers/Tokenizer.ts";
import type { Engine, GenerateOptions } from "./Engine.ts";
import type { Generation } from "./Generation.ts";
import type { EndReason } from "./Scheduler.ts";

export type TextOptions = Omit<GenerateOptions, "prompt" | "stopTokens"> & {
  readonly prompt: string | Uint8Array;
  /**
   * Whether the tokenizer's begin mark comes first. Default: where it isn't the end mark too, which a training without marks
   * has never shown the model; an empty prompt is the mark alone.
   */
  readonly begin?: boolean;
  /** Texts that end the generation and are not part of it: at most 16 of 1 to 256 bytes. Default none. */
  readonly stop?: readonly string[];
};

export type TextEnding = {
  /** "end": the model drew its end mark. "stop": a stop text came. */
  readonly reason: "end" | EndReason;
  readonly promptTokens: number;
  /** Tokens drawn, those of a stop text too. */
  readonly tokens: number;
};

/** Pieces of text as they are known: never half a character, never the beginning of a stop text that may still come. */
export interface TextGeneration extends AsyncIterableIterator<string> {
  /** Settles when the last piece was read or the generation failed; an unread failure is not an unhandled rejection. */
  readonly ending: Promise<TextEnding>;
}

const MOST_STOPS = 16;
const MOST_STOP_BYTES = 256;

/** Bytes held back while they may be the beginning of a stop text. */
export type StopFilter = {
  /** Bytes that are sure to be text, and whether a stop text follows them. */
  push(bytes: Uint8Array): { readonly text: Uint8Array; readonly stopped: boolean };
  /** What was held back when no more comes. */
  rest(): Uint8Array;
};

/** Throws TensorError `bad-option`. */
export function createStopFilter(stops: readonly string[]): StopFilter {
  const wanted = stops.map((stop) => Buffer.from(stop));
  const bad = wanted.find(({ length }) => length < 1 || length > MOST_STOP_BYTES);
  if (wanted.length > MOST_STOPS || bad !== undefined)
    throw new TensorError(
      "bad-option",
      bad === undefined ? `stop has ${wanted.length} texts` : `stop has a text of ${bad.length} bytes`,
      `use at most ${MOST_STOPS} texts of 1 to ${MOST_STOP_BYTES} bytes`,
    );
  let held = Buffer.alloc(0);
  /** Bytes at the end that a stop text may begin with. */
  const open = () => {
    const longest = Math.min(held.length, Math.max(0, ...wanted.map(({ length }) => length - 1)));
    for (let size = longest; size > 0; size--) {
      const end = held.subarray(held.length - size);
      if (wanted.some((stop) => end.equals(stop.subarray(0, size)))) return size;
    }
    return 0;
  };
  return {
    push(bytes) {
      held = Buffer.concat([held, bytes]);
      const found = wanted.map((stop) => held.indexOf(stop)).filter((at) => at >= 0);
      const stopped = found.length > 0;
      const cut = stopped ? Math.min(...found) : held.length - open();
      const text = held.subarray(0, cut);
      held = stopped ? Buffer.alloc(0) : held.subarray(cut);
      return { text, stopped };
    },
    rest: () => held,
  };
}

/** The tokens of a prompt. Throws TensorError `bad-text`, `bad-option` for a prompt of no tokens. */
export function encodePrompt(
  tokenizer: Tokenizer,
  { prompt, begin }: Pick<TextOptions, "prompt" | "begin">,
): Int32Array {
  const bytes = typeof prompt === "string" ? new TextEncoder().encode(prompt) : prompt;
  const wanted = begin ?? (bytes.length === 0 || tokenizer.begin !== tokenizer.end);
  const tokens = tokenizer.encode(bytes, { begin: wanted });
  if (tokens.length === 0)
    throw new TensorError(
      "bad-option",
      "the prompt is empty",
      "begin with some text: this tokenizer has no begin mark",
    );
  return tokens;
}

/** Refuses a text that no tokens of the context could hold, before time is spent on encoding it. */
function checkLength(prompt: string | Uint8Array, context: number): void {
  const most = context * TOKENIZER_LIMITS.pieceBytes;
  if (prompt.length > most)
    throw new TensorError(
      "bad-option",
      `prompt has a length of ${prompt.length}, more than the context of ${context} tokens can hold`,
      "shorten it, or use a model with a longer context",
    );
}

type Reading = { readonly tokenizer: Tokenizer; readonly filter: StopFilter; readonly last: number; onStop(): void };

/** Leaving the loop over the tokens ends their sequence. */
async function* pieces(generation: Generation, reading: Reading): AsyncGenerator<string, undefined> {
  const { tokenizer, filter, last, onStop } = reading;
  const decoder = new TextDecoder();
  let previous = last;
  for await (const token of generation) {
    const { text, stopped } = filter.push(tokenizer.piece(token, previous));
    previous = token;
    const piece = decoder.decode(text, { stream: !stopped });
    if (piece !== "") yield piece;
    if (!stopped) continue;
    onStop();
    return;
  }
  const rest = decoder.decode(filter.rest());
  if (rest !== "") yield rest;
}

/**
 * Starts a generation of text. Throws what the engine's generate throws, and TensorError `bad-text` for a prompt that the
 * tokenizer cannot encode. The engine draws tokens of the tokenizer alone (EngineOptions.vocab).
 */
export function generateText(engine: Engine, tokenizer: Tokenizer, options: TextOptions): TextGeneration {
  const { prompt, begin, stop = [], ...own } = options;
  const filter = createStopFilter(stop);
  checkLength(prompt, engine.limits.context);
  const tokens = encodePrompt(tokenizer, begin === undefined ? { prompt } : { prompt, begin });
  const stopTokens = tokenizer.end === undefined ? [] : [tokenizer.end];
  const generation = engine.generate({ ...own, prompt: tokens, stopTokens });
  let stopped = false;
  const reading = { tokenizer, filter, last: tokens.at(-1)!, onStop: () => void (stopped = true) };
  const text = pieces(generation, reading);
  const ending = generation.ending.then(({ reason, stopToken, promptTokens, tokens: drawn }): TextEnding => {
    if (stopToken !== undefined) return { reason: "end", promptTokens, tokens: drawn };
    return { reason: stopped ? "stop" : reason, promptTokens, tokens: drawn };
  });
  // Who reads the text hears of a failure there.
  ending.catch(() => {});
  const result: TextGeneration = {
    ending,
    next: () => text.next(),
    return: async () => {
      await generation.return?.();
      return text.return(undefined);
    },
    [Symbol.asyncIterator]: () => result,
  };
  return result;
}
