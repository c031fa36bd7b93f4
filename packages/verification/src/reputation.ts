// A node's score from chain events, an integer that anyone recomputes. It only breaks ties between equal prices.
//
// Completed leases count once per buyer and up to a limit, so that trading with oneself gains little; faults count fully.
import type { CloseReason } from "@weft/protocol/Lease";
import type { NodeId } from "@weft/protocol/NodeId";
import type { Address } from "viem";

export interface ClosedLease {
  nodeId: NodeId;
  buyer: Address;
  reason: CloseReason;
}

/** Buyers beyond this many add nothing. */
export const mostBuyers = 20;

/** Points per way a lease ends; a completed one counts per buyer. */
const points: Partial<Record<CloseReason, bigint>> = {
  completed: 1n,
  providerQuit: -2n,
  unstarted: -5n,
  providerSilent: -10n,
  falseSegment: -100n,
};

/** Scores of every node that closed a lease. Independent of the order of the events. */
export function scores(leases: readonly ClosedLease[]): Map<NodeId, bigint> {
  const buyers = new Map<NodeId, Set<Address>>();
  const totals = new Map<NodeId, bigint>();
  for (const { nodeId, buyer, reason } of leases) {
    const known = buyers.get(nodeId) ?? new Set();
    buyers.set(nodeId, known);
    const counts = reason !== "completed" || (!known.has(buyer) && known.size < mostBuyers);
    if (reason === "completed") known.add(buyer);
    totals.set(nodeId, (totals.get(nodeId) ?? 0n) + (counts ? (points[reason] ?? 0n) : 0n));
  }
  return totals;
}
