// What is known of a job after some of its events: a plain value, built by a pure reducer. Everything that is shown
// (live view, plain lines, final report, summary) is computed from it.
import { type DisputeEvent, shapes as disputeShapes } from "@weft/protocol/DisputeEvent";
import type { JobEvent, JobEventBody } from "@weft/protocol/JobEvent";
import type { LossPoint } from "./lossPlot.ts";
import { auditKey, type SegmentView, withoutAfter, withSegment } from "./segmentFates.ts";

export type Phase =
  | "created"
  | "bidding"
  | "opening"
  | "starting"
  | "running"
  | "settling"
  | "done"
  | "failed"
  | "cancelled"
  | "unmatched";

export type AuditPhase = JobEventBody<"audit">["phase"];

export interface LeaseView extends JobEventBody<"lease"> {
  startTransaction?: string;
  /** From `closing`. */
  closeReason?: string;
  settled?: JobEventBody<"settled">;
}

export interface ProgressView extends JobEventBody<"progress"> {
  at: number;
  /** Where the present provider began: what the time left is estimated from. */
  origin: { step: number; at: number };
}

export interface JobView {
  jobId: string;
  name: string;
  phase: Phase;
  /** Unix ms of the first and of the last event; 0 before any. */
  firstAt: number;
  lastAt: number;
  order?: JobEventBody<"order">;
  /** By node, the latest bid of each; at most `maxRows`. */
  bids: readonly JobEventBody<"bid">[];
  refused: readonly JobEventBody<"bidRefused">[];
  auction?: JobEventBody<"auction">;
  leases: readonly LeaseView[];
  progress?: ProgressView;
  /** Reported losses in ascending order of step, thinned to at most `maxLosses`. */
  losses: readonly LossPoint[];
  /** Segments committed, their checkpoint held by others, paid. */
  segments: { committed: number; held: number; paid: number };
  /** Highest cumulative voucher by provider, stablecoin units. */
  streamed: Readonly<Record<string, bigint>>;
  /** Each as its lease committed to it, in order, void ones too. */
  committed: readonly SegmentView[];
  /** Latest phase by lease and segment, see `auditKey`; drawn segments only. */
  audits: Readonly<Record<string, AuditPhase>>;
  unpaid: readonly JobEventBody<"unpaid">[];
  failovers: readonly JobEventBody<"failover">[];
  /** What happened in court to segments of its leases; at most `maxDisputeEvents`. */
  disputes: readonly DisputeEvent[];
  evaluated?: JobEventBody<"evaluated">;
  sample?: string;
  /** Unix ms at which the money of the last closed lease is final, if nobody disputes. */
  finalAt?: number;
  /** What to change when nobody fits. */
  remedies: readonly string[];
  done?: JobEventBody<"done">;
  /** 0x-hex SHA-256 of the checkpoint once it was saved here: what `weft train` of the same file shows. */
  savedContentId?: string;
  failed?: JobEventBody<"failed">;
  cancelled?: string;
}

/** Rows kept of anything that others can send more of. */
const maxRows = 64;
/** Some thirty are a whole game. */
const maxDisputeEvents = 1024;

export const emptyView: JobView = {
  jobId: "",
  name: "",
  phase: "created",
  firstAt: 0,
  lastAt: 0,
  bids: [],
  refused: [],
  leases: [],
  segments: { committed: 0, held: 0, paid: 0 },
  streamed: {},
  committed: [],
  audits: {},
  unpaid: [],
  failovers: [],
  disputes: [],
  losses: [],
  remedies: [],
};

/** The view after one more event. */
export function applyEvent(view: JobView, event: JobEvent): JobView {
  const timed = { ...view, firstAt: view.firstAt === 0 ? event.at : view.firstAt, lastAt: event.at };
  if (isDispute(event)) return { ...timed, disputes: [...timed.disputes, event].slice(-maxDisputeEvents) };
  return applyMarket(timed, event) ?? applyWork(timed, event) ?? applyEnd(timed, event) ?? timed;
}

/** Told of a dispute in court. */
export const isDispute = (event: JobEvent): event is JobEvent & DisputeEvent =>
  Object.hasOwn(disputeShapes, event.kind);

const append = <T>(rows: readonly T[], row: T): readonly T[] => [...rows, row].slice(-maxRows);

function applyMarket(view: JobView, event: JobEvent): JobView | undefined {
  switch (event.kind) {
    case "created":
      return { ...view, jobId: event.jobId, name: event.name };
    case "order":
      return { ...view, phase: "bidding", order: event, bids: [], refused: [] };
    case "bid":
      return {
        ...view,
        bids: append(
          view.bids.filter((bid) => bid.nodeId !== event.nodeId),
          event,
        ),
      };
    case "bidRefused":
      return {
        ...view,
        refused: append(
          view.refused.filter((row) => row.nodeId !== event.nodeId),
          event,
        ),
      };
    case "auction":
      return { ...view, phase: "opening", auction: event };
    case "unmatched":
      return {
        ...view,
        phase: "unmatched",
        refused: event.reasons.slice(0, maxRows),
        remedies: event.remedies ?? [],
      };
    case "lease":
      return { ...view, phase: "starting", leases: append(view.leases, event) };
    default:
      return undefined;
  }
}

function applyWork(view: JobView, event: JobEvent): JobView | undefined {
  const { segments } = view;
  switch (event.kind) {
    case "started": {
      const { progress: _stale, ...rest } = view;
      const seen = event.transaction === undefined ? {} : { startTransaction: event.transaction };
      return { ...rest, phase: "running", leases: updateLease(view.leases, event.leaseId, seen) };
    }
    case "progress":
      return {
        ...view,
        phase: "running",
        progress: progressAfter(view.progress, event),
        losses: lossesAfter(view.losses, event),
      };
    case "segment":
      return {
        ...view,
        committed: withSegment(view, event),
        segments: {
          ...segments,
          committed: segments.committed + 1,
          held: segments.held + (event.holders.length > 0 ? 1 : 0),
        },
      };
    case "paid":
      return {
        ...view,
        segments: { ...segments, paid: segments.paid + 1 },
        streamed: { ...view.streamed, [event.nodeId]: largest(view.streamed[event.nodeId], BigInt(event.cumulative)) },
      };
    case "unpaid":
      return { ...view, unpaid: append(view.unpaid, event) };
    case "audit":
      return {
        ...view,
        audits: { ...view.audits, [auditKey(event)]: worse(view.audits[auditKey(event)], event.phase) },
      };
    case "failover":
      return {
        ...view,
        phase: "bidding",
        failovers: append(view.failovers, event),
        committed: withoutAfter(view, event.fromStep),
      };
    default:
      return undefined;
  }
}

function applyEnd(view: JobView, event: JobEvent): JobView | undefined {
  switch (event.kind) {
    case "closing":
      return {
        ...view,
        phase: "settling",
        ...(event.finalInSeconds === undefined ? {} : { finalAt: event.at + event.finalInSeconds * 1000 }),
        leases: updateLease(view.leases, event.leaseId, { closeReason: event.reason }),
      };
    case "evaluated":
      return { ...view, evaluated: event };
    case "sample":
      return { ...view, sample: event.text };
    case "settled":
      return { ...view, leases: updateLease(view.leases, event.leaseId, { settled: event }) };
    case "done":
      return { ...view, phase: "done", done: event };
    case "failed":
      return { ...view, phase: "failed", failed: event };
    case "cancelled":
      return { ...view, phase: "cancelled", cancelled: event.message };
    default:
      return undefined;
  }
}

const updateLease = (leases: readonly LeaseView[], leaseId: string, update: Partial<LeaseView>): readonly LeaseView[] =>
  leases.map((lease) => (lease.leaseId === leaseId ? { ...lease, ...update } : lease));

const largest = (known: bigint | undefined, next: bigint): bigint =>
  known !== undefined && known > next ? known : next;

function progressAfter(known: ProgressView | undefined, event: JobEvent & { kind: "progress" }): ProgressView {
  // Before the first step there is nothing to measure pace from.
  const origin =
    known === undefined || known.step === 0 || event.step < known.step
      ? { step: event.step, at: event.at }
      : known.origin;
  return { ...event, origin };
}

const maxLosses = 256;

/** Work that is done again after a failover replaces what was told of it. Step 0 has no loss yet. */
function lossesAfter(known: readonly LossPoint[], event: JobEvent & { kind: "progress" }): readonly LossPoint[] {
  const { step, bitsPerByte } = event;
  // A provider that goes on where another one stopped says so before it has a loss.
  if (step === 0 || bitsPerByte === 0) return known;
  const points = [...known.filter((point) => point.step < step), { step, bitsPerByte }];
  return points.length <= maxLosses ? points : points.filter((_, index) => index % 2 === 0);
}

/** Several auditors may look at one segment: what weighs more stays. */
const weight: Record<AuditPhase, number> = {
  drawn: 0,
  sealed: 1,
  missed: 2,
  ok: 3,
  accused: 4,
  cleared: 5,
  confirmedFalse: 6,
};
const worse = (known: AuditPhase | undefined, next: AuditPhase): AuditPhase =>
  known !== undefined && weight[known] > weight[next] ? known : next;

const lastPhases: readonly Phase[] = ["done", "failed", "cancelled", "unmatched"];
export const isOver = ({ phase }: JobView): boolean => lastPhases.includes(phase);

/** Seconds until the last step at the present provider's own pace; undefined before two reports. */
export function secondsLeft(progress: ProgressView): number | undefined {
  const steps = progress.step - progress.origin.step;
  const elapsedMs = progress.at - progress.origin.at;
  if (steps <= 0 || elapsedMs <= 0) return undefined;
  return ((progress.totalSteps - progress.step) * elapsedMs) / steps / 1000;
}

export const totalStreamed = (view: JobView): bigint =>
  Object.values(view.streamed).reduce((sum, amount) => sum + amount, 0n);

export interface AuditCounts {
  drawn: number;
  ok: number;
  accused: number;
  confirmedFalse: number;
  missed: number;
}

/** `drawn` counts every drawn segment, whatever came of it. */
export function auditCounts(view: JobView): AuditCounts {
  const phases = Object.values(view.audits);
  const count = (...wanted: AuditPhase[]) => phases.filter((phase) => wanted.includes(phase)).length;
  return {
    drawn: phases.length,
    ok: count("ok", "cleared"),
    accused: count("accused"),
    confirmedFalse: count("confirmedFalse"),
    missed: count("missed"),
  };
}
