// Leases, from opened to settled; an opening also reserves money, locks a bond and takes units of a pool.
import { closeReasons } from "@weft/protocol/Lease";
import type { Hex } from "viem";
import type { EventArgs, Place } from "../Events.ts";
import { type LeaseRecord, type Snapshot, segmentKey, sessionKey } from "../Snapshot.ts";
import { editAccount, editLease, editNode, type Reducers, withEntry } from "./reducer.ts";

export const market: Reducers<"market"> = {
  LeaseOpened: (state, args, at) => {
    const lease = openedLease(args, at);
    const { leaseId, nodeId, orderHash } = lease;
    const leases = state.leases.set(leaseId, lease);
    const orders = state.orders.set(orderHash, [...(state.orders.get(orderHash) ?? []), leaseId]);
    const reserved = reserve({ ...state, leases, orders }, lease);
    return useUnits(reserved, { nodeId, poolId: lease.poolId, units: lease.units });
  },
  InputsReady: (state, { leaseId, holder }, at) =>
    editLease(state, leaseId, () => ({ state: "inputsReady", readyAt: at.timestamp, inputsHolder: holder })),
  LeaseStarted: (state, { leaseId, startedAt, endsAt }) =>
    editLease(state, leaseId, () => ({ state: "running", startedAt: BigInt(startedAt), endsAt: BigInt(endsAt) })),
  LeaseClosed: (state, { leaseId, reason, by, claimUntil }, at) => {
    const closed = editLease(state, leaseId, () => ({
      ...{ state: "closing", reason: closeReasons[reason], closedBy: by },
      ...{ closedAt: at.timestamp, claimUntil: BigInt(claimUntil) },
    }));
    const lease = state.leases.get(leaseId);
    if (lease === undefined) return closed;
    return useUnits(closed, { nodeId: lease.nodeId, poolId: lease.poolId, units: -lease.units });
  },
  LeaseFaulted: (state, { leaseId, reason }) => editLease(state, leaseId, () => ({ reason: closeReasons[reason] })),
  LeaseSettled: (state, { leaseId }, at) =>
    dropSegments(
      editLease(state, leaseId, () => ({ state: "settled", settledAt: at.timestamp })),
      leaseId,
    ),
  OffersCancelled: (state, { nodeId, poolId, slot, minSeq }) =>
    editNode(state, nodeId, (node) => ({ minSeq: withEntry(node.minSeq, `${poolId}/${slot}`, minSeq) })),
  OrderCancelled: (state, { buyer, nonce }) =>
    editAccount(state, buyer, ({ cancelledNonces }) => ({ cancelledNonces: new Set(cancelledNonces).add(nonce) })),
};

function openedLease(args: EventArgs<"market", "LeaseOpened">, at: Place): LeaseRecord {
  const { leaseId, nodeId, buyer, opening } = args;
  return {
    ...{ leaseId, nodeId, buyer, session: opening.session, matcher: opening.matcher },
    ...{ orderHash: opening.orderHash, offerHash: opening.offerHash, fill: opening.fill },
    ...{ poolId: BigInt(opening.poolId), units: BigInt(opening.units) },
    ...{ durationSeconds: BigInt(opening.durationSeconds), rate: opening.rate, fee: opening.fee },
    ...{ tier: BigInt(opening.tier), payMode: BigInt(opening.payMode), money: { ...opening.money } },
    ...{ courtId: opening.courtId, jobCommitment: opening.jobCommitment, state: "open", reason: undefined },
    ...{ closedBy: undefined, openedAt: at.timestamp, openedIn: at.transactionHash, readyAt: undefined },
    ...{ inputsHolder: undefined, startedAt: undefined, endsAt: undefined, closedAt: undefined },
    ...{ claimUntil: undefined, settledAt: undefined, segmentCount: 0, voidedFrom: undefined },
    channel: {
      ...{ cap: opening.money.pay, claimed: 0n, released: 0n, anchored: 0n, auditSpent: 0n, bondSlashed: 0n },
      ...{ lastClaimAt: 0n, frozen: new Map() },
    },
  };
}

/** Buyer's free money, node's bond, matcher's fee, and the session's day. */
function reserve(state: Snapshot, lease: LeaseRecord): Snapshot {
  const total = lease.money.pay + lease.money.auditPot + lease.fee;
  const paid = editAccount(state, lease.buyer, ({ free }) => ({ free: free - total }));
  const feed =
    lease.fee === 0n ? paid : editAccount(paid, lease.matcher, ({ earned }) => ({ earned: earned + lease.fee }));
  const bonded = editNode(feed, lease.nodeId, ({ bondFree, bondLocked }) => ({
    bondFree: bondFree - lease.money.bond,
    bondLocked: bondLocked + lease.money.bond,
  }));
  const key = sessionKey(lease.buyer, lease.session);
  const session = bonded.sessions.get(key);
  if (session === undefined) return bonded;
  const day = lease.openedAt / 86_400n;
  const spentAtMost = (session.day === day ? session.spentAtMost : 0n) + total;
  return { ...bonded, sessions: bonded.sessions.set(key, { ...session, day, spentAtMost }) };
}

const useUnits = (state: Snapshot, use: { nodeId: Hex; poolId: bigint; units: bigint }): Snapshot =>
  editNode(state, use.nodeId, (node) => {
    const pool = node.pools.get(use.poolId);
    return pool === undefined
      ? {}
      : { pools: withEntry(node.pools, use.poolId, { ...pool, used: pool.used + use.units }) };
  });

function dropSegments(state: Snapshot, leaseId: Hex): Snapshot {
  let segments = state.segments;
  for (let segment = 0; segment < (state.leases.get(leaseId)?.segmentCount ?? 0); segment++)
    segments = segments.delete(segmentKey(leaseId, segment));
  return { ...state, segments };
}
