// The tensor runtime without its child processes: the same task code, journal and kernels (on worker threads), for
// networks of many nodes in one process. Passes the runtime's compliance suite.
//
// Time is the virtual clock's: a segment takes `segmentSeconds` of it, so that what is metered is known beforehand, and
// the clock stands still while a kernel computes. Not here: resource limits, which only a process of its own can have.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { FailedEvent, FailureCode, RunEvent, RunHandle, Runtime, RuntimeJob } from "@weft/compute/Runtime";
import type { CourtOptions } from "@weft/compute/tensor/courtProgram";
import { courtTask } from "@weft/compute/tensor/courtTask";
import type { Report, Task } from "@weft/compute/tensor/messages";
import { RunEvents } from "@weft/compute/tensor/RunEvents";
import {
  appendSegment,
  closeJournal,
  createJournal,
  hasJournal,
  openJournal,
  type RunJournal,
} from "@weft/compute/tensor/RunJournal";
import type { ReplayOptions } from "@weft/compute/tensor/replaySegment";
import { specShape, type TensorSpec } from "@weft/compute/tensor/TensorRuntime";
import { evaluateTask, replay, TaskError, train, type Workbench } from "@weft/compute/tensor/workerTasks";
import type { Evaluate } from "@weft/gateway/GatewayContext";
import { qualityOf } from "@weft/gateway/jobs/qualityOf";
import type { Clock } from "@weft/protocol/Clock";
import { WeftError } from "@weft/protocol/Errors";
import type { Corruption } from "@weft/tensor/train/Trainer";

export interface RuntimeFaults {
  /** Where this run's flipped bits are; nowhere when undefined. A run has its lease's id. */
  corrupt?: (runId: string) => Corruption | undefined;
}

export interface InlineRuntimeOptions {
  /** Runs live in folders below. */
  folder: string;
  clock: Clock & { hold?<T>(work: () => Promise<T>): Promise<T> };
  /** Virtual seconds that a segment takes. */
  segmentSeconds: number;
  /** Asked when a run starts. */
  faults: RuntimeFaults;
}

const credits = 4;

export interface InlineRuntime extends Runtime<TensorSpec> {
  /** Drops every run as a kill would: nothing more is written or said. */
  abandon(): Promise<void>;
}

class InlineRun implements RunHandle {
  readonly runId: string;
  readonly ended: Promise<void>;
  readonly #events: RunEvents;
  readonly #journal: RunJournal;
  readonly #options: InlineRuntimeOptions;
  readonly #stop = new AbortController();
  #credits = credits;
  #onCredit: (() => void) | undefined;
  #abandoned = false;
  #resume: (() => void) | undefined;

  constructor(job: RuntimeJob<TensorSpec>, journal: RunJournal, options: InlineRuntimeOptions) {
    this.runId = job.runId;
    this.#journal = journal;
    this.#options = options;
    this.#events = new RunEvents([...journal.segments], () => {
      this.#credits += 1;
      this.#onCredit?.();
    });
    this.ended = this.#run(job).finally(() => {
      this.#resume?.();
      closeJournal(journal);
    });
  }

  events(): AsyncIterable<RunEvent> {
    return this.#events.read();
  }

  async stop(): Promise<void> {
    await this.end("stopped by its owner");
  }

  async end(reason: string): Promise<void> {
    this.#stop.abort(new WeftError(reason, { code: "runtime.stopped", retryable: true }));
    this.#onCredit?.();
    await this.ended;
  }

  async abandon(): Promise<void> {
    this.#abandoned = true;
    await this.end("killed");
  }

  async #run(job: RuntimeJob<TensorSpec>): Promise<void> {
    const { program } = job.spec;
    const segments = Math.ceil(program.totalSteps / program.stepsPerSegment);
    const last = this.#journal.segments.at(-1);
    const next = last === undefined ? (job.spec.start?.segment ?? 0) : last.segment + 1;
    try {
      if (next < segments) await train(this.#taskOf(job), this.#bench(program.totalSteps));
      this.#events.push({ type: "done", segments });
    } catch (error) {
      this.#events.push(this.#failure(error));
    }
  }

  #taskOf(job: RuntimeJob<TensorSpec>): Extract<Task, { kind: "train" }> {
    const last = this.#journal.segments.at(-1);
    const { program, corpusPath } = job.spec;
    const start =
      last === undefined
        ? job.spec.start
        : { checkpointPath: last.checkpoint.path, contentId: last.checkpoint.contentId, segment: last.segment + 1 };
    const corrupt = this.#options.faults.corrupt?.(job.runId);
    return {
      ...{ kind: "train", program: { ...program }, corpusPath, folder: this.#journal.folder, credits },
      ...{ threads: 1, nice: 0, memoryMiB: job.limits.memoryMiB },
      ...(start && { start }),
      ...(corrupt && { corrupt }),
    };
  }

  #bench(totalSteps: number): Workbench {
    return {
      signal: this.#stop.signal,
      worked: () => {},
      credit: () => this.#credit(),
      question: () => Promise.reject(new WeftError("a run is asked nothing", { code: "runtime.spec" })),
      send: (report) => this.#take(report, totalSteps),
    };
  }

  /** Room for one more segment, and the time it takes. */
  async #credit(): Promise<void> {
    const { clock, segmentSeconds } = this.#options;
    while (this.#credits === 0 && !this.#stop.signal.aborted)
      await new Promise<void>((resolve) => {
        this.#onCredit = resolve;
      });
    this.#stop.signal.throwIfAborted();
    this.#credits -= 1;
    await clock.sleep(segmentSeconds * 1000, this.#stop.signal);
    // What follows is the kernel's: it takes real time only.
    void clock.hold?.(() => new Promise<void>((resolve) => (this.#resume = resolve)));
  }

  #take(report: Report, totalSteps: number): void {
    if (report.type !== "segment") return;
    this.#resume?.();
    if (this.#abandoned) return;
    const { segmentSeconds } = this.#options;
    const event = { ...report, meteredMs: segmentSeconds * 1000 };
    appendSegment(this.#journal, event);
    const tokensPerSecond = Math.round(event.tokens / segmentSeconds);
    this.#events.push({ type: "progress", step: event.lastStep + 1, totalSteps, loss: event.loss, tokensPerSecond });
    this.#events.push(event);
  }

  #failure(error: unknown): FailedEvent {
    const code: FailureCode = error instanceof TaskError ? error.code : codeOf(error);
    const message = error instanceof Error ? error.message : String(error);
    const lastSegment = this.#journal.segments.at(-1)?.segment ?? -1;
    return { type: "failed", code, message, retryable: code === "runtime.stopped", lastSegment };
  }
}

function codeOf(error: unknown): FailureCode {
  const code = error instanceof WeftError ? error.code : "";
  if (code === "runtime.stopped") return "runtime.stopped";
  if (code === "tensor.over-memory") return "runtime.memory";
  if (code === "tensor.nan") return "runtime.nan";
  if (code === "tensor.bad-checkpoint" || code === "tensor.bad-safetensors") return "runtime.checkpoint";
  return code.startsWith("tensor.bad-") ? "runtime.spec" : "runtime.crashed";
}

const runIds = /^[A-Za-z0-9_-]{1,80}$/;

export function createInlineRuntime(options: InlineRuntimeOptions): InlineRuntime {
  const running = new Map<string, InlineRun>();
  const folderOf = (runId: string) => join(options.folder, runId);
  const begin = (job: RuntimeJob<TensorSpec>, journal: RunJournal): InlineRun => {
    const run = new InlineRun(job, journal, options);
    running.set(job.runId, run);
    void run.ended.finally(() => running.delete(job.runId));
    return run;
  };
  return {
    kind: "tensor",
    start: async (job, { signal }) => {
      signal?.throwIfAborted();
      const spec = specShape.safeParse(job.spec);
      if (!runIds.test(job.runId) || !spec.success)
        throw new WeftError(`run ${job.runId.slice(0, 80)} is malformed`, { code: "runtime.spec" });
      if (running.has(job.runId)) throw new WeftError(`run ${job.runId} is going on`, { code: "runtime.running" });
      const folder = folderOf(job.runId);
      mkdirSync(options.folder, { recursive: true });
      const checked = { ...job, spec: spec.data as TensorSpec };
      const run = begin(checked, hasJournal(folder) ? openJournal(folder) : createJournal(folder, checked));
      const onAbort = () => void run.end(`cancelled: ${String(signal?.reason)}`);
      signal?.addEventListener("abort", onAbort, { once: true });
      void run.ended.finally(() => signal?.removeEventListener("abort", onAbort));
      return run;
    },
    attach: async (runId) => {
      const there = running.get(runId);
      if (there !== undefined) return there;
      if (!runIds.test(runId) || !hasJournal(folderOf(runId))) return undefined;
      const journal = openJournal(folderOf(runId));
      return begin(journal.job as RuntimeJob<TensorSpec>, journal);
    },
    stop: async (runId, reason) => running.get(runId)?.end(reason),
    abandon: async () => {
      await Promise.all([...running.values()].map((run) => run.abandon()));
    },
  };
}

const benchOf = (signal: AbortSignal | undefined): Workbench => ({
  ...{ send: () => {}, worked: () => {}, credit: async () => {} },
  question: () => Promise.reject(new WeftError("nobody asks", { code: "runtime.spec" })),
  signal: signal ?? new AbortController().signal,
});

/** An audit's re-execution on this process's threads; fails with the codes that a worker would. */
export async function inlineReplay({ program, corpusPath, segment, ...options }: ReplayOptions) {
  try {
    return await replay(
      {
        ...{ kind: "replay", program: { ...program }, corpusPath, segment, threads: 1, nice: 0, memoryMiB: 1024 },
        ...(options.start && { start: options.start }),
      },
      benchOf(options.signal),
    );
  } catch (cause) {
    throw failureOf(cause);
  }
}

/** As a worker's failure. */
export function failureOf(cause: unknown): WeftError {
  const code = cause instanceof TaskError ? cause.code : codeOf(cause);
  return new WeftError(cause instanceof Error ? cause.message : String(cause), { code, fault: "us", cause });
}

/** An order's court program on this process's thread; fails with the codes that a worker would. */
export async function inlineCourtProgram({ program, corpusPath, origin }: Omit<CourtOptions, "limits">) {
  const caps = { threads: 1, nice: 0, memoryMiB: 1024 } as const;
  const at = origin && { step: origin.step, stateRoot: origin.stateRoot };
  try {
    const task = { kind: "court", program: { ...program }, corpusPath, ...caps, ...(at && { origin: at }) } as const;
    return (await courtTask(task)).hash;
  } catch (cause) {
    const code = cause instanceof TaskError ? cause.code : codeOf(cause);
    throw new WeftError(cause instanceof Error ? cause.message : String(cause), { code, fault: "caller", cause });
  }
}

/** The gateway's evaluation on this process's threads. */
export const inlineEvaluate: Evaluate = async ({ program, corpusPath, checkpointPath, contentId, segment }) => {
  const seed = new Uint8Array(32);
  const found = await evaluateTask(
    {
      ...{ kind: "evaluate", program: { ...program }, corpusPath, start: { checkpointPath, contentId, segment } },
      ...{ positions: 256, nGramOrders: [1, 2], sample: { prompt: new Uint8Array(), count: 40, seed } },
      ...{ threads: 1, nice: 0, memoryMiB: 1024 },
    },
    benchOf(undefined),
  );
  return qualityOf(found);
};
