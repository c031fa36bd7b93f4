// The thread of an engine: takes weights, then runs steps as long as some sequence has something to compute, reading messages
// between two steps. Not here: the caller's side (Engine.ts), which rows run (Scheduler.ts), their computation (GptStepper.ts).
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { createWasmKernels } from "../kernel/wasmKernels.ts";
import { TensorError, type TensorErrorCode } from "../TensorError.ts";
import type { DrawnFor, EngineReply, EngineRequest, EngineSetup, Failure } from "./engineMessages.ts";
import { type GptStepper, openStepper } from "./GptStepper.ts";
import { drawToken, likeliest, limitRepetition, powerScale } from "./Sampling.ts";
import {
  nextStep,
  recentTokens,
  type Sequence,
  type SequenceRequest,
  type Step,
  startSequence,
  takeToken,
} from "./Scheduler.ts";

type Running = {
  readonly setup: EngineSetup;
  readonly stepper: GptStepper;
  readonly port: MessagePort;
  /** Oldest first. */
  sequences: Sequence[];
  readonly waiting: SequenceRequest[];
  readonly freeSlots: number[];
  steps: number;
};

/** A sequence that is over gives its slot to the oldest that waits. */
function endSequence(running: Running, id: number): void {
  const found = running.sequences.find((sequence) => sequence.id === id);
  if (found === undefined) {
    const at = running.waiting.findIndex((request) => request.id === id);
    if (at >= 0) running.waiting.splice(at, 1);
    return;
  }
  running.sequences = running.sequences.filter((sequence) => sequence !== found);
  running.freeSlots.push(found.slot);
}

function startWaiting({ waiting, freeSlots, sequences, setup }: Running): void {
  while (waiting.length > 0 && freeSlots.length > 0)
    sequences.push(startSequence(waiting.shift()!, freeSlots.pop()!, setup.ahead));
}

function take(running: Running, message: EngineRequest): void {
  const { stepper, port, sequences, waiting } = running;
  const reply = (kind: "loaded" | "ready") => port.postMessage({ kind } satisfies EngineReply);
  switch (message.kind) {
    case "weights":
      stepper.load(message.name, message.row, message.elements);
      reply("loaded");
      break;
    case "start":
      stepper.finishLoading();
      reply("ready");
      break;
    case "generate":
      waiting.push(message.request);
      break;
    case "credit": {
      const sequence = sequences.find(({ id }) => id === message.id);
      if (sequence !== undefined) sequence.credit += message.count;
      break;
    }
    case "cancel":
      endSequence(running, message.id);
  }
}

/** The next token of each drawing sequence; undefined where its logits, or their shares, hold a NaN. */
function drawAll({ stepper, setup }: Running, { rows, drawing }: Step): (number | undefined)[] {
  const { vocab } = stepper.config;
  const logits = stepper.step(
    rows,
    drawing.map(({ row }) => row),
  );
  const rowOf = (of: Float32Array, i: number) => of.subarray(i * vocab, i * vocab + setup.vocab);
  const best = drawing.map(({ sequence }, i) => {
    const { repetitionMilli, temperatureMilli } = sequence.draw;
    const row = rowOf(logits, i);
    if (repetitionMilli > 1000) limitRepetition(row, recentTokens(sequence), repetitionMilli);
    const token = likeliest(row);
    // Beside an infinite logit every share is 0 or NaN.
    return token !== undefined && temperatureMilli > 0 && !Number.isFinite(row[token]) ? undefined : token;
  });
  const draws = ({ sequence }: Step["drawing"][number], i: number) =>
    sequence.draw.temperatureMilli > 0 && best[i] !== undefined;
  if (!drawing.some(draws)) return best;
  const scales = drawing.map((one, i) => {
    if (!draws(one, i)) return { shift: 0, factor: 0 };
    return powerScale(rowOf(logits, i), best[i]!, one.sequence.draw.temperatureMilli);
  });
  const powers = stepper.powers(logits, scales);
  return drawing.map((one, i) => {
    if (!draws(one, i)) return best[i];
    const { draw, drawn, word } = one.sequence;
    return drawToken(rowOf(powers, i), draw, word(drawn));
  });
}

/** One step; false when there is nothing to compute. */
function runStep(running: Running): boolean {
  startWaiting(running);
  const { setup, port, sequences } = running;
  const step = nextStep(sequences, setup.size.rows);
  if (step.rows.length === 0) return false;
  if (running.steps++ === setup.failInStep) throw new Error(`fault injected in step ${setup.failInStep}`);
  const tokens = drawAll(running, step);
  const drawn = step.drawing.map(({ sequence }, i): DrawnFor => {
    const { id } = sequence;
    const token = tokens[i];
    const outcome =
      token === undefined ? { failed: foundNaN(sequence) } : takeToken(sequence, token, setup.size.context);
    if ("failed" in outcome || outcome.ended !== undefined) endSequence(running, id);
    return { id, ...outcome };
  });
  if (drawn.length > 0) port.postMessage({ kind: "drawn", drawn } satisfies EngineReply);
  return true;
}

function foundNaN({ done, drawn }: Sequence): Failure {
  return {
    code: "nan",
    message: `the logits after ${done} tokens hold a NaN or only infinities, ${drawn} tokens drawn`,
    remedy: "use a model whose weights and activations stay finite",
  };
}

function failureOf(cause: unknown): Failure {
  if (!(cause instanceof TensorError)) throw cause;
  const code = cause.code.slice("tensor.".length) as TensorErrorCode;
  return { code, message: cause.message, remedy: cause.remedy ?? "" };
}

/** All messages that are there, then steps until nothing is left to compute. */
function serve(running: Running): void {
  const { port } = running;
  const next = () => receiveMessageOnPort(port)?.message as EngineRequest | undefined;
  const drain = () => {
    for (let message = next(); message !== undefined; message = next()) take(running, message);
  };
  port.on("message", (first: EngineRequest) => {
    try {
      take(running, first);
      do drain();
      while (runStep(running));
    } catch (cause) {
      port.postMessage({ kind: "failed", failure: failureOf(cause) } satisfies EngineReply);
    }
  });
  port.postMessage({ kind: "opened" } satisfies EngineReply);
}

async function open(setup: EngineSetup, port: MessagePort): Promise<void> {
  const kernels = await createWasmKernels(setup.bytes, { threads: setup.threads });
  const stepper = openStepper(kernels, setup.config, setup.size);
  const freeSlots = Array.from({ length: setup.size.slots }, (_, i) => setup.size.slots - 1 - i);
  serve({ setup, stepper, port, sequences: [], waiting: [], freeSlots, steps: 0 });
}

const setup = workerData as EngineSetup | null;
if (parentPort && setup?.role === "weft-infer") {
  const port = parentPort;
  open(setup, port).catch((cause) => port.postMessage({ kind: "failed", failure: failureOf(cause) }));
}
