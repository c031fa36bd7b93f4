// Works one lease: dials the provider, serves its session, checks and pays segments, watches chain and audits.
//
// Ends when the run is done, the provider failed or fell silent, an audit confirmed a false segment, or the buyer
// cancelled. A broken stream is dialled again for as long as the silence limit allows.
import { WeftError } from "@weft/protocol/Errors";
import type { JobFile } from "@weft/protocol/JobFile";
import type { StreamMessage } from "@weft/protocol/messages";
import * as Segment from "@weft/protocol/Segment";
import { checkpointBytes } from "@weft/tensor/train/Checkpoint";
import { outlineProgram, type TrainProgram } from "@weft/tensor/train/Program";
import { startRootOf } from "@weft/tensor/train/startRoot";
import type { Hex } from "viem";
import type { GatewayContext } from "../GatewayContext.ts";
import { checkSegment } from "./checkSegment.ts";
import { type JobRecord, type LeaseRecord, lastGood, orderOf } from "./JobRecord.ts";
import { runSession, type SegmentAnswer, type SessionEnd } from "./JobSession.ts";
import { payingStateOf, promise } from "./payLease.ts";
import { recordSegment } from "./recordSegment.ts";
import { recoverLease } from "./recoverLease.ts";
import { resumeOf } from "./resumeOf.ts";
import { watchTwins } from "./signedTwice.ts";
import { untilLost } from "./untilLost.ts";
import { isFoundFalse } from "./untilSettled.ts";
import { untilUnstarted } from "./untilUnstarted.ts";
import { handoverMs, untilWithheld } from "./untilWithheld.ts";

/** What a lease's work needs; `save` persists the record before anything depends on it. */
export interface LeaseWork {
  jobId: string;
  file: JobFile;
  record: JobRecord;
  lease: LeaseRecord;
  program: TrainProgram;
  programHash: Hex;
  orderHash: Hex;
  save(record: JobRecord): void;
  signal: AbortSignal;
}

export type LeaseEnd =
  | { kind: "done" }
  | { kind: "cancelled" }
  /** What it goes on from was found false meanwhile: no fault of its provider. */
  | { kind: "superseded" }
  /** The provider's side failed; the job may go on elsewhere. */
  | { kind: "failed"; reason: "providerSilent" | "providerQuit" | "falseSegment" | "unstarted"; detail: string }
  /** The job itself cannot succeed anywhere. */
  | { kind: "fatal"; code: string; message: string };

/** A provider that says nothing for this long is lost; long enough for a beacon round and a slow checkpoint. */
const silenceMs = 20_000;
const redialMs = 500;
/** How long a segment may wait for the chain to show it, and how often that is looked at. */
const patienceMs = 10_000;
const retryMs = 200;
const maxDials = 40;

export async function runLease(context: GatewayContext, work: LeaseWork): Promise<LeaseEnd> {
  const stop = new AbortController();
  const signal = AbortSignal.any([work.signal, stop.signal]);
  // A gateway that was away may find the lease over.
  let ended = chainVerdict(context, work);
  const unwatch = context.chain.onChange(() => {
    ended ??= chainVerdict(context, work) ?? builtOnFalse(context, work);
    if (ended !== undefined) stop.abort(new WeftError("the lease ended on chain", { code: "lease.ended" }));
  });
  const unwatchTwins = watchTwins(context, work.lease);
  const start = { refused: false };
  void untilUnstarted(context, { ...work, signal, refused: () => start.refused }).then(
    (step) => {
      if (step === "over") return;
      const detail = "not started, and no other node could confirm the inputs";
      ended ??= { kind: "failed", reason: "unstarted", detail };
      stop.abort(new WeftError(detail, { code: "lease.unstarted", fault: "provider" }));
    },
    () => {},
  );
  void untilWithheld(context, { ...work, handoverMs: handoverMs(checkpointSize(work)), signal }).then(
    (segment) => {
      const detail = `segment ${segment} is committed, but its checkpoint was not handed over`;
      ended ??= { kind: "failed", reason: "providerSilent", detail };
      stop.abort(new WeftError(detail, { code: "segment.withheld", fault: "provider" }));
    },
    () => {},
  );
  void untilLost(context, { ...work, signal }).then(
    () => {
      const detail = "the chain went back behind the lease, and it did not come again";
      ended ??= { kind: "failed", reason: "unstarted", detail };
      stop.abort(new WeftError(detail, { code: "lease.lost", fault: "network" }));
    },
    () => {},
  );
  try {
    const end = ended ?? (await dialUntilEnd(context, { ...work, signal }, start));
    ended ??= chainVerdict(context, work) ?? end;
    if (ended.kind !== "cancelled") await recoverLease(context, work);
    return ended;
  } finally {
    unwatch();
    unwatchTwins();
    stop.abort();
  }
}

/** What the chain says about the lease, when it says that work is over. */
function chainVerdict(context: GatewayContext, work: LeaseWork): LeaseEnd | undefined {
  const segments = context.chain.segments(work.lease.leaseId);
  if (segments.some(({ audit }) => audit === "confirmed"))
    return { kind: "failed", reason: "falseSegment", detail: "two auditors recomputed a segment and found it false" };
  if (segments.some(({ equivocated }) => equivocated))
    return { kind: "failed", reason: "falseSegment", detail: "two contents were signed for one segment" };
  const facts = context.chain.lease(work.lease.leaseId);
  if (facts === undefined || !["closing", "settling", "settled"].includes(facts.state)) return undefined;
  if (facts.reason === "falseSegment" || facts.reason === "providerQuit" || facts.reason === "unstarted")
    return { kind: "failed", reason: facts.reason, detail: "the lease was closed on chain" };
  return facts.reason === "completed"
    ? { kind: "done" }
    : { kind: "failed", reason: "providerSilent", detail: "closed" };
}

/** An earlier lease's segment that the record still counts was found false: all that is done now would be done again. */
export function builtOnFalse(
  context: Pick<GatewayContext, "chain">,
  { record, lease }: Pick<LeaseWork, "record" | "lease">,
): LeaseEnd | undefined {
  const earlier = record.segments.filter(({ leaseId }) => leaseId !== lease.leaseId);
  return earlier.some((segment) => isFoundFalse(context, segment)) ? { kind: "superseded" } : undefined;
}

/**
 * Dials until the run is over. Before the start silence ends nothing: how long a provider may idle, and what that costs
 * it, is for the chain to say (untilUnstarted.ts), so a provider that refuses the job is only dialled again.
 */
async function dialUntilEnd(context: GatewayContext, work: LeaseWork, start: { refused: boolean }): Promise<LeaseEnd> {
  const lastHeard = { at: context.clock.now() };
  let last: SessionEnd | undefined;
  for (let dial = 0; dial < maxDials && context.clock.now() - lastHeard.at < silenceMs; ) {
    last = await session(context, work, lastHeard);
    if (last.kind === "done") return { kind: "done" };
    if (last.kind === "stopped" || work.signal.aborted) return { kind: "cancelled" };
    const started = isStarted(context, work);
    if ((last.kind === "failed" || last.kind === "refused") && !last.retryable) {
      const ended = providerFailed(last);
      if (started || ended.kind === "fatal") return ended;
      start.refused = true;
    }
    if (started) dial += 1;
    else lastHeard.at = context.clock.now();
    await context.clock.sleep(started ? redialMs : idleRedialMs(context), work.signal).catch(() => {});
  }
  return { kind: "failed", reason: "providerSilent", detail: lostReason(last) };
}

const checkpointSize = ({ program }: LeaseWork): number => checkpointBytes(outlineProgram(program), program.totalSteps);

/** True as well for a lease that is closed: nothing is waited for then. */
function isStarted(context: GatewayContext, work: LeaseWork): boolean {
  noteStart(context, work);
  const state = context.chain.lease(work.lease.leaseId)?.state;
  return state !== undefined && state !== "open" && state !== "inputsReady";
}

/** An idle provider is dialled at most 64 times within its deadline. */
const idleRedialMs = (context: GatewayContext): number =>
  Math.max(redialMs, Math.ceil((Number(context.chain.params.startDeadlineSeconds) * 1000) / 64));

const lostReason = (end: SessionEnd | undefined): string => {
  if (end?.kind === "lost") return end.reason;
  return end?.kind === "failed" || end?.kind === "refused" ? `${end.code}: ${end.message}` : "no answer";
};

/** A spec or a step that one provider's runtime refuses is refused by all of them: the same code would run. */
function providerFailed(end: Extract<SessionEnd, { kind: "failed" | "refused" }>): LeaseEnd {
  if (end.code === "runtime.spec" || end.code === "runtime.nan")
    return { kind: "fatal", code: end.code, message: end.message };
  return { kind: "failed", reason: "providerQuit", detail: `${end.code}: ${end.message}` };
}

async function session(context: GatewayContext, work: LeaseWork, lastHeard: { at: number }): Promise<SessionEnd> {
  const provider = context.chain.endpointOf(work.lease.nodeId);
  if (provider === undefined) return { kind: "lost", reason: "the provider has no endpoint in the registry" };
  const heard = () => {
    lastHeard.at = context.clock.now();
  };
  return await runSession(context.transport, {
    provider,
    open: openMessage(context, work),
    silenceMs,
    signal: work.signal,
    handlers: {
      onAccepted: heard,
      onProgress: (progress) => {
        heard();
        noteStart(context, work);
        context.emit(work.jobId, "progress", {
          step: progress.step,
          totalSteps: progress.totalSteps,
          bitsPerByte: progress.lossMicroBits / 1e6,
          tokensPerSecond: progress.tokensPerSecond,
        });
      },
      onSegment: async (report) => {
        heard();
        noteStart(context, work);
        return await answerSegment(context, work, report);
      },
    },
  });
}

function openMessage(context: GatewayContext, work: LeaseWork): StreamMessage<"job.open"> {
  const { record, lease } = work;
  return {
    leaseId: lease.leaseId,
    order: orderOf(record, lease).order,
    details: record.details,
    corpus: record.corpus,
    ...resumeOf(record, lease),
    gateway: context.self(),
  };
}

/** The start transaction is the provider's; the gateway reads its time from the chain once. */
function noteStart(context: GatewayContext, work: LeaseWork): void {
  if (work.lease.startedAt !== undefined) return;
  const facts = context.chain.lease(work.lease.leaseId);
  if (facts === undefined || facts.startedAt === 0n) return;
  work.lease.startedAt = facts.startedAt;
  work.save(work.record);
  context.emit(work.jobId, "started", { leaseId: work.lease.leaseId });
}

async function answerSegment(
  context: GatewayContext,
  work: LeaseWork,
  report: StreamMessage<"job.segment">,
): Promise<SegmentAnswer> {
  const { commitment } = report;
  try {
    const known = work.record.segments.find(
      (segment) => segment.leaseId === work.lease.leaseId && BigInt(segment.segment) === commitment.segment,
    );
    const startRoot = known?.startRoot ?? lastGood(work.record)?.endRoot ?? (await startRootOf(work.program));
    const checked = await settled(context, work.signal, () => checkSegment(context, { ...work, startRoot, report }));
    const promised = await promise(context, payingStateOf(work.record, work.lease), {
      channelId: work.lease.leaseId,
      segment: commitment.segment,
      meteredSeconds: commitment.meteredSeconds,
      hash: Segment.hash(commitment),
    });
    if (promised.fresh)
      recordSegment(context, work, { ...report, holders: checked.holders, cumulative: promised.cumulative });
    return { paid: true, voucher: promised.signed };
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    const message = error.message.slice(0, 512);
    context.emit(work.jobId, "unpaid", { segment: Number(commitment.segment), code: error.code, message });
    return { paid: false, unpaid: { segment: Number(commitment.segment), code: error.code, message } };
  }
}

/** Runs a check again while it fails for want of a block or a beacon round, within a bound. */
async function settled<T>(context: GatewayContext, signal: AbortSignal, check: () => Promise<T>): Promise<T> {
  const until = context.clock.now() + patienceMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      const passing = error instanceof WeftError && error.fault === "network" && error.retryable;
      if (!passing || context.clock.now() >= until) throw error;
    }
    await context.clock.sleep(retryMs, signal);
  }
}
