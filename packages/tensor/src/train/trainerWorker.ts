// The lead thread of a training: computes steps in the order asked, keeps the hash worker one state behind it, and answers
// with results when their roots are there. Not here: the caller's side (Trainer.ts), what a step is (leadStep.ts).
import { once } from "node:events";
import { type MessagePort, parentPort, receiveMessageOnPort, Worker, workerData } from "node:worker_threads";
import { type GraphRunner, openRunner } from "../execute/GraphRunner.ts";
import { createTensor, type TensorValue } from "../graph/TensorValue.ts";
import { stepRoot } from "../HashLayout.ts";
import { type Arena, createArena } from "../kernel/Arena.ts";
import { teamKernels } from "../kernel/wasmKernels.ts";
import { fromHex32 } from "../sha256.ts";
import { TensorError, type TensorErrorCode } from "../TensorError.ts";
import { batchFiller } from "./batchFiller.ts";
import { decodeCheckpoint, encodeCheckpoint } from "./Checkpoint.ts";
import { hashBytes } from "./hashBytes.ts";
import { type Computed, computeStep, explain, type Training } from "./leadStep.ts";
import { type OpenProgram, openProgram } from "./Program.ts";
import { startTensor } from "./startState.ts";
import { BOARD_BYTES, stateBoard } from "./stateBoard.ts";
import type { HashSetup, LeadReply, LeadRequest, LeadSetup, StepResult } from "./trainerMessages.ts";

const START_TIMEOUT_MS = 60_000;

async function startTraining(setup: LeadSetup): Promise<Training> {
  const open = openProgram(setup.program);
  const arena = createArena(setup.bytes);
  const kernels = await teamKernels(arena, { threads: setup.threads });
  const runner = openRunner(kernels, setup.plan);
  const firstStep = writeFirstState(open, runner, setup.checkpoint);
  const at = arena.reserve(BOARD_BYTES);
  const board = stateBoard(arena.memory, at, { first: firstStep });
  await startHashing(arena, runner, { open, board: at, version: firstStep });
  board.announce(firstStep);
  const fill = batchFiller(open, setup.tokens, runner);
  return { open, runner, kernels, arena, board, fill, corruption: setup.corruption, firstStep, nextStep: firstStep };
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

type Hashing = { readonly open: OpenProgram; readonly board: number; readonly version: number };

async function startHashing(arena: Arena, runner: GraphRunner, { open, board, version }: Hashing): Promise<void> {
  const part = arena.part(hashBytes(open.step.state));
  const state = open.step.state.map(({ name }) => ({
    name,
    views: [runner.inputView(name, 0), runner.inputView(name, 1)] as const,
  }));
  const setup: HashSetup = { role: "weft-hash", part, board, state, version };
  const worker = new Worker(new URL("./hashWorker.ts", import.meta.url), { workerData: setup, name: "weft-hash" });
  // An error there is an error here: the caller's side sees this thread end.
  worker.on("error", (cause) => {
    throw cause;
  });
  await once(worker, "message", { signal: AbortSignal.timeout(START_TIMEOUT_MS) });
  worker.unref();
}

/** Results on their way: steps without a root yet, and the messages they answer, oldest first. */
type Outbox = {
  readonly port: MessagePort;
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
function drain(training: Training, outbox: Outbox): void {
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
function answer(training: Training, outbox: Outbox, request: LeadRequest): void {
  const { open, board } = training;
  if (request.kind === "steps") {
    outbox.asked.push({ count: request.count, results: [] });
    for (let i = 0; i < request.count; i++)
      outbox.waiting.push(computeStep(training, (version, bytes) => settle(training, outbox, { version, bytes })));
    return;
  }
  drain(training, outbox);
  const { nextStep } = training;
  const reply: LeadReply =
    request.kind === "root"
      ? { kind: "root", root: board.awaitRoot(nextStep) }
      : { kind: "state", bytes: encodeCheckpoint(open, { nextStep, state: currentState(training) }) };
  outbox.port.postMessage(reply);
}

function failure(cause: unknown): LeadReply {
  if (!(cause instanceof TensorError)) throw cause;
  const code = cause.code.slice("tensor.".length) as TensorErrorCode;
  return { kind: "failed", code, message: cause.message, remedy: cause.remedy ?? "" };
}

/** Requests in order. Roots of the last steps are waited for when nothing more is asked. */
function serve(training: Training, port: MessagePort): void {
  const outbox: Outbox = { port, waiting: [], asked: [] };
  const next = () => receiveMessageOnPort(port)?.message as LeadRequest | undefined;
  port.on("message", async (first: LeadRequest) => {
    try {
      for (let request: LeadRequest | undefined = first; request !== undefined; request = next())
        answer(training, outbox, request);
      drain(training, outbox);
    } catch (cause) {
      port.postMessage(failure(await explain(training, cause)));
    }
  });
  port.postMessage({ kind: "ready", nextStep: training.nextStep } satisfies LeadReply);
}

const setup = workerData as LeadSetup | null;
if (parentPort && setup?.role === "weft-train") {
  const port = parentPort;
  startTraining(setup).then(
    (training) => serve(training, port),
    (cause) => port.postMessage(failure(cause)),
  );
}
