// The runtime port: how a node runs a job, whatever the job is made of. Tensor programs are the first adapter; WASM,
// containers and Slurm fill the same three verbs. Every adapter runs runtimeCompliance.ts.
// Not here: money, leases and signatures (apps/node), the meaning of a job's `spec` (each adapter checks its own).

/** What a job may use. Enforced by the adapter, not trusted to the job. */
export interface Limits {
  /** Worker threads, 1 or more. */
  threads: number;
  /** Memory of the whole run, MiB. */
  memoryMiB: number;
  /** Unix nice value, 0 (normal) to 19 (least favoured). */
  nice: number;
}

export interface RuntimeJob<Spec = unknown> {
  /** 1–80 characters of a–z, A–Z, 0–9, dash and underscore; the caller's choice (a lease id). Starting it again resumes it. */
  runId: string;
  spec: Spec;
  limits: Limits;
}

/** Commitment material of one finished segment; 0x-hex of 32 bytes each. */
export interface Trace {
  startRoot: `0x${string}`;
  endRoot: `0x${string}`;
  historyRoot: `0x${string}`;
}

export interface CheckpointFile {
  /** 0x-hex SHA-256 of the file's bytes. */
  contentId: `0x${string}`;
  path: string;
  bytes: number;
}

export interface SegmentEvent {
  type: "segment";
  /** Counted from 0 over the whole job, also when a run started in the middle of it. */
  segment: number;
  /** Steps firstStep..lastStep inclusive, counted from 0. */
  firstStep: number;
  lastStep: number;
  trace: Trace;
  checkpoint: CheckpointFile;
  /** Units of work done in the segment (tokens of a training job). */
  tokens: number;
  /** Wall time spent computing this segment, milliseconds; metering.ts turns it into billed seconds. */
  meteredMs: number;
  /** Mean loss over the segment's steps, for display; never a trust boundary. */
  loss: number;
}

export interface ProgressEvent {
  type: "progress";
  /** Steps finished. */
  step: number;
  totalSteps: number;
  loss: number;
  tokensPerSecond: number;
}

export interface DoneEvent {
  type: "done";
  /** Segments of the whole job. */
  segments: number;
}

/** Why a run ended before its last segment. */
export type FailureCode =
  | "runtime.spec" // the job's spec is malformed, or input and spec disagree: the buyer's fault
  | "runtime.nan" // a step gave a NaN, on any machine: the buyer's fault; the message names step and operator
  | "runtime.checkpoint" // the start checkpoint is malformed or another job's
  | "runtime.memory" // the job needs more than its memory limit
  | "runtime.crashed" // the worker died
  | "runtime.stalled" // no heartbeat in time
  | "runtime.storage" // a checkpoint or journal could not be written
  | "runtime.stopped"; // stop() or the start's signal

export interface FailedEvent {
  type: "failed";
  code: FailureCode;
  message: string;
  /** Starting the same run again may succeed; finished segments are kept either way. */
  retryable: boolean;
  /** Last finished segment, -1 when none. */
  lastSegment: number;
}

export type RunEvent = ProgressEvent | SegmentEvent | DoneEvent | FailedEvent;

export interface RunHandle {
  readonly runId: string;
  /**
   * Every finished segment of the run in order, those from before a restart first, then what happens next; ends after
   * `done` or `failed`. Progress events may be dropped when the reader is slow, segments never: the run waits instead.
   * One reader per handle; a second call throws `runtime.reader`.
   */
  events(): AsyncIterable<RunEvent>;
  stop(): Promise<void>;
}

export interface Runtime<Spec = unknown> {
  readonly kind: string;
  /**
   * Starts a run, or resumes it from its last finished segment when the run folder holds one.
   * @throws WeftError `runtime.running` when the run is going on already, `runtime.spec` for a malformed job.
   */
  start(job: RuntimeJob<Spec>, options: { signal?: AbortSignal }): Promise<RunHandle>;
  /** The run after a restart of the caller: resumed when unfinished, replayed when finished, undefined when unknown. */
  attach(runId: string): Promise<RunHandle | undefined>;
  /** Ends the run within the adapter's bound, by force if it must; nothing happens when it isn't running. */
  stop(runId: string, reason: string): Promise<void>;
}
