// Whose other work is looked at again after a court, or two auditors, found a segment false, and in which order. Pure. A node that lied once may
// have lied where nobody was drawn to look: what can still be challenged of its leases is replayed by the auditors that were
// drawn for it in case it would be sampled, the most recent first, because of what came last the window is open longest.
import type { LeaseFacts, SegmentFacts } from "@weft/chain/facts";
import type { DisputeState } from "@weft/chain/Snapshot";
import type { NodeId } from "@weft/protocol/NodeId";

export interface Recheck {
  lease: LeaseFacts;
  segment: SegmentFacts;
  /** Unix seconds. */
  committedAt: bigint;
}

export interface RecheckInput {
  /** See `convictedNodes`. */
  convicted: ReadonlySet<NodeId>;
  /** This node. */
  nodeId: NodeId;
  now: bigint;
  windowSeconds: bigint;
  /** Paid work runs here: then only what has half of its window behind it. */
  busy: boolean;
  /** Segments of leases that aren't settled, with when they were committed. */
  open: readonly Recheck[];
}

/** Nodes that a court convicted, as far as the chain's snapshot goes back, or of whose segments two auditors say false. */
export const convictedNodes = (
  disputes: readonly DisputeState[],
  segments: readonly Pick<Recheck, "lease" | "segment">[],
  nodeOf: (dispute: DisputeState) => NodeId | undefined,
): Set<NodeId> => {
  const confirmed = segments.filter(({ segment }) => segment.audit === "confirmed");
  const eliminated = disputes.filter((dispute) => dispute.eliminated !== undefined);
  return new Set([...confirmed.map(({ lease }) => lease.nodeId), ...eliminated.flatMap((one) => nodeOf(one) ?? [])]);
};

/** Those that an audit looks at, or has passed, are left out. */
export function dueRechecks({ convicted, nodeId, now, windowSeconds, busy, open }: RecheckInput): Recheck[] {
  return open
    .filter(({ lease, segment, committedAt }) => {
      if (!convicted.has(lease.nodeId) || lease.nodeId === nodeId) return false;
      if (busy && now < committedAt + windowSeconds / 2n) return false;
      return !segment.voided && segment.audit === "none" && now <= committedAt + windowSeconds;
    })
    .toSorted((a, b) => Number(b.committedAt - a.committedAt) || Number(b.segment.segment - a.segment.segment));
}
