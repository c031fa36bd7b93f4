// The inference engine for language models of kind gpt: sequences with cached keys and values, computed together step by step
// on a thread of their own (spec/inference.md). A sequence's tokens are a function of the model, its prompt and its options
// alone: not of who shares its steps, of threads, of chunks of the prompt, of when it came.
// Not here: text (generateText.ts), the worker's side (engineWorker.ts).
import type { Threads } from "../execute/openGraph.ts";
import type { GptWeights } from "../formats/readLlama2cCheckpoint.ts";
import type { GptConfig } from "../models/gpt.ts";
import type { Sampling } from "./Sampling.ts";

export type EngineOptions = {
  /** Threads that compute. Default 1. */
  readonly threads?: Threads;
  /** Sequences computed together, 1 to 64; others wait. Default 4. */
  readonly slots?: number;
  /** Most tokens of a sequence, prompt included, up to the model's context. Default the model's context. */
  readonly context?: number;
  /** Tokens computed in one step, prompts and answers together: 8 to 512, at least one per slot. Default 64. */
  readonly chunk?: number;
  /** Generations that may wait for a slot, 0 to 10,000; more are refused. Default 64. */
  readonly queue?: number;
  /** Tokens of a generation that may wait for its reader before its sequence pauses, 1 to 4096. Default 64. */
  readonly ahead?: number;
  /** Tokens that may be drawn: the first so many of the model's vocabulary. Default all. */
  readonly vocab?: number;
  /** Bytes that weights, caches and threads may take. Default 2 GiB. */
  readonly memoryLimit?: number;
  /** Ends the engine at once; generations reject with its reason. */
  readonly signal?: AbortSignal;
  /** Fault injection for tests: the worker fails in this step. Never set elsewhere. */
  readonly failInStep?: number;
};

export type GenerateOptions = Sampling & {
  /** 1 to `context` tokens. */
  readonly prompt: ArrayLike<number>;
  /** Most tokens drawn, at least 1. */
  readonly maxTokens: number;
  /** Tokens that end the generation and are not part of it, such as the tokenizer's end mark; at most 64. Default none. */
  readonly stopTokens?: readonly number[];
  /**
   * What happens when a sequence holds `context` tokens: it ends, or goes on from its last half, computed anew. Default "stop".
   */
  readonly whenFull?: "stop" | "slide";
  /** Ends the generation: its reader gets the signal's reason. */
  readonly signal?: AbortSignal;
};

/** Why a generation ended: a stop token was drawn; maxTokens are; the context is full; its reader left. */
export type EndReason = "stop" | "length" | "context" | "left";

export type Ending = {
  readonly reason: EndReason;
  /** The stop token that was drawn. */
  readonly stopToken?: number;
  readonly promptTokens: number;
  /** Tokens drawn, the stop token not counted. */
  readonly tokens: number;
};

/**
 * Tokens as they are drawn; read once. Leaving a loop over it ends the sequence. Throws TensorError `nan` naming the position
 * when the logits hold a NaN, `worker-failed`, `closed`, or the signal's reason.
 */
export interface Generation extends AsyncIterableIterator<number> {
  /** Settles when the last token was read or the generation failed; an unread failure is not an unhandled rejection. */
  readonly ending: Promise<Ending>;
}

export type EngineLimits = { readonly slots: number; readonly context: number; readonly queue: number };

export type EngineLoad = {
  /** Generations that compute, and that wait for a slot. */
  readonly running: number;
  readonly waiting: number;
};

export interface Engine {
  readonly config: GptConfig;
  readonly limits: EngineLimits;
  /** Bytes of the engine's memory. */
  readonly memoryBytes: number;
  readonly load: EngineLoad;
  /**
   * Starts a generation, or queues it. Throws TensorError `bad-option` for options out of their limits, `busy` (retryable) when
   * the queue is full, `closed`.
   */
  generate(options: GenerateOptions): Generation;
  /** Ends the thread. Generations reject with `closed`. May be called again. */
  close(): Promise<void>;
}

export type OpenEngine = (model: GptWeights, options?: EngineOptions) => Promise<Engine>;
