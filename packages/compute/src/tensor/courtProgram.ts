// The hash of an order's court program (spec/court.md §1), computed in a worker process: a program may be large, a tokenizer
// slow. A gateway commits to it; a provider computes it again before it starts.
import { resolve } from "node:path";
import { type TrainProgram, validateTrainProgram } from "@weft/tensor/train/Program";
import type { Limits } from "../Runtime.ts";
import { courtShape } from "./messages.ts";
import { failureError } from "./replaySegment.ts";
import { capsOf } from "./TensorRuntime.ts";
import { askWorker } from "./WorkerProcess.ts";

export interface CourtOptions {
  program: TrainProgram;
  corpusPath: string;
  /** Where the order's work begins; absent: at step 0 in the program's own state. */
  origin?: { step: number; stateRoot: `0x${string}` };
  limits: Limits;
  /** Default 600,000. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** @throws WeftError `runtime.spec`, `runtime.memory`, `runtime.crashed`, `runtime.stopped` */
export async function courtProgramOf(options: CourtOptions): Promise<`0x${string}`> {
  const { origin, timeoutMs = 600_000 } = options;
  const answer = await askWorker(
    {
      task: {
        kind: "court",
        program: { ...validateTrainProgram(options.program) },
        corpusPath: resolve(options.corpusPath),
        ...(origin && { origin: { step: origin.step, stateRoot: origin.stateRoot } }),
        ...capsOf(options.limits),
      },
      // Neither a tokenizer nor a hash yields.
      timing: { beatDeadlineMs: timeoutMs, stallMs: timeoutMs },
    },
    { signal: options.signal, timeoutMs },
  );
  if ("failure" in answer) throw failureError(answer.failure);
  return courtShape.parse(answer.value).hash;
}
