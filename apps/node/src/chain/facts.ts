// Leases and segments of a chain snapshot as this app's decisions want them. Pure.
import { frozenUntil, type SegmentState, type Snapshot, segmentKey, segmentsOf, stateAt } from "@weft/chain/Snapshot";
import type { NodeId } from "@weft/protocol/NodeId";
import * as Order from "@weft/protocol/Order";
import type { Hex } from "viem";
import type { LeaseFacts, SegmentFacts } from "./NodeChain.ts";

export function leaseFacts(snapshot: Snapshot, leaseId: Hex): LeaseFacts | undefined {
  const lease = snapshot.leases.get(leaseId);
  if (lease === undefined) return undefined;
  const { nodeId, buyer, orderHash, offerHash, jobCommitment, tier, durationSeconds, reason, openedAt } = lease;
  return {
    ...{ leaseId, nodeId, buyer, orderHash, offerHash, jobCommitment, tier, durationSeconds, reason, openedAt },
    voucherKey: lease.session,
    accrue: lease.payMode === Order.payMode.accrue,
    ratePerSecond: lease.rate,
    pay: lease.channel.cap,
    state: stateAt(lease, snapshot.timestamp),
    readyAt: lease.readyAt ?? 0n,
    inputsHolder: lease.inputsHolder,
    startedAt: lease.startedAt ?? 0n,
    claimUntil: lease.claimUntil ?? 0n,
    claimed: lease.channel.claimed,
    claimedAt: lease.channel.lastClaimAt,
    anchored: lease.channel.anchored,
    frozen: frozenUntil(lease) > snapshot.timestamp,
  };
}

export function segmentFacts(snapshot: Snapshot, leaseId: Hex): SegmentFacts[] {
  const segments = segmentsOf(snapshot, leaseId);
  // Voided is everything from the first segment that was found false or signed twice.
  const bad = segments.find(({ audit, equivocated }) => audit === "confirmed" || equivocated)?.segment;
  return segments.map((segment) => ({
    segment: BigInt(segment.segment),
    nodeId: segment.nodeId,
    commitmentHash: segment.commitmentHash,
    checkpoint: segment.checkpoint,
    historyRoot: segment.historyRoot,
    beaconRound: segment.beaconRound,
    available: segment.availableAt !== undefined,
    voided: bad !== undefined && segment.segment >= bad,
    audit: segment.audit,
  }));
}

/** Auditors that took their turn: sealed, opened, or marked for what they did with it. */
export function usedAuditors(snapshot: Snapshot, leaseId: Hex, segment: bigint): NodeId[] {
  const found: SegmentState | undefined = snapshot.segments.get(segmentKey(leaseId, segment));
  if (found === undefined) return [];
  return [...new Set([...found.sealed.keys(), ...found.reveals.map(({ auditor }) => auditor), ...found.marked])];
}
