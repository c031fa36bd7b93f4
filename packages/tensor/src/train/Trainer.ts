// The step port for programs of version 2: trains step by step off the caller's thread, with a commitment to every step. A
// step is a pure function of (program, state, corpus); threads and batching of messages never change a bit. A lead worker
// computes with a team of threads, a hash worker hashes each state while the next is computed.
// Not here: segments (runSegment.ts), evaluation (evaluate.ts).
import { Worker } from "node:worker_threads";
import { corpusRoot } from "../commit/corpusRoot.ts";
import { checkMemory, estimateBytes, type Threads } from "../execute/openGraph.ts";
import { elementCount } from "../graph/Graph.ts";
import type { GraphPlan } from "../plan/GraphPlan.ts";
import { planGraph } from "../plan/planGraph.ts";
import { toHex } from "../sha256.ts";
import { TensorError } from "../TensorError.ts";
import { decodeCheckpoint } from "./Checkpoint.ts";
import { connect } from "./connect.ts";
import { hashBytes } from "./hashBytes.ts";
import { connectInline } from "./inlineTrainer.ts";
import { type OpenProgram, openProgram, type TrainProgram, tokensPerStep, trainingBytesOf } from "./Program.ts";
import type { Corruption, LeadSetup, StepResult } from "./trainerMessages.ts";

export type { Corruption, StepResult } from "./trainerMessages.ts";

const MAX_STEPS_PER_MESSAGE = 256;

export interface Trainer {
  readonly program: TrainProgram;
  /** Tokens that a step predicts. */
  readonly tokensPerStep: number;
  /** Mean bytes of a token of the training part. */
  readonly bytesPerToken: number;
  /** The step that runs next; equals program.totalSteps when training is over. */
  readonly nextStep: number;
  /** Runs one step. */
  step(): Promise<StepResult>;
  /** Runs `count` steps in one message to the worker: 1 to 256. Several messages may be on their way. */
  steps(count: number): Promise<StepResult[]>;
  /** Root of the current state, i.e. before `nextStep`. */
  stateRoot(): Promise<Uint8Array>;
  /** Canonical checkpoint bytes: a valid safetensors file with programHash and nextStep in its metadata. */
  exportState(): Promise<Uint8Array>;
  /** Ends the workers. Pending calls reject with `tensor.closed`. May be called again. */
  close(): Promise<void>;
}

export type TrainerOptions = {
  /** Threads that compute; one more hashes. Default 1. */
  readonly threads?: Threads;
  /** Everything on the caller's thread, in messages that block it: for steps of about a millisecond. Default false. */
  readonly inline?: boolean;
  /** Continue from these bytes; default is the program's start state. */
  readonly checkpoint?: Uint8Array;
  /** Bytes of memory that the training may take. Default 2 GiB. */
  readonly memoryLimit?: number;
  /** Ends the workers at once; pending calls reject with its reason. */
  readonly signal?: AbortSignal;
  /** Fault injection for tests and the testkit: flips one state bit after a step. Never set elsewhere. */
  readonly corrupt?: Corruption;
};

function badOption(field: string, remedy: string): never {
  throw new TensorError("bad-option", field, remedy);
}

/** Checks the corpus against the program; the tokens of its training part. Throws TensorError `bad-corpus`. */
export function trainingTokens({ program, tokenizer }: OpenProgram, corpus: Uint8Array): Int32Array {
  const bad = (problem: string): never => {
    throw new TensorError("bad-corpus", problem, "fetch the program's corpus");
  };
  if (corpus.length !== program.corpusBytes)
    bad(`the corpus has ${corpus.length} bytes, the program ${program.corpusBytes}`);
  const root = toHex(corpusRoot(corpus));
  if (root !== program.dataRoot) bad(`the corpus has data root ${root}, the program ${program.dataRoot}`);
  const tokens = tokenizer.encode(corpus.subarray(0, trainingBytesOf(program)));
  const { context } = program.model;
  if (tokens.length <= context) bad(`the training part has ${tokens.length} tokens and the context is ${context}`);
  return tokens;
}

function checkCorruption({ step }: OpenProgram, { tensor, index, bit }: Corruption): void {
  const found = step.state.find(({ name }) => name === tensor);
  if (found === undefined) badOption(`corrupt.tensor ${tensor} is not in the state`, "name a state tensor");
  const inside = (n: number, below: number) => Number.isInteger(n) && n >= 0 && n < below;
  const elements = elementCount(found.shape);
  if (!inside(index, elements)) badOption(`corrupt.index is ${index}`, `use 0..${elements - 1}`);
  if (!inside(bit, 32)) badOption(`corrupt.bit is ${bit}`, "use 0..31");
}

/** Bytes of the training tokens, of which there are about as many as bytes at most. */
function tokenBytes({ program }: OpenProgram): number {
  return Int32Array.BYTES_PER_ELEMENT * trainingBytesOf(program);
}

/** Bytes of memory that a training computes in, its hash worker included. */
export function trainingMemory({ step }: OpenProgram, plan: GraphPlan, threads: number): number {
  return estimateBytes(plan, threads) + hashBytes(step.state) + 8192;
}

/** All of what a memory limit is held against, before anything is reserved. */
export function neededMemory(open: OpenProgram, threads: Threads): number {
  return trainingMemory(open, planGraph(open.step.graph), threads) + tokenBytes(open);
}

function checkedSetup(open: OpenProgram, corpus: Uint8Array, options: TrainerOptions): LeadSetup {
  const threads = options.threads ?? 1;
  if (![1, 2, 3, 4].includes(threads)) badOption(`threads is ${String(threads)}`, "use 1 to 4");
  const plan = planGraph(open.step.graph);
  const bytes = trainingMemory(open, plan, threads);
  checkMemory(bytes + tokenBytes(open), options.memoryLimit);
  const tokens = trainingTokens(open, corpus);
  if (options.checkpoint) decodeCheckpoint(open, options.checkpoint);
  if (options.corrupt) checkCorruption(open, options.corrupt);
  const { checkpoint, corrupt: corruption } = options;
  const { program } = open;
  return { role: "weft-train", program, plan, threads, bytes, tokens, checkpoint, corruption };
}

function spawnLead(setup: LeadSetup): Worker {
  return new Worker(new URL("./trainerWorker.ts", import.meta.url), {
    workerData: setup,
    // The tokens move there: a large corpus is not held twice.
    transferList: [setup.tokens.buffer as ArrayBuffer],
    name: "weft-train",
  });
}

/**
 * Opens a trainer at the program's start state or at a checkpoint. Throws TensorError `bad-program`, `bad-corpus`,
 * `bad-checkpoint`, `bad-safetensors`, `bad-option` or `over-memory`; rejects with the signal's reason when aborted.
 * Steps reject with `nan` or `bad-index`, naming step and operator, when the job itself fails.
 */
export async function openTrainer(
  input: TrainProgram,
  corpus: Uint8Array,
  options: TrainerOptions = {},
): Promise<Trainer> {
  const open = openProgram(input);
  options.signal?.throwIfAborted();
  const setup = checkedSetup(open, corpus, options);
  const { signal, inline = false } = options;
  const bytesPerToken = trainingBytesOf(open.program) / setup.tokens.length;
  const lead = inline ? await connectInline(setup, signal) : connect(spawnLead(setup), signal);
  const ready = await lead.expect("ready");
  const { program } = open;
  let nextStep = ready.nextStep;
  let requested = nextStep;
  const steps = async (count: number): Promise<StepResult[]> => {
    if (!Number.isInteger(count) || count < 1 || count > MAX_STEPS_PER_MESSAGE)
      badOption(`count is ${count}`, `use 1 to ${MAX_STEPS_PER_MESSAGE}`);
    if (requested + count > program.totalSteps)
      badOption(
        `step ${requested + count - 1} is past the program's ${program.totalSteps} steps`,
        "stop at totalSteps",
      );
    requested += count;
    const { results } = await lead.ask({ kind: "steps", count });
    nextStep = results.at(-1)!.step + 1;
    return results;
  };
  return {
    program,
    tokensPerStep: tokensPerStep(program),
    bytesPerToken,
    get nextStep() {
      return nextStep;
    },
    steps,
    step: async () => (await steps(1))[0]!,
    stateRoot: async () => (await lead.ask({ kind: "root" })).root,
    exportState: async () => (await lead.ask({ kind: "state" })).bytes,
    close: async () => {
      await lead.end(new TensorError("closed", "the trainer is closed", "open a new one"));
    },
  };
}
