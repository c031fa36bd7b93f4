// The lead thread of a training: computes steps in the order asked, keeps the hash worker one state behind it, and answers
// with results when their roots are there. Not here: the caller's side (Trainer.ts), what a step is (leadStep.ts).
import { once } from "node:events";
import { type MessagePort, parentPort, receiveMessageOnPort, Worker, workerData } from "node:worker_threads";
import { type Arena, createArena } from "../kernel/Arena.ts";
import { kernelCode } from "../kernel/kernelCode.ts";
import { teamKernels } from "../kernel/wasmKernels.ts";
import { explain, type Training } from "./leadStep.ts";
import { BOARD_BYTES, type StateBoard, stateBoard } from "./stateBoard.ts";
import type { HashSetup, LeadReply, LeadRequest, LeadSetup } from "./trainerMessages.ts";
import { answer, drain, failure, type Hashing, type Outbox, startTraining } from "./training.ts";

const START_TIMEOUT_MS = 60_000;

async function startThreads(setup: LeadSetup): Promise<Training> {
  const arena = createArena(setup.bytes);
  const kernels = await teamKernels(arena, { threads: setup.threads });
  return startTraining(setup, { arena, kernels, hash: (hashing) => startHashing(arena, hashing) });
}

async function startHashing(arena: Arena, hashing: Hashing): Promise<StateBoard> {
  const at = arena.reserve(BOARD_BYTES);
  const board = stateBoard(arena.memory, at, { first: hashing.version });
  const setup: HashSetup = { role: "weft-hash", ...hashing, board: at, code: kernelCode() };
  const worker = new Worker(new URL("./hashWorker.ts", import.meta.url), { workerData: setup, name: "weft-hash" });
  // An error there is an error here: the caller's side sees this thread end.
  worker.on("error", (cause) => {
    throw cause;
  });
  await once(worker, "message", { signal: AbortSignal.timeout(START_TIMEOUT_MS) });
  worker.unref();
  return board;
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
  startThreads(setup).then(
    (training) => serve(training, port),
    (cause) => port.postMessage(failure(cause)),
  );
}
