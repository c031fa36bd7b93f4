// The chain as a node sees and uses it: facts folded from events, a few reads at the head, and one verb per transaction
// it sends. Types only; connectChain.ts fills them over packages/chain, and the decisions of this app take the facts.
import type { Verdict } from "@weft/chain/actions/commitAudit";
import type { LeaseFacts, SegmentFacts } from "@weft/chain/facts";
import type { AuditStateName } from "@weft/chain/Snapshot";
import type { MarketView } from "@weft/market/MarketView";
import type { Network } from "@weft/protocol/Domain";
import type { SignedHeld } from "@weft/protocol/Held";
import type { CloseReason } from "@weft/protocol/Lease";
import type { NodeId } from "@weft/protocol/NodeId";
import type { ProtocolParams } from "@weft/protocol/Params";
import type { SegmentCommitment, SignedSegment } from "@weft/protocol/Segment";
import type { SignedVoucher } from "@weft/protocol/Voucher";
import type { Address, Hex } from "viem";
import type { CourtDesk } from "./CourtDesk.ts";

export interface AuditFacts {
  state: AuditStateName;
  /** Auditors that took their turn. */
  used: readonly NodeId[];
  accusers: number;
  /** Unix seconds: end of the turn that runs. */
  deadline: bigint;
  /** Unix seconds: last time for a seal; 0 before the case is open. */
  endsAt: bigint;
  auditor: NodeId | undefined;
  auditCommitment: Hex;
  seed: Hex;
}

export interface DrawFacts {
  ready: boolean;
  sampled: boolean;
  /** H(randomness, commitment); zero before the draw. Decides which step an auditor must open. */
  seed: Hex;
  holders: readonly NodeId[];
  auditors: readonly NodeId[];
}

export interface ChannelFacts {
  claimed: bigint;
  pending: bigint;
  released: bigint;
  /** Matured: `release` pays it out. */
  releasable: bigint;
  /** Accrue mode: pay backed by available segments. */
  anchored: bigint;
  claimUntil: bigint;
  frozenUntil: bigint;
}

export interface BeaconFacts {
  genesis: bigint;
  roundSeconds: bigint;
  /** Rounds somebody asked for that this node has not revealed and still can. */
  requested: readonly bigint[];
}

/** What nodes owe the beacon, as the snapshot has it. */
export interface BeaconDuties {
  /** Rounds somebody asked for. */
  rounds: readonly { round: bigint; revealed: readonly NodeId[]; penalised: readonly NodeId[] }[];
  /** From firstRound to lastRound (undefined: still) a node owes each of them a reveal. */
  enrolments: readonly { nodeId: NodeId; firstRound: bigint; lastRound: bigint | undefined; misses: number }[];
}

export interface Mined {
  hash: Hex;
  blockNumber: bigint;
  gasUsed: bigint;
}

export interface NodeChain {
  readonly network: Network;
  readonly params: ProtocolParams;
  readonly paramsHash: Hex;
  readonly blockSeconds: number;
  /** Disputes, and this node's part in them. */
  readonly court: CourtDesk;
  /** Chain time of the latest snapshot, Unix seconds; 0 before the first one. */
  now(): bigint;
  /** undefined until the chain was read to its head once. */
  view(): MarketView | undefined;
  /** Told after each block; returns the function that stops it. */
  onChange(listener: () => void): () => void;
  /** How often the chain went back; what was read from it before may not hold. */
  rewinds(): number;
  lease(leaseId: Hex): LeaseFacts | undefined;
  /** Leases of one provider that are not settled. */
  leasesOf(nodeId: NodeId): LeaseFacts[];
  segments(leaseId: Hex): readonly SegmentFacts[];
  /** Leases of an order, first fill first, and how many segments each committed. */
  fillsOf(orderHash: Hex): readonly { leaseId: Hex; segments: number }[];
  /** Every committed segment of leases not settled whose audit is not over, for auditors and holders. */
  openSegments(): readonly { lease: LeaseFacts; segment: SegmentFacts }[];
  endpoints(): ReadonlyMap<NodeId, string>;
  beacon(): BeaconFacts;
  duties(): BeaconDuties;
  /** Rounds of a drand network that somebody brought, the latest few hundred. */
  broughtRounds(): ReadonlySet<bigint>;

  // Reads at the head.
  /** The beacon's value of a round; undefined while it is unknown or can still change. */
  random(round: bigint): Promise<Hex | undefined>;
  draw(leaseId: Hex, segment: bigint): Promise<DrawFacts>;
  audit(leaseId: Hex, segment: bigint): Promise<AuditFacts>;
  /** The whole commitment behind a segment's hash, from the transaction that brought it. */
  commitment(leaseId: Hex, segment: bigint): Promise<SegmentCommitment>;
  /** Did the segment stand (not void; proven available where the buyer may be away) when `heir` built on it? */
  stoodFor(query: { leaseId: Hex; segment: bigint; heir: Hex }): Promise<boolean>;
  channel(leaseId: Hex): Promise<ChannelFacts>;
  settleableAt(leaseId: Hex): Promise<bigint>;
  /** WEFT units that were slashed and can be burnt, and whether somebody burnt such within so many seconds. */
  slashed(query: { within: number }): Promise<{ unburnt: bigint; burntLately: boolean }>;
  contractSigned(query: { account: Address; digest: Hex; signature: Hex }): Promise<boolean>;

  // Transactions of the operator. Each is an intent with a key: wanting it twice sends it once.
  /** Offers and bids of a slot below `minSeq` open no more leases. */
  cancelOffers(query: { poolId: bigint; slot: bigint; minSeq: bigint }): Promise<Mined>;
  setEndpoint(endpoint: string, region: bigint): Promise<Mined>;
  start(leaseId: Hex): Promise<Mined>;
  close(leaseId: Hex, reason: CloseReason): Promise<Mined>;
  closeUnstarted(leaseId: Hex): Promise<Mined>;
  settle(leaseId: Hex): Promise<Mined>;
  commitSegment(signed: SignedSegment, offerHash: Hex): Promise<Mined>;
  /** Takes the lease's last segment back, before the round that it names begins; `before`: the one before it, if there is. */
  retract(taken: { commitment: SegmentCommitment; before?: SegmentCommitment }): Promise<Mined>;
  proveHeld(commitment: SegmentCommitment, held: readonly SignedHeld[]): Promise<Mined>;
  claim(voucher: SignedVoucher): Promise<Mined>;
  batchClaim(vouchers: readonly SignedVoucher[]): Promise<Mined>;
  claimAccrued(leaseId: Hex, anchored: bigint): Promise<Mined>;
  /** Of the channel as it was read. `amount`: what it moved; 0 when another one was first. */
  release(leaseId: Hex, channel: Pick<ChannelFacts, "released" | "releasable">): Promise<Mined & { amount: bigint }>;
  openAudit(leaseId: Hex, segment: bigint): Promise<Mined>;
  commitAudit(verdict: Verdict): Promise<Mined>;
  revealAudit(reveal: AuditReveal): Promise<Mined>;
  resolveTimeout(query: { leaseId: Hex; segment: bigint; deadline: bigint }): Promise<Mined>;
  /** Asks for a round that has not started. */
  requestBeacon(round: bigint): Promise<Mined>;
  revealBeacon(reveal: { round: bigint; preimage: Hex }): Promise<Mined>;
  enrolBeacon(tip: Hex): Promise<Mined>;
  /** Brings the penalty for a reveal that a round which is over did not get. */
  penaliseBeacon(miss: { nodeId: NodeId; round: bigint }): Promise<Mined>;
  /** Makes a round's value known by the signature of the drand round that decides it. */
  bringRound(brought: { round: bigint; signature: Hex }): Promise<Mined>;
  /** Burns what was slashed; once for each id. */
  burnSlashed(id: bigint): Promise<Mined>;
  /** Owes the beacon nothing from the next round on. */
  retireBeacon(tip: Hex): Promise<Mined>;
  /** The onion's tip (0 when there is none), the first round it counts for, and the round it retired in, if it did. */
  enrolment(): Promise<{ tip: Hex; tipRound: bigint; retiredRound: bigint | undefined }>;

  /** Gas this node spent, by kind of transaction. */
  gasSpent(): ReadonlyMap<string, bigint>;
  stop(): Promise<void>;
}

export interface AuditReveal {
  commitment: SegmentCommitment;
  verdict: Verdict;
  /** Merkle path of the step in the history that the verdict names. */
  path: readonly Hex[];
}

/** Round that runs at `now`: round n covers [genesis + n·length, genesis + (n+1)·length). */
export function roundAt(beacon: Pick<BeaconFacts, "genesis" | "roundSeconds">, now: bigint): bigint {
  return now <= beacon.genesis ? 0n : (now - beacon.genesis) / beacon.roundSeconds;
}
