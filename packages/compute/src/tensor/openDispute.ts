// A node's own history of a segment in dispute, replayed in a worker process: nothing of it lies in the node's memory, and a
// node that was killed opens it again and gets the same answers.
// Not here: what is asked and which move follows (packages/verification, court).
import { resolve } from "node:path";
import { WeftError } from "@weft/protocol/Errors";
import type { NanPlace } from "@weft/tensor/commit/TreeSource";
import { type TrainProgram, validateTrainProgram } from "@weft/tensor/train/Program";
import type { Corruption } from "@weft/tensor/train/Trainer";
import type { CourtStruct } from "@weft/verification/court/Move";
import type { TraceOracle } from "@weft/verification/court/TraceOracle";
import type { Limits } from "../Runtime.ts";
import { afterShape, itemsShape, nanShape, programShape, type Question } from "./disputeMessages.ts";
import type { Start } from "./messages.ts";
import { failureError } from "./replaySegment.ts";
import { capsOf } from "./TensorRuntime.ts";
import { type Timing, WorkerProcess } from "./WorkerProcess.ts";

export interface DisputeOptions {
  program: TrainProgram;
  corpusPath: string;
  /** The runtime's number of it. */
  segment: number;
  /** State before the segment; absent only for segment 0. */
  start?: Start;
  /** Where the order's work begins; absent: at step 0 in the program's own state. */
  origin?: { step: number; stateRoot: `0x${string}` };
  limits: Limits;
  /** Fault injection: the history of a run with this corruption. Nothing in production passes it. */
  corrupt?: Corruption;
  timing?: Partial<Timing>;
}

export interface Dispute {
  /**
   * Asks the worker. Rejects with a WeftError of a FailureCode of Runtime.ts once it has ended, `runtime.busy` when too many
   * questions wait.
   */
  oracle: TraceOracle;
  /** The court program of the order's work. Rejects as the oracle does. */
  program(): Promise<CourtStruct>;
  /** Ends the worker; questions that wait reject. */
  close(): Promise<void>;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: WeftError): void;
}

/** Questions that wait for an answer at most. */
const mostWaiting = 32;
const ended = { code: "runtime.stopped", message: "the dispute is closed", retryable: true } as const;

/** Starts the worker; what is wrong with its inputs shows at the first question. */
export function openDispute(options: DisputeOptions): Dispute {
  const { segment, start, origin, limits, timing, corrupt } = options;
  const waiting: Waiting[] = [];
  let failure: WeftError | undefined;
  const worker = new WorkerProcess({
    task: {
      kind: "dispute",
      program: { ...validateTrainProgram(options.program) },
      corpusPath: resolve(options.corpusPath),
      ...(start && { start: { ...start, checkpointPath: resolve(start.checkpointPath) } }),
      ...(origin && { origin: { step: origin.step, stateRoot: origin.stateRoot } }),
      segment,
      ...(corrupt && { corrupt }),
      ...capsOf(limits),
    },
    ...(timing && { timing }),
    onReport: (report) => {
      if (report.type === "answer") waiting.shift()?.resolve(report.value);
    },
  });
  void worker.ended.then((reason) => {
    failure = failureError(reason ?? ended);
    for (const one of waiting.splice(0)) one.reject(failure);
  });
  const ask = (question: Question): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (failure !== undefined) return reject(failure);
      if (waiting.length >= mostWaiting)
        return reject(new WeftError(`${mostWaiting} questions wait`, { code: "runtime.busy", retryable: true }));
      waiting.push({ resolve, reject });
      worker.send({ type: "ask", question });
    });
  return {
    oracle: askingOracle(ask),
    program: async () => programShape.parse(await ask({ ask: "program" })),
    close: () => worker.stop("the dispute is over"),
  };
}

/** An oracle whose answers come from elsewhere, checked. */
export function askingOracle(ask: (question: Question) => Promise<unknown>): TraceOracle {
  const items = async (question: Question) => itemsShape.parse(await ask(question));
  return {
    after: async (step) => afterShape.parse(await ask({ ask: "after", step })),
    nodes: (tree, at, height) => items({ ask: "nodes", tree, at, height }),
    leaves: (tree, first, count) => items({ ask: "leaves", tree, first, count }),
    // Absent values come back absent.
    firstNan: async () => nanShape.parse(await ask({ ask: "firstNan" })) as NanPlace | undefined,
    path: (tree, leaf) => items({ ask: "path", tree, leaf }),
  };
}
