// What became of every segment that was committed to in a job: which of them make up the model, who of the others looked at them, which
// were found false and which fell with those. A segment that was done again stands once, as its last provider did it. Pure.
import type { JobEventBody } from "@weft/protocol/JobEvent";
import type { AuditPhase, JobView } from "./JobView.ts";

/** A segment as one lease committed to it; `segment` is the job's number. */
export interface SegmentView {
  segment: number;
  leaseId: string;
  nodeId: string;
  firstStep: number;
  lastStep: number;
  /** Work goes on from before it. */
  isVoid: boolean;
}

/** More than this of one job are counted, not named: the oldest are let go of. */
const maxSegments = 8192;

type Placed = Pick<SegmentView, "segment" | "leaseId" | "nodeId">;

export interface Fates {
  /** Re-executed by another node and found equal. */
  verified: SegmentView[];
  /** Part of the model all the same: no audit that the chain knows of looked. */
  unverified: SegmentView[];
  /** Part of the model too: one auditor found it false, and so far no second one, nor a court. */
  accused: SegmentView[];
  /** By two auditors, or in court. */
  foundFalse: Placed[];
  /** Not found false themselves: they came after one that was. */
  fell: SegmentView[];
  /** Nodes that a segment was found false of, and what of theirs the model is still built on. */
  convicted: Convicted[];
}

export interface Convicted {
  nodeId: string;
  /** Before its first false one, and not re-executed by any auditor. */
  unseen: SegmentView[];
  /** First step that was done by somebody else. */
  goesOnFrom: number;
}

export function withSegment(view: JobView, event: JobEventBody<"segment">): readonly SegmentView[] {
  const { segment, firstStep, lastStep } = event;
  const lease = view.leases.find(({ leaseId }) => leaseId === event.leaseId) ?? view.leases.at(-1);
  const one = { segment, firstStep, lastStep, leaseId: lease?.leaseId ?? "", nodeId: lease?.nodeId ?? "" };
  return [...view.committed, { ...one, isVoid: false }].slice(-maxSegments);
}

/** A failover begins again at a step: what was done from there on is nobody's any more. */
export const withoutAfter = ({ committed }: JobView, fromStep: number): readonly SegmentView[] =>
  committed.map((one) => (one.firstStep < fromStep ? one : { ...one, isVoid: true }));

/** The key of an audit's phase; a gateway of before may not say whose it is. */
export const auditKey = ({ leaseId = "", segment }: { leaseId?: string | undefined; segment: number }): string =>
  `${leaseId}/${segment}`;

const auditOf = ({ audits }: JobView, { leaseId, segment }: Placed): AuditPhase | undefined =>
  audits[auditKey({ leaseId, segment })] ?? audits[auditKey({ segment })];

const placeOf = ({ segment, leaseId, nodeId }: Placed): Placed => ({ segment, leaseId, nodeId });

export function fatesOf(view: JobView): Fates {
  const standing = view.committed.filter(({ isVoid }) => !isVoid);
  const isVerified = (one: SegmentView) => ["ok", "cleared"].includes(auditOf(view, one) ?? "");
  const isAccused = (one: SegmentView) => auditOf(view, one) === "accused";
  const foundFalse = falseOf(view);
  const isFalse = (one: Placed) => foundFalse.some((other) => auditKey(other) === auditKey(one));
  const stands = standing.filter((one) => !isFalse(one));
  return {
    verified: stands.filter(isVerified),
    unverified: stands.filter((one) => !isVerified(one) && !isAccused(one)),
    accused: stands.filter(isAccused),
    foundFalse,
    fell: view.committed.filter((one) => one.isVoid && !isFalse(one)),
    convicted: convictedOf(foundFalse, { stands, isSeen: (one) => isVerified(one) || isAccused(one) }),
  };
}

/** Each once, in the order of their numbers; the court may name one that was committed to but never paid, so never told of as a segment. */
function falseOf(view: JobView): Placed[] {
  const found = new Map<string, Placed>();
  const add = (one: Placed) => found.set(auditKey(one), placeOf(one));
  for (const one of view.committed) if (auditOf(view, one) === "confirmedFalse") add(one);
  for (const [key, phase] of Object.entries(view.audits)) {
    const [leaseId = "", segment] = key.split("/");
    const lease = view.leases.find((one) => one.leaseId === leaseId);
    if (phase === "confirmedFalse" && lease !== undefined)
      add({ leaseId, segment: Number(segment), nodeId: lease.nodeId });
  }
  for (const event of view.disputes) if (event.kind === "slashed") add(event);
  return [...found.values()].sort((a, b) => a.segment - b.segment);
}

function convictedOf(
  foundFalse: readonly Placed[],
  { stands, isSeen }: { stands: readonly SegmentView[]; isSeen: (one: SegmentView) => boolean },
): Convicted[] {
  const nodes = [...new Set(foundFalse.map(({ nodeId }) => nodeId))];
  return nodes.flatMap((nodeId) => {
    const own = stands.filter((one) => one.nodeId === nodeId);
    const last = own.at(-1);
    if (last === undefined) return [];
    return [{ nodeId, unseen: own.filter((one) => !isSeen(one)), goesOnFrom: last.lastStep + 1 }];
  });
}

/** "0–4, 7, 9–11". */
export function numbersText(segments: readonly { segment: number }[]): string {
  const numbers = [...new Set(segments.map(({ segment }) => segment))].sort((a, b) => a - b);
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(", ");
}
