// Leases and segments of a snapshot as decisions want them, the same for node and gateway. Pure.
import type { CloseReason, LeaseState } from "@weft/protocol/Lease";
import type { NodeId } from "@weft/protocol/NodeId";
import * as Order from "@weft/protocol/Order";
import type { Address, Hex } from "viem";
import {
  type AuditStateName,
  frozenUntil,
  type LeaseRecord,
  type SegmentState,
  type Snapshot,
  segmentKey,
  segmentsOf,
  startFeeOf,
  stateAt,
} from "./Snapshot.ts";

/** A lease as the chain knows it; also the id of its money channel. Amounts in stablecoin units, times Unix seconds. */
export interface LeaseFacts {
  leaseId: Hex;
  nodeId: NodeId;
  buyer: Address;
  orderHash: Hex;
  offerHash: Hex;
  jobCommitment: Hex;
  /** The key whose vouchers the channel pays. */
  voucherKey: Address;
  tier: bigint;
  accrue: boolean;
  ratePerSecond: bigint;
  durationSeconds: bigint;
  state: LeaseState;
  reason: CloseReason | undefined;
  /** 0 = not yet. `readyAt`: when a third node's word for the inputs came on chain, and `inputsHolder` whose. */
  openedAt: bigint;
  readyAt: bigint;
  inputsHolder: NodeId | undefined;
  startedAt: bigint;
  claimUntil: bigint;
  /** Reserved for work and for audits, and the provider's bond. */
  pay: bigint;
  auditPot: bigint;
  bond: bigint;
  /** Of the pay: what is not voided, what was claimed so far, and when last (0 = never). */
  cap: bigint;
  claimed: bigint;
  claimedAt: bigint;
  /** Accrue mode: pay backed by available segments. */
  anchored: bigint;
  /** Owed to a provider that could not start, and paid when the lease settles. */
  startFee: bigint;
  /** So far; all of it once settled. */
  paid: bigint;
  refunded: bigint;
  auditPaid: bigint;
  /** Segments from this one on are void: found false, or signed twice. */
  voidedFrom: bigint | undefined;
  /** An audit or a court holds back the money. */
  frozen: boolean;
}

export interface SegmentFacts {
  segment: bigint;
  nodeId: NodeId;
  commitmentHash: Hex;
  checkpoint: Hex;
  historyRoot: Hex;
  beaconRound: bigint;
  available: boolean;
  voided: boolean;
  /** Somebody showed two contents that the provider signed for it. */
  equivocated: boolean;
  audit: AuditStateName;
  auditOpenedAt: bigint | undefined;
  /** Verdicts that say false. */
  accusers: number;
  /** Who took the latest turn. */
  auditor: NodeId | undefined;
}

/** The lease at chain time `now`; undefined when the chain does not show it. */
export function leaseFacts(snapshot: Snapshot, leaseId: Hex, now: bigint): LeaseFacts | undefined {
  const lease = snapshot.leases.get(leaseId);
  if (lease === undefined) return undefined;
  const { nodeId, buyer, orderHash, offerHash, jobCommitment, tier, durationSeconds, reason, openedAt } = lease;
  return {
    ...{ leaseId, nodeId, buyer, orderHash, offerHash, jobCommitment, tier, durationSeconds, openedAt },
    voucherKey: lease.session,
    accrue: lease.payMode === Order.payMode.accrue,
    ratePerSecond: lease.rate,
    state: stateAt(lease, now),
    // The chain's word for "not closed", which an event may carry too.
    reason: reason === "none" ? undefined : reason,
    readyAt: lease.readyAt ?? 0n,
    inputsHolder: lease.inputsHolder,
    startedAt: lease.startedAt ?? 0n,
    claimUntil: lease.claimUntil ?? 0n,
    ...moneyFacts(lease),
    voidedFrom: lease.voidedFrom === undefined ? undefined : BigInt(lease.voidedFrom),
    frozen: frozenUntil(lease) > now,
  };
}

type MoneyFacts = Pick<
  LeaseFacts,
  | ("pay" | "auditPot" | "bond" | "cap" | "claimed" | "claimedAt" | "anchored")
  | ("startFee" | "paid" | "refunded" | "auditPaid")
>;

function moneyFacts(lease: LeaseRecord): MoneyFacts {
  const { pay, auditPot, bond } = lease.money;
  const { cap, claimed, lastClaimAt, anchored, released, auditSpent } = lease.channel;
  const startFee = startFeeOf(lease);
  const settled = lease.state === "settled";
  return {
    ...{ pay, auditPot, bond, cap, claimed, anchored, startFee },
    claimedAt: lastClaimAt,
    paid: released + (settled ? startFee : 0n),
    refunded: settled ? pay + auditPot - released - startFee - auditSpent : 0n,
    auditPaid: auditSpent,
  };
}

/** The segments of a lease in order. */
export function segmentFacts(snapshot: Snapshot, leaseId: Hex): SegmentFacts[] {
  const voidedFrom = snapshot.leases.get(leaseId)?.voidedFrom;
  return segmentsOf(snapshot, leaseId).map((segment) => ({
    segment: BigInt(segment.segment),
    nodeId: segment.nodeId,
    commitmentHash: segment.commitmentHash,
    checkpoint: segment.checkpoint,
    historyRoot: segment.historyRoot,
    beaconRound: segment.beaconRound,
    available: segment.availableAt !== undefined,
    voided: voidedFrom !== undefined && segment.segment >= voidedFrom,
    equivocated: segment.equivocated,
    audit: segment.audit,
    auditOpenedAt: segment.auditOpenedAt,
    accusers: segment.reveals.filter(({ ok }) => !ok).length,
    auditor: [...segment.sealed.keys()].at(-1) ?? segment.reveals.at(-1)?.auditor,
  }));
}

/** Auditors that took their turn: sealed, opened, or marked for what they did with it. */
export function usedAuditors(snapshot: Snapshot, leaseId: Hex, segment: bigint): NodeId[] {
  const found: SegmentState | undefined = snapshot.segments.get(segmentKey(leaseId, segment));
  if (found === undefined) return [];
  return [...new Set([...found.sealed.keys(), ...found.reveals.map(({ auditor }) => auditor), ...found.marked])];
}
