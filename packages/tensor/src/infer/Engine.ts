// The inference engine for language models of kind gpt: sequences with cached keys and values, computed together step by step
// on a thread of their own (spec/inference.md). A sequence's tokens are a function of the model, its prompt and its options
// alone: not of who shares its steps, of threads, of chunks of the prompt, of when it came.
// Not here: text (generateText.ts), the worker's side (engineWorker.ts).
import { Worker } from "node:worker_threads";
import { DEFAULT_MEMORY_LIMIT, mebibytes, type Threads } from "../execute/openGraph.ts";
import type { GptWeights } from "../formats/readLlama2cCheckpoint.ts";
import { sameShape } from "../graph/Graph.ts";
import { type GptConfig, gpt } from "../models/gpt.ts";
import { TensorError } from "../TensorError.ts";
import { connectEngine, type EngineConnection } from "./connectEngine.ts";
import type { EngineSetup } from "./engineMessages.ts";
import { createGeneration, type Generation } from "./Generation.ts";
import { stepperBytes } from "./GptStepper.ts";
import { checkInteger, checkSampling, type Sampling } from "./Sampling.ts";
import type { SequenceRequest } from "./Scheduler.ts";

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

/** Elements of weights in one message to the worker: some milliseconds of copying at a time. */
const MESSAGE_ELEMENTS = 2 ** 20;
/** Rows of a message are whole panels of the packed form. */
const PANEL = 8;
const MOST_STOP_TOKENS = 64;
const MOST_TOKENS = 1_000_000;

const LIMITS = {
  threads: [1, 4],
  slots: [1, 64],
  chunk: [8, 512],
  queue: [0, 10_000],
  ahead: [1, 4096],
} as const;

type Checked = { readonly setup: EngineSetup; readonly queue: number };

function checkOptions({ config }: GptWeights, options: EngineOptions): Checked {
  for (const [name, limits] of Object.entries(LIMITS)) {
    const value = options[name as keyof typeof LIMITS];
    if (value !== undefined) checkInteger(name, value, limits);
  }
  const { threads = 1, slots = 4, context = config.context, queue = 64, ahead = 64, vocab = config.vocab } = options;
  const rows = Math.max(options.chunk ?? 64, slots);
  checkInteger("context", context, [1, config.context]);
  checkInteger("vocab", vocab, [1, config.vocab]);
  const size = { slots, context, rows };
  const bytes = stepperBytes(config, size, threads);
  const limit = options.memoryLimit ?? DEFAULT_MEMORY_LIMIT;
  if (bytes > limit)
    throw new TensorError(
      "over-memory",
      `the engine needs ${bytes} bytes of memory, its limit is ${limit}: ${mebibytes(bytes)} of ${mebibytes(limit)}`,
      "use fewer slots, a shorter context or a smaller model, or raise the memory limit",
    );
  const setup = {
    role: "weft-infer",
    config,
    size,
    threads,
    bytes,
    vocab,
    ahead,
    failInStep: options.failInStep,
  } as const;
  return { setup, queue };
}

/** Copies the weights to the worker, a few rows at a time. */
async function sendWeights(connection: EngineConnection, { config, tensors }: GptWeights): Promise<void> {
  const given = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  for (const { name, shape } of gpt.parameters(config)) {
    const tensor = given.get(name);
    if (tensor?.dtype !== "f32" || !sameShape(tensor.shape, shape))
      throw new TensorError("bad-model", `${name} is not f32 [${shape}]`, "pass every parameter of the model");
    const columns = shape.at(-1)!;
    const rows = Math.max(PANEL, Math.floor(MESSAGE_ELEMENTS / columns / PANEL) * PANEL);
    for (let row = 0; row * columns < tensor.data.length; row += rows) {
      const elements = (tensor.data as Float32Array).slice(row * columns, (row + rows) * columns);
      await connection.ask({ kind: "weights", name, row, elements }, [elements.buffer]);
    }
  }
}

function checkRequest(options: GenerateOptions, { config, size }: EngineSetup): Omit<SequenceRequest, "id"> {
  const draw = checkSampling(options);
  const { maxTokens, stopTokens = [], whenFull = "stop" } = options;
  const bad = (what: string, remedy: string): never => {
    throw new TensorError("bad-option", what, remedy);
  };
  const isToken = (token: number) => Number.isInteger(token) && token >= 0 && token < config.vocab;
  const { length } = options.prompt;
  if (!(length >= 1)) bad(`prompt has ${length} tokens`, `use 1 to ${size.context}`);
  if (!(length <= size.context))
    bad(
      `prompt has ${length} tokens, more than the context of ${size.context}`,
      "shorten it, or use a model with a longer context",
    );
  const prompt = Array.from(options.prompt);
  const wrong = prompt.find((token) => !isToken(token));
  if (wrong !== undefined) bad(`prompt has token ${wrong}`, `use tokens 0 to ${config.vocab - 1}`);
  checkInteger("maxTokens", maxTokens, [1, MOST_TOKENS]);
  if (stopTokens.length > MOST_STOP_TOKENS || !stopTokens.every(isToken))
    bad(`stopTokens are ${stopTokens.slice(0, 8)}`, `use at most ${MOST_STOP_TOKENS} tokens of the vocabulary`);
  if (whenFull !== "stop" && whenFull !== "slide") bad(`whenFull is ${String(whenFull)}`, "use stop or slide");
  return { prompt, maxTokens, stopTokens, slides: whenFull === "slide", draw };
}

/**
 * Opens an engine: reserves its memory, starts its threads, loads the weights. Throws TensorError `bad-option`, `over-memory`
 * with both numbers before anything is reserved, `bad-model`, `nan` naming the weight, `worker-failed`; rejects with the
 * signal's reason when aborted.
 */
export async function openEngine(model: GptWeights, options: EngineOptions = {}): Promise<Engine> {
  const config = gpt.validate(model.config);
  const { setup, queue } = checkOptions({ ...model, config }, options);
  options.signal?.throwIfAborted();
  const worker = new Worker(new URL("./engineWorker.ts", import.meta.url), { workerData: setup, name: "weft-infer" });
  const connection = connectEngine(worker, options.signal);
  try {
    await connection.expect("opened");
    await sendWeights(connection, { ...model, config });
    await connection.ask({ kind: "start" });
  } catch (cause) {
    await connection.end(cause);
    throw cause;
  }
  const { slots, context } = setup.size;
  let lastId = 0;
  return {
    config,
    limits: { slots, context, queue },
    memoryBytes: setup.bytes,
    get load() {
      const { active } = connection;
      return { running: Math.min(active, slots), waiting: Math.max(0, active - slots) };
    },
    generate(request) {
      const checked = checkRequest(request, setup);
      if (connection.active >= slots + queue)
        throw new TensorError(
          "busy",
          `${connection.active} generations run or wait, the limit is ${slots + queue}`,
          "try again when some have ended",
        );
      const id = ++lastId;
      return createGeneration(connection, { request: { id, ...checked }, ahead: setup.ahead, signal: request.signal });
    },
    close: async () => {
      await connection.end(new TensorError("closed", "the engine is closed", "open a new one"));
    },
  };
}
