// An auditor's re-execution of one segment: the same worker machinery, at low priority, from the checkpoint before the
// segment (or the program's own start). Gives the trace roots and those of each step.
// Not here: the draw, the salt, the verdict (packages/verification).
import { resolve } from "node:path";
import { WeftError } from "@weft/protocol/Errors";
import { type TrainProgram, validateTrainProgram } from "@weft/tensor/train/Program";
import type { Limits } from "../Runtime.ts";
import { type Replay, replayShape, type Start } from "./messages.ts";
import { capsOf } from "./TensorRuntime.ts";
import { askWorker, type Failure, type Timing } from "./WorkerProcess.ts";

export type { Replay } from "./messages.ts";

export interface ReplayOptions {
  program: TrainProgram;
  corpusPath: string;
  segment: number;
  /** State before the segment; absent only for segment 0. */
  start?: Start;
  limits: Limits;
  /** Default 3,600,000. */
  timeoutMs?: number;
  timing?: Partial<Timing>;
  signal?: AbortSignal;
}

/**
 * Runs the segment again.
 * @throws WeftError with a FailureCode of Runtime.ts: `runtime.checkpoint` when the start state is not what it claims,
 * `runtime.spec` for a malformed request, `runtime.stopped` when aborted or out of time.
 */
export async function replaySegment(options: ReplayOptions): Promise<Replay> {
  const { segment, start, limits, timing } = options;
  const answer = await askWorker(
    {
      task: {
        kind: "replay",
        program: { ...validateTrainProgram(options.program) },
        corpusPath: resolve(options.corpusPath),
        ...(start && { start: { ...start, checkpointPath: resolve(start.checkpointPath) } }),
        segment,
        ...capsOf(limits),
      },
      ...(timing && { timing }),
    },
    { signal: options.signal, timeoutMs: options.timeoutMs ?? 3_600_000 },
  );
  if ("failure" in answer) throw failureError(answer.failure);
  return replayShape.parse(answer.value);
}

/** A worker's failure as an error: the buyer's spec and another's checkpoint are the caller's fault, the rest ours. */
export function failureError(failure: Failure): WeftError {
  const theirs = ["runtime.spec", "runtime.nan", "runtime.checkpoint"].includes(failure.code);
  return new WeftError(failure.message, {
    code: failure.code,
    fault: theirs ? "caller" : "us",
    retryable: failure.retryable,
  });
}
