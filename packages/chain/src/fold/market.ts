// Leases, from opened to settled; an opening also reserves money, locks a bond and takes units of a pool.
import { zeroHash } from "@weft/protocol/fields";
import { closeReasons } from "@weft/protocol/Lease";
import type { Hex } from "viem";
import type { EventArgs, Place } from "../Events.ts";
import { unpackMoney, unpackTerms } from "../leaseTerms.ts";
import { nextFill, noCarry } from "../nextFill.ts";
import { type LeaseRecord, type Snapshot, segmentKey, sessionKey } from "../Snapshot.ts";
import { editAccount, editLease, editNode, type Reducers, withEntry } from "./reducer.ts";

export const market: Reducers<"market"> = {
  LeaseOpened: (state, args, at) => {
    const before = nextFill(state, args.orderHash, at.timestamp);
    const lease = { ...openedLease(args, at), carry: before?.ok === true ? before.carry : noCarry };
    const { leaseId, nodeId, orderHash } = lease;
    const leases = state.leases.set(leaseId, lease);
    const orders = state.orders.set(orderHash, [...(state.orders.get(orderHash) ?? []), leaseId]);
    const reserved = reserve({ ...state, leases, orders }, lease);
    return useUnits(reserved, { nodeId, poolId: lease.poolId, units: lease.units });
  },
  CourtPinned: (state, { leaseId, courtId }) => editLease(state, leaseId, () => ({ courtId })),
  MatcherPaid: (state, { leaseId, matcher, fee }) => {
    const lease = state.leases.get(leaseId);
    if (lease === undefined) return state;
    const taken = spend(
      editLease(state, leaseId, () => ({ fee })),
      lease,
      fee,
    );
    return editAccount(taken, matcher, ({ earned }) => ({ earned: earned + fee }));
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

/** Court and fee come with events of their own, right after this one. */
function openedLease(args: EventArgs<"market", "LeaseOpened">, at: Place): Omit<LeaseRecord, "carry"> {
  const { leaseId, nodeId, buyer, session, orderHash, offerHash, jobCommitment } = args;
  const money = unpackMoney(args.money);
  return {
    ...{ leaseId, nodeId, buyer, session, orderHash, offerHash, jobCommitment, ...unpackTerms(args.terms), money },
    ...{ fee: 0n, courtId: zeroHash, state: "open", reason: undefined },
    ...{ closedBy: undefined, openedAt: at.timestamp, openedIn: at.transactionHash, readyAt: undefined },
    ...{ inputsHolder: undefined, startedAt: undefined, endsAt: undefined, closedAt: undefined },
    ...{ claimUntil: undefined, settledAt: undefined, segmentCount: 0, voidedFrom: undefined },
    channel: {
      ...{ cap: money.pay, claimed: 0n, released: 0n, anchored: 0n, auditSpent: 0n, bondSlashed: 0n },
      ...{ lastClaimAt: 0n, frozen: new Map() },
    },
  };
}

/** Buyer's free money, and the node's bond. */
function reserve(state: Snapshot, lease: LeaseRecord): Snapshot {
  const paid = spend(state, lease, lease.money.pay + lease.money.auditPot);
  return editNode(paid, lease.nodeId, ({ bondFree, bondLocked }) => ({
    bondFree: bondFree - lease.money.bond,
    bondLocked: bondLocked + lease.money.bond,
  }));
}

/** From the buyer's free money; it counts for the session's day. */
function spend(state: Snapshot, lease: LeaseRecord, amount: bigint): Snapshot {
  const paid = editAccount(state, lease.buyer, ({ free }) => ({ free: free - amount }));
  const key = sessionKey(lease.buyer, lease.session);
  const session = paid.sessions.get(key);
  if (session === undefined) return paid;
  const day = lease.openedAt / 86_400n;
  const spentAtMost = (session.day === day ? session.spentAtMost : 0n) + amount;
  return { ...paid, sessions: paid.sessions.set(key, { ...session, day, spentAtMost }) };
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
