// One lease this node provides, from opened to settled: decides (decideLease.ts), acts, remembers on disk. The session
// with the buyer's gateway comes and goes; work does not depend on it until the buyer is behind with paying.

import type { LeaseFacts } from "@weft/chain/facts";
import type { SegmentEvent } from "@weft/compute/Runtime";
import { explain, hasCode, WeftError } from "@weft/protocol/Errors";
import type { StreamMessage } from "@weft/protocol/messages";
import type { Hex } from "viem";
import { Loop } from "../Loop.ts";
import { countRefusal, holdPin, leasePin, type NodeContext } from "../NodeContext.ts";
import { lastIfFalse, retractable, retractFrom } from "../segments/checkLast.ts";
import { recordSegment } from "../segments/recordSegment.ts";
import { SegmentPipeline } from "../segments/SegmentPipeline.ts";
import { holdCheckpoint } from "../store/checkpoints.ts";
import { putLease } from "../store/leases.ts";
import { dropVoucher } from "../store/vouchers.ts";
import { Tasks } from "../Tasks.ts";
import { checkCourt } from "./checkCourt.ts";
import { checkOpen, firstSegmentOf, type JobTerms, mayOpen, readTerms } from "./checkOpen.ts";
import { decideLease, type LeaseAction } from "./decideLease.ts";
import { driveRun } from "./driveRun.ts";
import { fetchContent } from "./fetchContent.ts";
import type { JobSession } from "./JobSession.ts";
import type { LeaseBody, LeasePhase } from "./LeaseBody.ts";
import { takeStart } from "./takeStart.ts";

/** Times a run that failed for a passing reason is started again. */
const mostRestarts = 3;
const roomPollMs = 100;

export class LeaseRun {
  readonly leaseId: Hex;
  readonly #context: NodeContext;
  readonly #loop: Loop;
  readonly #tasks: Tasks;
  readonly pipeline: SegmentPipeline;
  #phase: LeasePhase;
  #body: LeaseBody;
  #terms: JobTerms | undefined;
  #session: JobSession | undefined;
  #progress: StreamMessage<"job.progress"> | undefined;
  #restarts = 0;
  #told = false;
  #stopping = false;
  #forgotten = false;
  /** The last segment of an earlier life was looked at again. */
  #isChecked: boolean;
  readonly #onForgotten: (leaseId: Hex) => void;

  constructor(
    context: NodeContext,
    lease: { leaseId: Hex; phase: LeasePhase; body: LeaseBody },
    onForgotten: (leaseId: Hex) => void,
  ) {
    this.#context = context;
    this.leaseId = lease.leaseId;
    this.#phase = lease.phase;
    this.#body = lease.body;
    this.#onForgotten = onForgotten;
    const log = context.log.child({ lease: lease.leaseId.slice(0, 10) });
    this.#loop = new Loop(
      { name: `lease/${lease.leaseId.slice(0, 10)}`, everyMs: 1000, leastMs: 20, step: async () => this.#step() },
      { clock: context.clock, log },
    );
    this.#tasks = new Tasks({ clock: context.clock, log, onEnd: () => this.#loop.poke() });
    const { leaseId, body } = lease;
    this.pipeline = new SegmentPipeline(context, { leaseId, tasks: this.#tasks, upTo: body.takenBack });
    // Segments from an earlier life of this process.
    this.#isChecked = this.pipeline.count === 0;
    const { job } = this.#body;
    if (job !== undefined) this.#terms = readTerms(job.order.jobCommitment, job.details);
  }

  get phase(): LeasePhase {
    return this.#phase;
  }

  get body(): LeaseBody {
    return this.#body;
  }

  start(): void {
    this.#loop.start();
  }

  poke(): void {
    this.#loop.poke();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#session?.end();
    await Promise.all([this.#loop.stop(), this.#tasks.stop()]);
  }

  /**
   * The gateway opens the job, for the first time or again.
   * @throws WeftError of checkOpen, `job.gateway`, `lease.closed`
   */
  open(open: StreamMessage<"job.open">, from: { peerId: string; operator: string }): void {
    const facts = this.#facts();
    if (facts === undefined || ["closing", "settling", "settled"].includes(facts.state))
      throw new WeftError("the lease is closed", { code: "lease.closed", remedy: "open another lease" });
    const terms = checkOpen(facts, open);
    if (!mayOpen(facts, { boundTo: this.#body.job?.gateway.peerId, ...from }))
      throw new WeftError("another gateway has this job", { code: "job.gateway", remedy: "use the session's key" });
    this.#terms = terms;
    const { order, details, resume, gateway } = open;
    const job = {
      ...{ order, details, gateway, corpus: terms.corpus },
      ...(resume === undefined
        ? {}
        : { resume: { contentId: resume.checkpoint, bytes: resume.bytes, nextStep: resume.nextStep } }),
    };
    // A job that is being worked on keeps its start: only where to reach the gateway may change.
    const before = this.#body.job;
    const kept = before === undefined ? job : { ...before, gateway };
    this.#save(this.#phase === "waiting" ? "inputs" : this.#phase, { ...this.#body, job: kept });
    this.poke();
  }

  /** Hands the lease a session; an earlier one ends. */
  attach(session: JobSession): void {
    this.#session?.end();
    this.#session = session;
    this.#told = false;
    this.#tasks.forgive();
    session.progress(this.#progress ?? this.#initialProgress());
    this.poke();
  }

  detach(session: JobSession): void {
    if (this.#session === session) this.#session = undefined;
    this.poke();
  }

  #initialProgress(): StreamMessage<"job.progress"> {
    const totalSteps = this.#terms?.program.totalSteps ?? 1;
    return { step: this.#body.job?.resume?.nextStep ?? 0, totalSteps, lossMicroBits: 0, tokensPerSecond: 0 };
  }

  /** The buyer's gateway ends the job: compute nothing more. What is done is still to be paid. */
  onStop(stop: StreamMessage<"job.stop">): void {
    this.#context.log.info({ leaseId: this.leaseId, code: stop.code }, "the buyer stopped the job");
    if (this.#phase === "finished" || this.#phase === "failed") return;
    const failed = { code: "job.stopped", message: stop.message, retryable: false };
    this.#save("failed", { ...this.#body, failed });
    void this.#context.runtime.stop(this.leaseId, "the buyer stopped the job").catch(() => {});
    this.poke();
  }

  #facts(): LeaseFacts | undefined {
    return this.#context.chain.lease(this.leaseId);
  }

  #save(phase: LeasePhase, body: LeaseBody): void {
    const { store, clock } = this.#context;
    putLease(store, { lease: { leaseId: this.leaseId, role: "provider", phase, body }, at: clock.now() });
    this.#phase = phase;
    this.#body = body;
  }

  async #step(): Promise<void> {
    if (this.#forgotten) return;
    const { chain } = this.#context;
    const facts = this.#facts();
    const answered =
      facts === undefined ||
      (!this.#isTakingBack(facts) &&
        (this.pipeline.open(facts.accrue) === 0 || this.pipeline.hopeless() !== undefined));
    const action = decideLease({
      facts,
      phase: this.#phase,
      now: chain.now(),
      startDeadlineSeconds: chain.params.startDeadlineSeconds,
      attached: this.#tasks.isRunning("run"),
      answered,
      stopping: this.#stopping,
    });
    this.#perform(action);
    if (facts === undefined) return;
    this.pipeline.step(facts, this.#session);
    this.#lookBack(facts);
    this.#giveUpOnRefusals();
    await this.#tellEnd(answered);
  }

  #perform(action: LeaseAction): void {
    const { chain, runtime } = this.#context;
    const tasks = this.#tasks;
    if (action.act === "fetch") tasks.run("inputs", (signal) => this.#fetchInputs(signal));
    else if (action.act === "start") tasks.run("start", () => this.#startLease());
    else if (action.act === "run") tasks.run("run", (signal) => this.#run(signal));
    else if (action.act === "stop") tasks.run("stop", () => runtime.stop(this.leaseId, "the lease is closed"));
    else if (action.act === "close")
      tasks.run("close", async () => void (await chain.close(this.leaseId, action.reason)));
    else if (action.act === "closeUnstarted")
      tasks.run("close", async () => void (await chain.closeUnstarted(this.leaseId)));
    else if (action.act === "forget") this.#forget();
  }

  async #fetchInputs(signal: AbortSignal): Promise<void> {
    const { job } = this.#body;
    const lease = this.#facts();
    const terms = this.#terms;
    if (job === undefined || terms === undefined || lease === undefined) return;
    const pin = leasePin(this.leaseId);
    // Whoever said on chain that it holds the inputs hands them out as well.
    const holder = this.#facts()?.inputsHolder;
    const held = holder === undefined ? undefined : this.#context.peerOf(holder);
    const sources = held === undefined ? [job.gateway] : [job.gateway, held];
    await fetchContent(this.#context, { content: job.corpus, sources, pin, signal });
    const taken = await this.#checked(async () => {
      const [resume] = await Promise.all([
        takeStart(this.#context, { lease, terms, resume: job.resume, sources, signal }),
        checkCourt(this.#context, { job, terms, signal }),
      ]);
      return { resume };
    });
    if (taken === undefined) return;
    const { resume } = taken;
    const body = resume === undefined ? this.#body : { ...this.#body, job: { ...(this.#body.job ?? job), resume } };
    this.#save(this.#facts()?.state === "running" ? "running" : "ready", body);
  }

  /** What is done before a start; undefined when that found the job to be one that no provider should work on. */
  async #checked<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      const code = (["job.start", "job.court"] as const).find((known) => hasCode(error, known));
      if (code === undefined) throw error;
      this.#fail({ code, message: (error as Error).message, retryable: false });
      return undefined;
    }
  }

  async #startLease(): Promise<void> {
    await this.#context.chain.start(this.leaseId);
    this.#save("running", this.#body);
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { job } = this.#body;
    const terms = this.#terms;
    if (job === undefined || terms === undefined) return;
    const end = await driveRun(this.#context, {
      ...{ leaseId: this.leaseId, job, terms, signal },
      onProgress: (progress) => {
        this.#progress = progress;
        this.#session?.progress(progress);
      },
      onSegment: (event) => this.#onSegment(event, terms),
      room: () => this.#room(signal),
    });
    if (end.kind === "stopped" || this.#phase === "failed") return;
    if (end.kind === "done") this.#finish(end.segments);
    else if (end.retryable && this.#restarts++ < mostRestarts)
      throw new WeftError(end.message, { code: end.code, fault: "us", retryable: true });
    else if (this.#isOpen()) this.#fail({ code: end.code, message: end.message, retryable: end.retryable });
  }

  #isOpen(): boolean {
    const state = this.#facts()?.state;
    return state === "running" || state === undefined;
  }

  async #onSegment(event: SegmentEvent, terms: JobTerms): Promise<void> {
    const facts = this.#facts();
    if (facts === undefined)
      throw new WeftError("the lease is not on chain now", { code: "lease.unknown", retryable: true });
    const firstSegment = firstSegmentOf(terms.program, this.#body.job?.resume?.nextStep);
    const save = (body: LeaseBody) => this.#save(this.#phase, body);
    const work = await recordSegment(this.#context, { facts, terms, firstSegment, body: this.#body, save }, event);
    this.pipeline.add(work);
    this.poke();
  }

  /** Waits while too much work is unpaid; ends early when the lease does. */
  async #room(signal: AbortSignal): Promise<void> {
    for (;;) {
      const facts = this.#facts();
      if (signal.aborted || facts === undefined || facts.state !== "running") return;
      if (this.#phase === "failed" || this.pipeline.mayWork(facts.accrue)) return;
      await this.#context.clock.sleep(roomPollMs, signal).catch(() => {});
    }
  }

  #finish(segments: number): void {
    const last = this.pipeline.last;
    if (last === undefined) return;
    this.#save("finished", { ...this.#body, finished: { segments, checkpoint: last.commitment.checkpoint } });
  }

  #fail(failed: { code: string; message: string; retryable: boolean }): void {
    this.#context.log.error({ leaseId: this.leaseId, code: failed.code, message: failed.message }, "job failed");
    this.#save("failed", { ...this.#body, failed });
  }

  /** A false segment of its own is on chain and can still leave it: only while the lease isn't closed. */
  #isTakingBack(lease: LeaseFacts): boolean {
    const { takenBack } = this.#body;
    return takenBack !== undefined && Number(retractable(this.#context, lease)?.segment ?? -1) >= takenBack;
  }

  /** After a restart: the last segment is computed again where it can still be taken back, and is when it was false. */
  #lookBack(lease: LeaseFacts): void {
    const { job, takenBack = 0 } = this.#body;
    if (this.#isTakingBack(lease))
      this.#tasks.run("retract", () => retractFrom(this.#context, lease, takenBack), { warnFrom: 4 });
    const terms = this.#terms;
    if (this.#isChecked || job === undefined || terms === undefined) return;
    this.#tasks.run("look back", async (signal) => {
      const { pipeline } = this;
      const segment = await lastIfFalse(this.#context, { lease, job, terms, pipeline, signal });
      this.#isChecked = true;
      if (segment !== undefined) this.#takeBack(segment);
    });
  }

  /** On disk before it is on chain: a node that is killed in between commits to none of it again. */
  #takeBack(segment: number): void {
    this.pipeline.takeBack(segment);
    countRefusal(this.#context, "job.falseSegment");
    const message = `segment ${segment}, computed before this node was killed, is false`;
    this.#body = { ...this.#body, takenBack: segment };
    this.#fail({ code: "job.falseSegment", message, retryable: false });
    void this.#context.runtime.stop(this.leaseId, message).catch(() => {});
  }

  /** A gateway that refuses a segment for good will pay no later one either. */
  #giveUpOnRefusals(): void {
    const code = this.pipeline.hopeless();
    if (code === undefined || this.#phase === "failed" || !this.#isOpen()) return;
    this.#fail({ code: "job.unpaid", message: `the gateway refuses to pay: ${code}`, retryable: false });
    void this.#context.runtime.stop(this.leaseId, "the buyer does not pay").catch(() => {});
  }

  /** Tells an open session how the job ended, once everything that can be answered is. */
  async #tellEnd(answered: boolean): Promise<void> {
    const session = this.#session;
    if (session === undefined || this.#told || !answered) return;
    const { finished, failed } = this.#body;
    if (this.#phase === "finished" && finished !== undefined) {
      this.#told = true;
      await session.done(finished);
    } else if (this.#phase === "failed" && failed !== undefined) {
      this.#told = true;
      await session.failed({ ...failed, message: failed.message.slice(0, 512) });
    }
  }

  /** A buyer that pays without being there fetches its result later: the provider holds it like any other node. */
  #keepResult(): void {
    const { store, blobs, clock } = this.#context;
    const last = this.pipeline.last;
    if (last === undefined || this.#facts()?.accrue !== true) return;
    const { segment, checkpoint: content } = last.commitment;
    const held = { leaseId: this.leaseId, segment: Number(segment), content, bytes: last.checkpointBytes };
    holdCheckpoint(store, { held, at: clock.now() });
    blobs.pin(content, holdPin(this.leaseId));
  }

  #forget(): void {
    this.#forgotten = true;
    const { store, blobs, clock, log, runtime } = this.#context;
    this.#keepResult();
    blobs.unpinAll(leasePin(this.leaseId));
    const lease = { leaseId: this.leaseId, role: "provider" as const, phase: this.#phase, body: this.#body };
    putLease(store, { lease, at: clock.now(), closed: true });
    dropVoucher(store, { channelId: this.leaseId });
    try {
      (runtime as { remove?: (runId: string) => void }).remove?.(this.leaseId);
    } catch (error) {
      log.debug({ leaseId: this.leaseId, reason: explain(error) }, "run folder not removed");
    }
    log.info({ leaseId: this.leaseId }, "lease settled and put away");
    this.#onForgotten(this.leaseId);
  }
}
