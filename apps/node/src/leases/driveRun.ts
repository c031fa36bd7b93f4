// Runs a lease's job in the runtime and turns its events into progress and recorded segments, until the run ends.
//
// After a restart the runtime hands out every finished segment again; recording is idempotent, so nothing is counted
// twice. The consumer waits while the buyer is behind with paying: the runtime then waits too.
import type { RunEvent, RunHandle, RuntimeJob, SegmentEvent } from "@weft/compute/Runtime";
import type { TensorSpec } from "@weft/compute/tensor/TensorRuntime";
import { WeftError } from "@weft/protocol/Errors";
import type { StreamMessage } from "@weft/protocol/messages";
import type { Hex } from "viem";
import type { NodeContext } from "../NodeContext.ts";
import { firstSegmentOf, type JobTerms } from "./checkOpen.ts";
import type { OpenedJob } from "./LeaseBody.ts";

export interface DriveOptions {
  leaseId: Hex;
  job: OpenedJob;
  terms: JobTerms;
  onProgress(progress: StreamMessage<"job.progress">): void;
  onSegment(event: SegmentEvent): Promise<void>;
  /** Resolves when the run may go on with the next segment. */
  room(): Promise<void>;
  signal: AbortSignal;
}

export type DriveEnd =
  | { kind: "done"; segments: number }
  | { kind: "stopped" }
  | { kind: "failed"; code: string; message: string; retryable: boolean };

/** Free memory a run may use on top of what its program needs is the owner's cap; threads likewise. */
function runtimeJob(context: NodeContext, options: DriveOptions): RuntimeJob<TensorSpec> {
  const { job, terms } = options;
  const { threads, memoryMiB } = context.settings.caps;
  const start =
    job.resume === undefined
      ? {}
      : {
          start: {
            checkpointPath: context.blobs.path(job.resume.contentId),
            contentId: job.resume.contentId,
            segment: firstSegmentOf(terms.program, job.resume.nextStep),
          },
        };
  return {
    runId: options.leaseId,
    spec: { program: terms.program, corpusPath: context.blobs.path(terms.corpus.contentId), ...start },
    limits: { threads, memoryMiB, nice: 0 },
  };
}

/** @throws WeftError of the runtime when the run can't be started; errors of recording pass through */
export async function driveRun(context: NodeContext, options: DriveOptions): Promise<DriveEnd> {
  const { signal, leaseId } = options;
  const stop = () => void context.runtime.stop(leaseId, "the node stops it").catch(() => {});
  signal.addEventListener("abort", stop, { once: true });
  try {
    signal.throwIfAborted();
    const handle =
      (await context.runtime.attach(leaseId)) ??
      (await context.runtime.start(runtimeJob(context, options), { signal }));
    return await consume(handle, options);
  } catch (error) {
    if (signal.aborted) return { kind: "stopped" };
    // One reader per run: only a fresh start gives the events again.
    await context.runtime.stop(leaseId, "its events could not be recorded").catch(() => {});
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

async function consume(handle: RunHandle, options: DriveOptions): Promise<DriveEnd> {
  const { terms } = options;
  // A report of progress may be overtaken by its segment's end; what is told never goes back.
  let told = -1;
  const tell = (progress: StreamMessage<"job.progress">) => {
    if (progress.step <= told) return;
    told = progress.step;
    options.onProgress(progress);
  };
  for await (const event of handle.events()) {
    if (event.type === "progress") tell(progressOf(event));
    else if (event.type === "segment") {
      await options.onSegment(event);
      tell(segmentProgress(event, terms.program.totalSteps));
      await options.room();
    } else if (event.type === "done") return { kind: "done", segments: event.segments };
    else if (event.code === "runtime.stopped" && options.signal.aborted) return { kind: "stopped" };
    else return { kind: "failed", code: event.code, message: event.message, retryable: event.retryable };
  }
  throw new WeftError("the run ended without a last event", { code: "runtime.crashed", fault: "us", retryable: true });
}

/** Mean loss in nats per token (a byte) → bits per byte × 1e6. A loss that is no number says nothing. */
export const microBits = (nats: number): number =>
  Number.isFinite(nats) && nats >= 0 ? Math.round((nats / Math.LN2) * 1e6) : 0;

const progressOf = (event: Extract<RunEvent, { type: "progress" }>): StreamMessage<"job.progress"> => ({
  step: event.step,
  totalSteps: event.totalSteps,
  lossMicroBits: microBits(event.loss),
  tokensPerSecond: Math.max(0, Math.round(event.tokensPerSecond)),
});

const segmentProgress = (event: SegmentEvent, totalSteps: number): StreamMessage<"job.progress"> => ({
  step: event.lastStep + 1,
  totalSteps,
  lossMicroBits: microBits(event.loss),
  tokensPerSecond: event.meteredMs > 0 ? Math.round((event.tokens * 1000) / event.meteredMs) : 0,
});
