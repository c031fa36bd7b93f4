// The step port: trains a program step by step off the caller's thread, with a commitment to every step.
// A step is a pure function of (program, state, corpus); threads and batching of messages never change a bit.
// The interface stays when kernels and programs change. Not here: segments (runSegment.ts), evaluation (evaluate.ts).
import { Worker } from "node:worker_threads";
import { decodeCheckpoint } from "./Checkpoint.ts";
import { dataRoot } from "./HashLayout.ts";
import { createMemory, kernelModule, measureHeap, scratchBytes } from "./Kernel.ts";
import { type Program, validateProgram } from "./Program.ts";
import { allocateState, stateTensors } from "./State.ts";
import { toHex } from "./sha256.ts";
import { TensorError } from "./TensorError.ts";
import { tokenise } from "./tokenise.ts";
import { trainerLayout } from "./trainerLayout.ts";
import type { Corruption, StepResult, WorkerReply, WorkerRequest, WorkerSetup } from "./trainerMessages.ts";

export type { Corruption, StepResult } from "./trainerMessages.ts";

export interface Trainer {
  readonly program: Program;
  /** The step that runs next; equals program.totalSteps when training is over. */
  readonly nextStep: number;
  /** Runs one step. */
  step(): Promise<StepResult>;
  /** Runs `count` steps in one message to the worker: 1 to 256. */
  steps(count: number): Promise<StepResult[]>;
  /** Root of the current state, i.e. before `nextStep`. */
  stateRoot(): Promise<Uint8Array>;
  /** Canonical checkpoint bytes: a valid safetensors file with programHash and nextStep in its metadata. */
  exportState(): Promise<Uint8Array>;
  /** Ends the workers. Pending calls reject with `tensor.closed`. May be called again. */
  close(): Promise<void>;
}

export type TrainerOptions = {
  /** Worker threads that compute. Default 1. */
  threads?: 1 | 2;
  /** Continue from these bytes; default is the program's start state. */
  checkpoint?: Uint8Array;
  /** Ends the workers at once; pending calls reject with its reason. */
  signal?: AbortSignal;
  /** Fault injection for tests and the testkit: flips one state bit after a step. Never set elsewhere. */
  corrupt?: Corruption;
};

/** Most steps of one message: bounds the reply and the time until an abort or close is seen. */
const MAX_STEPS_PER_MESSAGE = 256;

function checkInputs(program: Program, corpus: Uint8Array, options: TrainerOptions): void {
  const bad = (field: string, remedy: string): never => {
    throw new TensorError("bad-option", field, remedy);
  };
  if (options.threads !== undefined && options.threads !== 1 && options.threads !== 2)
    bad(`threads is ${String(options.threads)}`, "use 1 or 2");
  if (corpus.length !== program.corpusBytes)
    throw new TensorError(
      "bad-corpus",
      `the corpus has ${corpus.length} bytes, the program ${program.corpusBytes}`,
      "fetch the program's corpus",
    );
  const root = toHex(dataRoot(corpus));
  if (root !== program.dataRoot)
    throw new TensorError(
      "bad-corpus",
      `the corpus has data root ${root}, the program ${program.dataRoot}`,
      "fetch the program's corpus",
    );
  tokenise(program, corpus);
  if (options.checkpoint) decodeCheckpoint(program, options.checkpoint);
  const { corrupt } = options;
  if (!corrupt) return;
  const state = allocateState(program, (rows, columns) => new Float32Array(rows * columns));
  const tensor = stateTensors(state).find(({ name }) => name === corrupt.tensor);
  if (!tensor) bad(`corrupt.tensor ${corrupt.tensor} is not in the state`, "name a state tensor, e.g. hidden.weight");
  const inside = (n: number, below: number) => Number.isInteger(n) && n >= 0 && n < below;
  if (!inside(corrupt.index, tensor!.data.length))
    bad(`corrupt.index is ${corrupt.index}`, `use 0..${tensor!.data.length - 1}`);
  if (!inside(corrupt.bit, 32)) bad(`corrupt.bit is ${corrupt.bit}`, "use 0..31");
}

/** The worker threads, in order. Memory is reserved here. */
function spawnTeam(program: Program, corpus: Uint8Array, options: TrainerOptions): Worker[] {
  const threads = options.threads ?? 1;
  const { batch, model, vocab } = program;
  const heapBytes = measureHeap((allocate) => trainerLayout(program, allocate));
  const scratch = scratchBytes(
    Math.max(batch, model.hidden, model.context * model.embedding, vocab.length),
    vocab.length,
  );
  const memory = createMemory(heapBytes, scratch, threads);
  return Array.from({ length: threads }, (_, thread) => {
    const setup: WorkerSetup = {
      role: "weft-trainer",
      module: kernelModule(),
      memory,
      team: { thread, threads, heapBytes, scratchBytes: scratch },
      program,
      corpus: thread === 0 ? corpus : new Uint8Array(0),
      checkpoint: thread === 0 ? options.checkpoint : undefined,
      corruption: options.corrupt,
    };
    const worker = new Worker(new URL("./trainerWorker.ts", import.meta.url), {
      workerData: setup,
      name: `weft-trainer-${thread}`,
    });
    worker.unref();
    return worker;
  });
}

type Pending = { resolve: (reply: WorkerReply) => void; reject: (reason: unknown) => void };

/** Requests to thread 0, answered in order; a failure of any thread ends them all. */
function connect(workers: Worker[], signal: AbortSignal | undefined) {
  const lead = workers[0]!;
  const pending: Pending[] = [];
  let ended: { reason: unknown } | undefined;
  const end = (reason: unknown): Promise<unknown> => {
    ended ??= { reason };
    signal?.removeEventListener("abort", onAbort);
    for (const { reject } of pending.splice(0)) reject(ended.reason);
    return Promise.all(workers.map((worker) => worker.terminate()));
  };
  const onAbort = () => void end(signal!.reason);
  const fail = (cause: unknown) =>
    void end(
      new TensorError(
        "worker-failed",
        `a trainer thread stopped: ${String(cause)}`,
        "open the trainer again from the last checkpoint",
        cause,
      ),
    );
  for (const worker of workers) {
    worker.on("error", fail);
    worker.on("exit", () => ended || fail("exit"));
  }
  lead.on("message", (reply: WorkerReply) => {
    pending.shift()?.resolve(reply);
    // An idle trainer must not keep the process alive; a pending call must.
    if (pending.length === 0) lead.unref();
  });
  signal?.addEventListener("abort", onAbort, { once: true });
  const expectReply = () =>
    new Promise<WorkerReply>((resolve, reject) => {
      if (ended) return reject(ended.reason);
      pending.push({ resolve, reject });
      lead.ref();
    });
  const ask = (request: WorkerRequest) => {
    const reply = expectReply();
    if (!ended) lead.postMessage(request);
    return reply;
  };
  return { ask, expectReply, end };
}

/**
 * Opens a trainer at the program's start state or at a checkpoint. Throws TensorError `bad-program`, `bad-corpus`,
 * `bad-checkpoint`, `bad-safetensors` or `bad-option`; rejects with the signal's reason when aborted.
 */
export async function openTrainer(input: Program, corpus: Uint8Array, options: TrainerOptions = {}): Promise<Trainer> {
  const program = validateProgram(input);
  options.signal?.throwIfAborted();
  checkInputs(program, corpus, options);
  const team = connect(spawnTeam(program, corpus, options), options.signal);
  const ready = await team.expectReply();
  let nextStep = ready.kind === "ready" ? ready.nextStep : 0;
  let requested = nextStep;
  const steps = async (count: number): Promise<StepResult[]> => {
    if (!Number.isInteger(count) || count < 1 || count > MAX_STEPS_PER_MESSAGE)
      throw new TensorError("bad-option", `count is ${count}`, `use 1 to ${MAX_STEPS_PER_MESSAGE}`);
    if (requested + count > program.totalSteps)
      throw new TensorError(
        "bad-option",
        `step ${requested + count - 1} is past the program's ${program.totalSteps} steps`,
        "stop at totalSteps",
      );
    requested += count;
    const reply = await team.ask({ kind: "steps", count });
    if (reply.kind !== "steps") throw new TensorError("worker-failed", `unexpected reply ${reply.kind}`, "report this");
    nextStep = reply.results.at(-1)!.step + 1;
    return reply.results;
  };
  return {
    program,
    get nextStep() {
      return nextStep;
    },
    steps,
    step: async () => (await steps(1))[0]!,
    stateRoot: async () => {
      const reply = await team.ask({ kind: "root" });
      return reply.kind === "root" ? reply.root : new Uint8Array();
    },
    exportState: async () => {
      const reply = await team.ask({ kind: "state" });
      return reply.kind === "state" ? reply.bytes : new Uint8Array();
    },
    close: async () => {
      await team.end(new TensorError("closed", "the trainer is closed", "open a new one"));
    },
  };
}
