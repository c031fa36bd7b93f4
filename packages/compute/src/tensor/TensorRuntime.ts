// The runtime for tensor programs: trains in a worker process, one durable checkpoint and journal line per segment.
// After kill -9 of the node or of the worker, start or attach goes on from the last finished segment with the same bits.
// Not here: re-execution for audits (replaySegment.ts), quality (evaluateCheckpoint.ts), money and leases.
import { existsSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { WeftError } from "@weft/protocol/Errors";
import { canonicalJson } from "@weft/tensor/canonicalJson";
import type { Threads } from "@weft/tensor/execute/openGraph";
import { type TrainProgram, validateTrainProgram } from "@weft/tensor/train/Program";
import type { Corruption } from "@weft/tensor/train/Trainer";
import { z } from "zod";
import type { FailedEvent, RunEvent, RunHandle, Runtime, RuntimeJob, SegmentEvent } from "../Runtime.ts";
import { startShape, type Task } from "./messages.ts";
import { RunEvents } from "./RunEvents.ts";
import {
  appendSegment,
  closeJournal,
  createJournal,
  hasJournal,
  openJournal,
  pruneCheckpoints,
  type RunJournal,
} from "./RunJournal.ts";
import { type Failure, type Timing, WorkerProcess } from "./WorkerProcess.ts";

export const specShape = z.strictObject({
  /** A program of packages/tensor. */
  program: z.record(z.string(), z.unknown()).transform((value) => value as unknown as TrainProgram),
  /** The program's corpus on disk; its data root is checked before the first step. */
  corpusPath: z.string().min(1).max(4096),
  /** Where to go on from another provider's work; absent: the program's own start. */
  start: startShape.optional(),
});
export type TensorSpec = z.infer<typeof specShape>;

/** Faults for tests and the testkit. Nothing in production code passes them. */
export interface TensorFaults {
  /** Flips one bit of the state once, after the named step. */
  corrupt?: Corruption;
  /** Reports checkpoints at paths where no file is. */
  withholdCheckpoints?: boolean;
}

export interface TensorRuntimeOptions {
  /** Runs live in folders below. */
  folder: string;
  timing?: Partial<Timing>;
  /** Checkpoint files kept per run, newest first. Default 8. */
  keptCheckpoints?: number;
  faults?: TensorFaults;
}

export interface TensorRuntime extends Runtime<TensorSpec> {
  /** Deletes a run that isn't going on, with its checkpoints. */
  remove(runId: string): void;
  /** Stops every run; for the node's shutdown. */
  close(): Promise<void>;
}

/** Finished segments that may wait for the reader before the worker does. */
const credits = 4;

const jobShape = z.strictObject({
  runId: z.string().regex(/^[A-Za-z0-9_-]{1,80}$/),
  spec: specShape,
  limits: z.strictObject({
    threads: z.int().min(1).max(1024),
    memoryMiB: z.int().min(1).max(1_048_576),
    nice: z.int().min(0).max(19),
  }),
});

function refuse(code: string, message: string, remedy: string): WeftError {
  return new WeftError(message, { code, remedy });
}

/** @throws WeftError `runtime.spec`, or `tensor.bad-program` */
function checkJob(job: unknown): RuntimeJob<TensorSpec> {
  const parsed = jobShape.safeParse(job);
  const issue = parsed.error?.issues[0];
  if (issue !== undefined)
    throw refuse(
      "runtime.spec",
      `the job's ${issue.path.join(".")}: ${issue.message}`,
      "see Runtime.ts for the job's shape",
    );
  const { runId, spec, limits } = parsed.data as z.infer<typeof jobShape>;
  const { start, corpusPath } = spec;
  const paths = {
    corpusPath: resolve(corpusPath),
    ...(start && { start: { ...start, checkpointPath: resolve(start.checkpointPath) } }),
  };
  return { runId, spec: { program: validateTrainProgram(spec.program), ...paths }, limits };
}

/** A run that is going on: its worker, its journal, its events. */
class TensorRun implements RunHandle {
  readonly runId: string;
  readonly ended: Promise<void>;
  readonly #events: RunEvents;
  readonly #journal: RunJournal;
  readonly #options: TensorRuntimeOptions;
  readonly #worker: WorkerProcess | undefined;
  #segmentAt = performance.now();

  constructor(job: RuntimeJob<TensorSpec>, journal: RunJournal, options: TensorRuntimeOptions) {
    this.runId = job.runId;
    this.#journal = journal;
    this.#options = options;
    const past = journal.segments.map((segment) => this.#published(segment));
    this.#events = new RunEvents(past, () => this.#worker?.send({ type: "credit" }));
    const total = segmentsOf(job.spec.program);
    const next = nextSegment(job, journal);
    if (next >= total) {
      this.#events.push({ type: "done", segments: total });
      this.ended = Promise.resolve(closeJournal(journal));
      return;
    }
    this.#worker = new WorkerProcess({
      task: taskOf(job, journal, options),
      writable: journal.folder,
      ...(options.timing && { timing: options.timing }),
      onReport: (report) => {
        if (report.type === "segment") this.#finish(report);
        else if (report.type === "progress") this.#events.push(report);
      },
    });
    this.ended = this.#worker.ended.then((failure) => {
      closeJournal(journal);
      this.#events.push(failure === undefined ? { type: "done", segments: total } : failed(failure, journal));
    });
  }

  /** Process id of the worker; undefined when the run was finished already. */
  get pid(): number | undefined {
    return this.#worker?.pid;
  }

  #finish(segment: SegmentEvent): void {
    const now = performance.now();
    // The worker's own measure, but never more than the time this process saw pass.
    const meteredMs = Math.min(segment.meteredMs, Math.floor(now - this.#segmentAt));
    this.#segmentAt = now;
    const event = { ...segment, meteredMs };
    appendSegment(this.#journal, event);
    pruneCheckpoints(this.#journal, { keep: Math.max(credits + 2, this.#options.keptCheckpoints ?? 8) });
    this.#events.push(this.#published(event));
  }

  #published(segment: SegmentEvent): SegmentEvent {
    if (this.#options.faults?.withholdCheckpoints !== true) return segment;
    return { ...segment, checkpoint: { ...segment.checkpoint, path: `${segment.checkpoint.path}.withheld` } };
  }

  events(): AsyncIterable<RunEvent> {
    return this.#events.read();
  }

  async stop(): Promise<void> {
    await this.end("stopped by its owner");
  }

  async end(reason: string): Promise<void> {
    await this.#worker?.stop(reason);
    await this.ended;
  }
}

const segmentsOf = (program: TrainProgram): number => Math.ceil(program.totalSteps / program.stepsPerSegment);

const nextSegment = (job: RuntimeJob<TensorSpec>, journal: RunJournal): number =>
  (journal.segments.at(-1)?.segment ?? (job.spec.start?.segment ?? 0) - 1) + 1;

function taskOf(job: RuntimeJob<TensorSpec>, journal: RunJournal, options: TensorRuntimeOptions): Task {
  const last = journal.segments.at(-1);
  const start =
    last === undefined
      ? job.spec.start
      : { checkpointPath: last.checkpoint.path, contentId: last.checkpoint.contentId, segment: last.segment + 1 };
  return {
    kind: "train",
    program: { ...job.spec.program },
    corpusPath: job.spec.corpusPath,
    ...(start && { start }),
    ...capsOf(job.limits),
    folder: journal.folder,
    credits,
    ...(options.faults?.corrupt && { corrupt: options.faults.corrupt }),
  };
}

/** The trainer computes on one to four threads. */
export function capsOf(limits: RuntimeJob["limits"]): Pick<Task, "threads" | "nice" | "memoryMiB"> {
  const threads = Math.max(1, Math.min(4, limits.threads)) as Threads;
  return { threads, nice: limits.nice, memoryMiB: limits.memoryMiB };
}

const failed = (failure: Failure, journal: RunJournal): FailedEvent => ({
  type: "failed",
  ...failure,
  lastSegment: journal.segments.at(-1)?.segment ?? -1,
});

/** The journal of a job: a new one, or the one that is there when it is the same job's. */
function journalOf(folder: string, job: RuntimeJob<TensorSpec>): RunJournal {
  const stored = { runId: job.runId, spec: { ...job.spec, program: { ...job.spec.program } }, limits: job.limits };
  if (!hasJournal(folder)) return createJournal(folder, stored);
  const journal = openJournal(folder);
  const programOf = (value: unknown) => canonicalJson((value as RuntimeJob<TensorSpec>).spec.program as never);
  if (programOf(journal.job) === programOf(stored)) return journal;
  closeJournal(journal);
  throw refuse("runtime.conflict", `run ${job.runId} is of another program`, "use another run id, or remove the run");
}

/** The runtime over a folder; one per node process. */
export function createTensorRuntime(options: TensorRuntimeOptions): TensorRuntime {
  const running = new Map<string, TensorRun>();
  const folderOf = (runId: string): string => join(resolve(options.folder), runId);

  const begin = (job: RuntimeJob<TensorSpec>, journal: RunJournal): TensorRun => {
    const run = new TensorRun(job, journal, options);
    running.set(job.runId, run);
    void run.ended.finally(() => running.delete(job.runId));
    return run;
  };
  const start = async (input: RuntimeJob<TensorSpec>, { signal }: { signal?: AbortSignal }): Promise<TensorRun> => {
    signal?.throwIfAborted();
    const job = checkJob(input);
    if (running.has(job.runId))
      throw refuse("runtime.running", `run ${job.runId} is going on`, "read its events, or stop it first");
    const run = begin(job, journalOf(folderOf(job.runId), job));
    const onAbort = () => void run.end(`cancelled: ${String(signal?.reason)}`);
    signal?.addEventListener("abort", onAbort, { once: true });
    void run.ended.finally(() => signal?.removeEventListener("abort", onAbort));
    return run;
  };
  const attach = async (runId: string): Promise<TensorRun | undefined> => {
    const there = running.get(runId);
    if (there !== undefined) return there;
    if (!/^[A-Za-z0-9_-]{1,80}$/.test(runId) || !hasJournal(folderOf(runId))) return undefined;
    const journal = openJournal(folderOf(runId));
    return begin(checkJob(journal.job), journal);
  };
  return {
    kind: "tensor",
    start,
    attach,
    stop: async (runId, reason) => running.get(runId)?.end(reason),
    remove: (runId) => {
      if (running.has(runId)) throw refuse("runtime.running", `run ${runId} is going on`, "stop it first");
      if (existsSync(folderOf(runId)) && hasJournal(folderOf(runId))) rmSync(folderOf(runId), { recursive: true });
    },
    close: async () => {
      await Promise.all([...running.values()].map((run) => run.end("the node is shutting down")));
    },
  };
}
