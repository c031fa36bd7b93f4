// A history for a dispute on this process's thread, one question after another, as the worker of the product has it.

import { programShape, type Question } from "@weft/compute/tensor/disputeMessages";
import { answer, disputeSource } from "@weft/compute/tensor/disputeTask";
import { askingOracle, type Dispute, type DisputeOptions } from "@weft/compute/tensor/openDispute";
import { WeftError } from "@weft/protocol/Errors";
import type { SegmentTrees } from "@weft/tensor/commit/segmentTrees";
import { failureOf } from "./InlineRuntime.ts";

/** `hold` keeps virtual time still while a question is answered. */
export function inlineDispute(
  { program, corpusPath, segment, ...options }: DisputeOptions,
  hold: <T>(work: () => Promise<T>) => Promise<T>,
): Dispute {
  const stop = new AbortController();
  let trees: Promise<SegmentTrees> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const task = {
    ...({ kind: "dispute", threads: 1, nice: 0, memoryMiB: 1024 } as const),
    ...{ program: { ...program }, corpusPath, segment },
    ...(options.start && { start: options.start }),
    ...(options.origin && { origin: options.origin }),
    ...(options.corrupt && { corrupt: options.corrupt }),
  } as const;
  const answered = async (question: Question) => {
    if (stop.signal.aborted) throw new WeftError("the dispute is closed", { code: "runtime.stopped", retryable: true });
    try {
      trees ??= disputeSource(task, { worked: () => {}, signal: stop.signal });
      return await answer(await trees, question);
    } catch (cause) {
      throw failureOf(cause);
    }
  };
  const ask = (question: Question): Promise<unknown> => {
    const next = last.then(() => hold(() => answered(question)));
    last = next.catch(() => {});
    return next;
  };
  return {
    oracle: askingOracle(ask),
    program: async () => programShape.parse(await ask({ ask: "program" })),
    close: async () => {
      stop.abort();
      await last;
    },
  };
}
