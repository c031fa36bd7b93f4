// What a trained checkpoint is worth, computed off the main thread: held-out bits per character, Witten–Bell n-grams on
// the same positions, a sample of text. Reports, not commitments.
import { resolve } from "node:path";
import { type TrainProgram, validateTrainProgram } from "@weft/tensor/train/Program";
import type { Limits } from "../Runtime.ts";
import { type Evaluation, evaluationShape, type Speed, type Start, speedShape } from "./messages.ts";
import { failureError } from "./replaySegment.ts";
import { capsOf } from "./TensorRuntime.ts";
import { askWorker } from "./WorkerProcess.ts";

export type { Evaluation, Speed } from "./messages.ts";

export interface EvaluateOptions {
  program: TrainProgram;
  corpusPath: string;
  /** `segment` is the number of the segment that would come next. */
  checkpoint: Start;
  /** Held-out tokens, default 8192. */
  positions?: number;
  /** Orders of the n-grams to compare with, default [1, 2]. */
  nGramOrders?: readonly number[];
  /** Text to draw: tokens after `prompt`; seed of 32 bytes. */
  sample?: { prompt: Uint8Array; count: number; seed: Uint8Array };
  limits: Limits;
  /** Default 600,000. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** @throws WeftError `runtime.spec`, `runtime.checkpoint`, `runtime.memory`, `runtime.crashed`, `runtime.stopped` */
export async function evaluateCheckpoint(options: EvaluateOptions): Promise<Evaluation> {
  const answer = await askWorker(
    {
      task: {
        kind: "evaluate",
        program: { ...validateTrainProgram(options.program) },
        corpusPath: resolve(options.corpusPath),
        start: { ...options.checkpoint, checkpointPath: resolve(options.checkpoint.checkpointPath) },
        positions: options.positions ?? 8192,
        nGramOrders: [...(options.nGramOrders ?? [1, 2])],
        ...(options.sample && { sample: options.sample }),
        ...capsOf(options.limits),
      },
      // Counting n-grams does not yield.
      timing: { beatDeadlineMs: options.timeoutMs ?? 600_000, stallMs: options.timeoutMs ?? 600_000 },
    },
    { signal: options.signal, timeoutMs: options.timeoutMs ?? 600_000 },
  );
  if ("failure" in answer) throw failureError(answer.failure);
  return evaluationShape.parse(answer.value);
}

/** Speed of the project's fp32 kernel on one thread, in a worker process; takes `milliseconds` and the start-up. */
export async function measureSpeed(options: { milliseconds?: number; signal?: AbortSignal } = {}): Promise<Speed> {
  const answer = await askWorker(
    { task: { kind: "measure", milliseconds: options.milliseconds ?? 200, threads: 1, nice: 0, memoryMiB: 1024 } },
    { signal: options.signal, timeoutMs: 30_000 },
  );
  if ("failure" in answer) throw failureError(answer.failure);
  return speedShape.parse(answer.value);
}
