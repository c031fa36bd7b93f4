// Starts jobs, goes on with the unfinished ones after a restart, and lets many readers follow a job's events.
import { WeftError } from "@weft/protocol/Errors";
import { isFinal, type JobEvent, type JobEventBody, type JobEventKind } from "@weft/protocol/JobEvent";
import { check, type JobFile } from "@weft/protocol/JobFile";
import { encodeTrainProgram } from "@weft/tensor/train/Program";
import { bytesToHex, type Hex } from "viem";
import type { GatewayContext } from "../GatewayContext.ts";
import { encode, type JobRecord } from "./JobRecord.ts";
import { prepareJob } from "./prepareJob.ts";
import { runJob } from "./runJob.ts";

export interface JobRequest {
  job: unknown;
  corpus: { contentId: Hex; bytes: number };
  idempotencyKey?: string;
}

const maxRunning = 64;

export class JobManager {
  readonly #context: GatewayContext;
  readonly #running = new Map<string, { stop: AbortController; ended: Promise<void> }>();
  readonly #readers = new Map<string, Set<() => void>>();

  constructor(context: GatewayContext) {
    this.#context = context;
  }

  /** Goes on with every job that had not ended. */
  resume(): void {
    for (const { jobId } of this.#context.store.unfinishedJobs()) this.#run(jobId);
  }

  /**
   * Checks and records a job, then starts it. The same idempotency key gives the same job.
   * @throws WeftError `job.malformed`, `job.corpus`, `job.tooMany`
   */
  async create(request: JobRequest): Promise<string> {
    if (this.#running.size >= maxRunning)
      throw new WeftError(`${maxRunning} jobs are running already`, {
        code: "job.tooMany",
        retryable: true,
        remedy: "wait for one to end, or cancel one",
      });
    const { store, clock, blobs, random } = this.#context;
    const file = checkedFile(request.job);
    if (!blobs.has(request.corpus.contentId))
      throw new WeftError("the corpus is not in this gateway's store", {
        code: "job.corpus",
        remedy: "upload it first: PUT /v1/blobs",
      });
    const bytes = await blobs.read(request.corpus.contentId);
    const { contentId } = request.corpus;
    const prepared = prepareJob(file, { bytes, contentId }, bytesToHex(random(32)));
    const record: JobRecord = {
      file: request.job,
      corpus: { contentId, bytes: bytes.length },
      program: encodeTrainProgram(prepared.program),
      totalSteps: prepared.program.totalSteps,
      details: prepared.details,
      jobCommitment: prepared.jobCommitment,
      pastDetails: [],
      orders: [],
      leases: [],
      segments: [],
      cancelled: false,
    };
    const jobId = bytesToHex(random(6)).slice(2);
    const made = { jobId, name: file.name, record: encode(record), at: clock.now() };
    const kept = store.createJob({
      ...made,
      ...(request.idempotencyKey === undefined ? {} : { idempotencyKey: request.idempotencyKey }),
    });
    if (kept !== jobId) return kept;
    blobs.pin(contentId, jobId);
    store.link(jobId, "content", contentId);
    this.emit(jobId, "created", { jobId, name: file.name });
    this.#run(jobId);
    return jobId;
  }

  /** @throws WeftError `job.unknown`, `job.ended` */
  async cancel(jobId: string): Promise<void> {
    const row = this.#context.store.getJob(jobId);
    if (row === undefined) throw unknownJob(jobId);
    const running = this.#running.get(jobId);
    if (row.phase === "ended" || running === undefined)
      throw new WeftError(`job ${jobId} has ended already`, { code: "job.ended" });
    running.stop.abort(new WeftError("the job was cancelled", { code: "job.cancelled" }));
    await running.ended;
  }

  emit<K extends JobEventKind>(jobId: string, kind: K, body: JobEventBody<K>): void {
    this.#context.store.appendEvent(jobId, { at: this.#context.clock.now(), kind, body });
    for (const wake of this.#readers.get(jobId) ?? []) wake();
  }

  /** Every event from `fromSeq`, then new ones as they come, until the job's last. */
  async *follow(jobId: string, fromSeq: number, signal: AbortSignal): AsyncGenerator<JobEvent> {
    if (this.#context.store.getJob(jobId) === undefined) throw unknownJob(jobId);
    let next = fromSeq;
    while (!signal.aborted) {
      const events = this.#context.store.eventsFrom(jobId, next);
      for (const event of events) {
        yield event;
        next = event.seq + 1;
        if (isFinal(event)) return;
      }
      if (events.length === 0 && !this.#running.has(jobId)) return;
      if (events.length === 0) await this.#nextEvent(jobId, signal);
    }
  }

  /** Stops working; jobs go on after the next start. */
  async stop(): Promise<void> {
    const reason = new WeftError("the gateway is stopping", { code: "gateway.stopping", fault: "us" });
    for (const { stop } of this.#running.values()) stop.abort(reason);
    await Promise.allSettled([...this.#running.values()].map(({ ended }) => ended));
  }

  #run(jobId: string): void {
    const stop = new AbortController();
    const ended = runJob(this.#context, jobId, stop.signal).finally(() => {
      this.#running.delete(jobId);
      for (const wake of this.#readers.get(jobId) ?? []) wake();
    });
    this.#running.set(jobId, { stop, ended });
  }

  async #nextEvent(jobId: string, signal: AbortSignal): Promise<void> {
    const readers = this.#readers.get(jobId) ?? new Set();
    this.#readers.set(jobId, readers);
    await new Promise<void>((resolve) => {
      const wake = () => {
        readers.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      readers.add(wake);
      signal.addEventListener("abort", wake);
    });
    if (readers.size === 0) this.#readers.delete(jobId);
  }
}

export const unknownJob = (jobId: string): WeftError =>
  new WeftError(`there is no job ${jobId.slice(0, 64)}`, { code: "job.unknown", remedy: "list them: weft jobs" });

/** @throws WeftError `job.malformed` naming the first field, its limit and the remedy */
export function checkedFile(input: unknown): JobFile {
  const checked = check(input);
  if (checked.ok) return checked.job;
  const [first, ...rest] = checked.issues;
  throw new WeftError(`${first.field || "job"}: ${first.message}`, {
    code: "job.malformed",
    remedy: first.remedy,
    ...(rest.length === 0 ? {} : { details: { "further issues": rest.length } }),
  });
}
