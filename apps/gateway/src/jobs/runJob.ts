// One job from order to end, as phases over a saved record: created → bidding → opening → running → finishing → ended.
//
// Any phase can be entered again after a kill: what was decided is in the record, what was sent is known to the chain.
import { WeftError } from "@weft/protocol/Errors";
import { check } from "@weft/protocol/JobFile";
import { refillable } from "@weft/protocol/Lease";
import { decodeTrainProgram, type TrainProgram, trainProgramHash } from "@weft/tensor/train/Program";
import { bytesToHex, type Hex } from "viem";
import type { GatewayContext } from "../GatewayContext.ts";
import { finishJob } from "./finishJob.ts";
import { followAudits } from "./followAudits.ts";
import { followDisputes } from "./followDisputes.ts";
import {
  currentLease,
  currentOrder,
  decode,
  encode,
  endOrder,
  type JobRecord,
  type LeaseRecord,
  lastGood,
  nextStepOf,
} from "./JobRecord.ts";
import type { JobPhase } from "./JobStore.ts";
import { fillsOf, mayContinue } from "./orderStart.ts";
import { persevere } from "./persevere.ts";
import { ensureOrder, ensureRanked, type OrderWork, openNext } from "./placeOrder.ts";
import { type LeaseEnd, runLease } from "./runLease.ts";
import { isFoundFalse } from "./untilSettled.ts";

interface Work extends OrderWork {
  name: string;
  program: TrainProgram;
  createdAt: number;
  enter(phase: JobPhase): void;
}

/** Runs the job to its end; failures end as a `failed` event, never as a rejection. */
export async function runJob(context: GatewayContext, jobId: string, signal: AbortSignal): Promise<void> {
  try {
    const work = load(context, jobId, signal);
    const job = { jobId, leases: () => work.record.leases };
    const unfollow = [followAudits(context, job), followDisputes(context, job)];
    try {
      await persevere(context, { drive: () => drive(context, work), signal });
    } finally {
      for (const end of unfollow) end();
    }
  } catch (error) {
    if (signal.aborted && !isCancel(signal.reason)) return;
    end(context, jobId, error);
  }
}

const isCancel = (reason: unknown): boolean => reason instanceof WeftError && reason.code === "job.cancelled";

function load(context: GatewayContext, jobId: string, signal: AbortSignal): Work {
  const row = context.store.getJob(jobId);
  if (row === undefined) throw new WeftError(`there is no job ${jobId}`, { code: "job.unknown" });
  const record = decode(row.record);
  const checked = check(record.file);
  if (!checked.ok) throw new WeftError("the stored job file is malformed", { code: "job.file", fault: "us" });
  let phase: JobPhase = row.phase;
  const save = (next: JobRecord) => context.store.saveJob(jobId, { phase, record: encode(next) });
  const enter = (next: JobPhase) => {
    phase = next;
    save(record);
  };
  const program = decodeTrainProgram(record.program);
  return { jobId, name: row.name, file: checked.job, record, program, createdAt: row.createdAt, save, enter, signal };
}

async function drive(context: GatewayContext, work: Work): Promise<void> {
  const maxTurns = 2 * Number(context.chain.params.maxFills);
  for (let turn = 0; turn < maxTurns; turn++) {
    if (nextStepOf(work.record) < work.program.totalSteps) {
      if (await workOn(context, work)) continue;
      context.store.saveJob(work.jobId, { phase: "ended", record: encode(work.record), endedAt: context.clock.now() });
      return;
    }
    work.enter("finishing");
    await closeLast(context, work);
    if ((await finishJob(context, { ...work, startedAtMs: work.createdAt })) === "finished")
      return conclude(context, work);
    const lease = voidFalse(context, work);
    if (lease !== undefined)
      tellFailover(context, work, { lease, reason: "falseSegment: found after the work had ended" });
  }
  throw nobodyLeft(work.record);
}

/** One lease, from its order to its end. False when nobody fits the order. */
async function workOn(context: GatewayContext, work: Work): Promise<boolean> {
  if (currentLease(work.record) === undefined) {
    if (!mayContinue(work.record)) endOrder(work.record);
    work.enter("bidding");
  }
  const entry = await ensureOrder(context, work);
  if (!(await ensureRanked(context, work, entry))) return false;
  work.enter("opening");
  const lease = currentLease(work.record) ?? (await openNext(context, work, entry));
  if (lease === undefined) {
    if (fillsOf(work.record, entry.hash).length === 0) throw nobodyLeft(work.record);
    // Nobody is left who fits what this order still holds; others may fit a new one.
    endOrder(work.record);
    work.save(work.record);
    return true;
  }
  work.enter("running");
  const ended = await runLease(context, {
    ...work,
    lease,
    programHash: bytesToHex(trainProgramHash(work.program)),
    orderHash: entry.hash,
  });
  await afterLease(context, work, { lease, ended });
  return true;
}

function conclude(context: GatewayContext, work: Work): void {
  context.blobs.unpinAll(work.jobId);
  work.enter("ended");
  context.store.saveJob(work.jobId, { phase: "ended", record: encode(work.record), endedAt: context.clock.now() });
}

const nobodyLeft = (record: JobRecord): WeftError =>
  new WeftError("no other provider can take the job over", {
    code: "job.noProvider",
    fault: "provider",
    details: {
      failed: record.leases.map(({ nodeId }) => nodeId.slice(0, 10)).join(", "),
      nextStep: nextStepOf(record),
    },
    remedy: "order it again; the last paid checkpoint is kept",
  });

async function afterLease(
  context: GatewayContext,
  work: Work,
  after: { lease: LeaseRecord; ended: LeaseEnd },
): Promise<void> {
  const { lease, ended } = after;
  const stands = ended.kind === "done" || (ended.kind === "failed" && ended.reason !== "falseSegment");
  if (stands && nextStepOf(work.record) >= work.program.totalSteps) return;
  if (ended.kind === "cancelled") {
    if (work.signal.aborted && !isCancel(work.signal.reason)) throw work.signal.reason;
    await close(context, work, { lease, reason: "buyerCancelled" });
    throw new WeftError("the job was cancelled", { code: "job.cancelled" });
  }
  if (ended.kind === "fatal") {
    await close(context, work, { lease, reason: "buyerCancelled" });
    throw new WeftError(ended.message, { code: ended.code });
  }
  if (ended.kind === "superseded") return goBack(context, work, lease);
  const reason = ended.kind === "failed" ? ended.reason : "providerQuit";
  voidFalse(context, work);
  await close(context, work, { lease, reason: refillable.includes(reason) ? reason : "providerSilent" });
  tellFailover(context, work, {
    lease,
    reason: ended.kind === "failed" ? `${reason}: ${ended.detail}` : "ended before its last segment",
  });
}

/** Ends a lease that goes on from what was found false; its order ends with it. */
async function goBack(context: GatewayContext, work: Work, lease: LeaseRecord): Promise<void> {
  const from = voidFalse(context, work) ?? lease;
  await close(context, work, { lease, reason: "buyerCancelled" });
  endOrder(work.record);
  work.save(work.record);
  tellFailover(context, work, {
    lease: from,
    reason: "falseSegment: found after another provider had gone on from it",
  });
}

function tellFailover(context: GatewayContext, work: Work, from: { lease: LeaseRecord; reason: string }): void {
  const next = currentOrder(work.record)?.ranked.find(({ offer }) =>
    work.record.leases.every(({ nodeId }) => nodeId !== offer.nodeId),
  );
  context.emit(work.jobId, "failover", {
    fromNode: from.lease.nodeId,
    reason: from.reason,
    fromStep: nextStepOf(work.record),
    ...(next === undefined ? {} : { toNode: next.offer.nodeId }),
  });
}

/**
 * A segment found false takes everything built on it with it, other providers' segments too: work continues from the
 * last one that stands. Returns the lease of the false segment.
 */
function voidFalse(context: GatewayContext, work: Work): LeaseRecord | undefined {
  const { segments, leases } = work.record;
  const first = segments.findIndex((segment) => isFoundFalse(context, segment));
  if (first < 0) return undefined;
  for (const segment of segments.slice(first)) segment.void = true;
  work.save(work.record);
  const lease = leases.find(({ leaseId }) => leaseId === segments[first]?.leaseId);
  const signedTwice = lease !== undefined && context.chain.segments(lease.leaseId).some((one) => one.equivocated);
  const segment = (lease?.firstSegment ?? 0) + (segments[first]?.segment ?? 0);
  if (!signedTwice) tellFalse(context, work.jobId, { segment, ...(lease && { leaseId: lease.leaseId }) });
  return lease;
}

/** A lease that settles in the same moment takes its audits out of the snapshot before they were told. */
function tellFalse(context: GatewayContext, jobId: string, found: { segment: number; leaseId?: Hex }): void {
  const told = context.store
    .eventsFrom(jobId, 1)
    .some((event) => event.kind === "audit" && event.phase === "confirmedFalse" && isOf(event, found));
  if (!told) context.emit(jobId, "audit", { ...found, phase: "confirmedFalse" });
}

/** The same number may have been done again by another lease. */
const isOf = (one: { segment: number; leaseId?: string | undefined }, other: { segment: number; leaseId?: Hex }) =>
  one.segment === other.segment && (one.leaseId === undefined || one.leaseId === other.leaseId);

/** Closes with the reason the buyer may give; a lease that the chain closed already stays as it is. */
async function close(
  context: GatewayContext,
  work: Work,
  closing: { lease: LeaseRecord; reason: "buyerCancelled" | "completed" | (typeof refillable)[number] },
): Promise<void> {
  const { lease, reason } = closing;
  const facts = context.chain.lease(lease.leaseId);
  const open = facts !== undefined && ["open", "inputsReady", "running"].includes(facts.state);
  const started = facts?.state === "running";
  // Only audits may say falseSegment and only the provider providerQuit; the buyer's word for both is providerSilent,
  // and before the start it may only cancel. That ends the order, so the job goes on under a new one.
  const said =
    reason === "completed" || reason === "buyerCancelled" ? reason : started ? "providerSilent" : "buyerCancelled";
  if (open) await context.chain.close(lease.leaseId, said);
  lease.closed = context.chain.lease(lease.leaseId)?.reason ?? reason;
  const wanted = refillable.includes(reason);
  // No further fill follows one that the chain does not have.
  if (facts === undefined) endOrder(work.record);
  else if (wanted && !refillable.includes(lease.closed as (typeof refillable)[number])) endOrder(work.record);
  work.save(work.record);
  const { claimWindowSeconds, releaseDelaySeconds } = context.chain.params;
  const finalInSeconds = Number(claimWindowSeconds + releaseDelaySeconds);
  context.emit(work.jobId, "closing", { leaseId: lease.leaseId, reason: lease.closed, finalInSeconds });
}

async function closeLast(context: GatewayContext, work: Work): Promise<void> {
  const lease = currentLease(work.record);
  if (lease !== undefined && lastGood(work.record) !== undefined)
    await close(context, work, { lease, reason: "completed" });
}

function end(context: GatewayContext, jobId: string, error: unknown): void {
  const known = error instanceof WeftError ? error : undefined;
  if (known === undefined) context.log.error({ jobId, err: error }, "job failed");
  const row = context.store.getJob(jobId);
  if (row === undefined) return;
  if (known?.code === "job.cancelled") context.emit(jobId, "cancelled", { message: known.message });
  else
    context.emit(jobId, "failed", {
      code: known?.code ?? "internal",
      message: known?.message ?? "the gateway failed on this job; its log says more",
      ...(known?.remedy === undefined ? {} : { remedy: known.remedy }),
    });
  context.store.saveJob(jobId, { phase: "ended", record: row.record, endedAt: context.clock.now() });
}
