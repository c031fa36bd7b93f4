// A training in one memory: what the thread that computes does, whoever hashes beside it and wherever its requests come from
// (trainerWorker.ts: another thread; inlineTrainer.ts: the caller's own).
import { type GraphRunner, openRunner } from "../execute/GraphRunner.ts";
import { createTensor, type TensorValue } from "../graph/TensorValue.ts";
import { stepRoot } from "../HashLayout.ts";
import type { Arena, ArenaPart } from "../kernel/Arena.ts";
import type { KernelSet } from "../kernel/KernelSet.ts";
import { fromHex32 } from "../sha256.ts";
import { TensorError, type TensorErrorCode } from "../TensorError.ts";
import { batchFiller } from "./batchFiller.ts";
import { decodeCheckpoint, encodeCheckpoint } from "./Checkpoint.ts";
import { hashBytes } from "./hashBytes.ts";
import { type Computed, computeStep, type Training, throwIfWrong } from "./leadStep.ts";
import { type OpenProgram, openProgram } from "./Program.ts";
import { startTensor } from "./startState.ts";
import type { HashedTensor, LeadReply, LeadRequest, LeadSetup, StepResult } from "./trainerMessages.ts";

/** What the hashing side gets: a part of the memory, the state in it, and the number of the first state. */
export type Hashing = {
  readonly part: ArenaPart;
  readonly state: readonly HashedTensor[];
  readonly version: number;
};

export type Parts = {
  readonly arena: Arena;
  readonly kernels: KernelSet;
  /** Starts the hashing side. */
  readonly hash: (hashing: Hashing) => Promise<Training["board"]> | Training["board"];
};

/** Writes the first state and announces it. */
export async function startTraining(setup: LeadSetup, { arena, kernels, hash }: Parts): Promise<Training> {
  const open = openProgram(setup.program);
  const runner = openRunner(kernels, setup.plan);
  const version = writeFirstState(open, runner, setup.checkpoint);
  const state = open.step.state.map(({ name }) => ({
    name,
    views: [runner.inputView(name, 0), runner.inputView(name, 1)] as const,
  }));
  const board = await hash({ part: arena.part(hashBytes(open.step.state)), state, version });
  board.announce(version);
  const fill = batchFiller(open, setup.tokens, runner);
  return {
    open,
    runner,
    kernels,
    arena,
    board,
    fill,
    corruption: setup.corruption,
    firstStep: version,
    nextStep: version,
  };
}

/** Writes the state to go on from, one tensor at a time; the step it is before. */
function writeFirstState(open: OpenProgram, runner: GraphRunner, checkpoint: Uint8Array | undefined): number {
  if (checkpoint !== undefined) {
    const { nextStep, state } = decodeCheckpoint(open, checkpoint);
    for (const [name, value] of Object.entries(state)) runner.write(name, value);
    return nextStep;
  }
  const seed = fromHex32(open.program.seed, "seed");
  for (const [n, tensor] of open.step.state.entries()) runner.write(tensor.name, startTensor(seed, tensor, n));
  return 0;
}

/** Results on their way: steps without a root yet, and the messages they answer, oldest first. */
export type Outbox = {
  readonly port: { postMessage(reply: LeadReply): void };
  readonly waiting: Computed[];
  readonly asked: { readonly count: number; readonly results: StepResult[] }[];
};

/** The root of state `version` is there: the step before it has its result. */
function settle(
  { open }: Training,
  { port, waiting, asked }: Outbox,
  root: { version: number; bytes: Uint8Array },
): void {
  if (waiting[0]?.step !== root.version - 1) return;
  const { step, loss } = waiting.shift()!;
  const result = { step, loss, stateRoot: root.bytes, stepRoot: stepRoot(open.hash, step, loss, root.bytes) };
  const [message] = asked;
  message!.results.push(result);
  if (message!.results.length < message!.count) return;
  asked.shift();
  port.postMessage({ kind: "steps", results: message!.results } satisfies LeadReply);
}

/** Waits for every root that is on its way. */
export function drain(training: Training, outbox: Outbox): void {
  while (outbox.waiting.length > 0) {
    const version = outbox.waiting[0]!.step + 1;
    settle(training, outbox, { version, bytes: training.board.awaitRoot(version) });
  }
}

function currentState({ open, runner, kernels }: Training): Record<string, TensorValue> {
  const state = open.step.state.map(({ name, shape }) => {
    const value = createTensor({ dtype: "f32", shape });
    kernels.read(runner.inputView(name), value.data);
    return [name, value] as const;
  });
  return Object.fromEntries(state);
}

/** Answers one request; results of steps may still wait for their roots when it returns. */
export function answer(training: Training, outbox: Outbox, request: LeadRequest): void {
  const { open, board } = training;
  if (request.kind === "steps") {
    outbox.asked.push({ count: request.count, results: [] });
    for (let i = 0; i < request.count; i++)
      outbox.waiting.push(computeStep(training, (version, bytes) => settle(training, outbox, { version, bytes })));
    return;
  }
  drain(training, outbox);
  const { nextStep } = training;
  // The last step's own NaN: no later step will find it.
  throwIfWrong(training, nextStep);
  const reply: LeadReply =
    request.kind === "root"
      ? { kind: "root", root: board.awaitRoot(nextStep) }
      : { kind: "state", bytes: encodeCheckpoint(open, { nextStep, state: currentState(training) }) };
  outbox.port.postMessage(reply);
}

/** A cause as the reply that ends a training. */
export function failure(cause: unknown): LeadReply {
  if (!(cause instanceof TensorError)) throw cause;
  const code = cause.code.slice("tensor.".length) as TensorErrorCode;
  return { kind: "failed", code, message: cause.message, remedy: cause.remedy ?? "" };
}
