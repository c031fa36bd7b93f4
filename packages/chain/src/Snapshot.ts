// The state of a deployment as of one block, folded from its events: plain, immutable data.
//
// Ids and addresses are lower-case hex. Amounts are stablecoin units (1e-6) unless they are stake (WEFT, 1e-18); times
// are Unix seconds of block timestamps. What no event tells is not here: see reads.ts.
import type { Carry } from "@weft/market/refill";
import { least } from "@weft/protocol/Amount";
import type { CloseReason, LeaseState } from "@weft/protocol/Lease";
import type { NodeId } from "@weft/protocol/NodeId";
import type { Address, Hex } from "viem";
import type { Ground } from "./courtGrounds.ts";
import { PersistentMap } from "./PersistentMap.ts";

export interface PoolState {
  class: Hex;
  capacity: bigint;
  /** Units under leases that are not closed. */
  used: bigint;
  attributes: bigint;
}

export interface NodeState {
  nodeId: NodeId;
  owner: Address;
  operator: Address;
  /** Operators it had before, oldest first. */
  pastOperators: readonly Address[];
  endpoint: string;
  region: bigint;
  stake: bigint;
  unbonding: bigint;
  unbondsAt: bigint;
  registeredAt: bigint;
  pools: ReadonlyMap<bigint, PoolState>;
  /** `poolId/slot` → offers below this seq are cancelled. */
  minSeq: ReadonlyMap<string, bigint>;
  bondFree: bigint;
  bondLocked: bigint;
}

export interface AccountState {
  free: bigint;
  earned: bigint;
  exiting: bigint;
  exitAt: bigint;
  buyerEpoch: bigint;
  sessionEpoch: bigint;
  /** Nonces withdrawn by cancelOrder; a nonce used by a lease is known through its order hash. */
  cancelledNonces: ReadonlySet<bigint>;
}

export interface SessionState {
  buyer: Address;
  key: Address;
  dailyCap: bigint;
  expiresAt: bigint;
  anyPayee: boolean;
  nodeIds: readonly NodeId[];
  sessionEpoch: bigint;
  /** Day number (timestamp / 86,400) and what leases with this session reserved in it: an upper bound, because a buyer
   * may sign an order itself and still name the session. */
  day: bigint;
  spentAtMost: bigint;
}

export interface ChannelState {
  cap: bigint;
  claimed: bigint;
  released: bigint;
  anchored: bigint;
  auditSpent: bigint;
  bondSlashed: bigint;
  lastClaimAt: bigint;
  /** Who froze it → until when. */
  frozen: ReadonlyMap<Address, bigint>;
}

export interface LeaseMoney {
  pay: bigint;
  auditPot: bigint;
  startFee: bigint;
  bond: bigint;
}

export interface LeaseRecord {
  leaseId: Hex;
  nodeId: NodeId;
  buyer: Address;
  session: Address;
  orderHash: Hex;
  offerHash: Hex;
  fill: number;
  poolId: bigint;
  units: bigint;
  durationSeconds: bigint;
  /** Stablecoin units per second, all units together. */
  rate: bigint;
  tier: bigint;
  payMode: bigint;
  fee: bigint;
  /** What the fills before it had used up when it opened, without matchers' fees. */
  carry: Carry;
  money: LeaseMoney;
  courtId: Hex;
  jobCommitment: Hex;
  /** As stored by the chain; `stateAt` adds `settling`. */
  state: LeaseState;
  reason: CloseReason | undefined;
  closedBy: Address | undefined;
  openedAt: bigint;
  openedIn: Hex;
  readyAt: bigint | undefined;
  inputsHolder: NodeId | undefined;
  startedAt: bigint | undefined;
  endsAt: bigint | undefined;
  closedAt: bigint | undefined;
  claimUntil: bigint | undefined;
  settledAt: bigint | undefined;
  channel: ChannelState;
  segmentCount: number;
  /** Segments from this one on are void: found false, or signed twice. */
  voidedFrom: number | undefined;
}

export interface AuditReveal {
  auditor: NodeId;
  ok: boolean;
  step: bigint;
  stepRoot: Hex;
  altHistoryRoot: Hex;
  at: bigint;
}

export const auditStates = ["none", "waiting", "committed", "passed", "confirmed", "lapsed"] as const;
export type AuditStateName = (typeof auditStates)[number];

export interface SegmentState {
  leaseId: Hex;
  segment: number;
  nodeId: NodeId;
  commitmentHash: Hex;
  beaconRound: bigint;
  meteredSeconds: bigint;
  historyRoot: Hex;
  checkpoint: Hex;
  committedAt: bigint;
  holders: readonly NodeId[];
  availableAt: bigint | undefined;
  audit: AuditStateName;
  auditSeed: Hex | undefined;
  auditOpenedAt: bigint | undefined;
  /** Sealed verdicts that were not opened yet, or not in time: auditor → commitment. */
  sealed: ReadonlyMap<NodeId, { commitment: Hex; at: bigint }>;
  reveals: readonly AuditReveal[];
  /** Auditors marked for silence or a wrong opening. */
  marked: readonly NodeId[];
  equivocated: boolean;
}

export interface RoundState {
  round: bigint;
  requestedAt: bigint | undefined;
  revealed: readonly NodeId[];
  /** Nodes slashed for not revealing. */
  penalised: readonly NodeId[];
  /** When somebody brought the drand round that decides it. */
  broughtAt: bigint | undefined;
}

/** A node's place in the beacon; see ICommitRevealBeacon. */
export interface EnrolmentState {
  nodeId: NodeId;
  /** The hash that the next preimage must open. */
  tip: Hex;
  /** First round this tip counts for. */
  tipRound: bigint;
  /** First round it owes a reveal; a later tip does not change it. */
  firstRound: bigint;
  misses: number;
  retiredRound: bigint | undefined;
}

/** What became of a rival: `in` while it plays, waits, or its bond is still locked. */
export type RivalEnd = "in" | "eliminated" | "won" | "reclaimed";

export interface RivalState {
  /** 20 bytes. */
  game: Hex;
  sponsor: Address;
  ground: Ground;
  /** Its history root; `startRival` for ground `start`. */
  rival: Hex;
  bond: bigint;
  /** When it was named, and in which block. */
  at: bigint;
  block: bigint;
  end: RivalEnd;
  /** Of its bond, once it was eliminated. */
  lost: bigint;
}

/** A segment commitment that somebody disputed. */
export interface DisputeState {
  commitmentHash: Hex;
  leaseId: Hex;
  segment: number;
  /** In the order in which they were named. */
  rivals: readonly RivalState[];
  /** The game that is played; none once it is decided. */
  live: Hex | undefined;
  /** By whom and on which ground the commitment was found false. */
  eliminated: { sponsor: Address; ground: Ground; at: bigint } | undefined;
  /** Of the node, for that. Stablecoin units, and WEFT units of stake. */
  punished: { bondToSponsor: bigint; bondToBuyer: bigint; stakeBurnt: bigint; pattern: boolean } | undefined;
}

export interface Snapshot {
  /** The last block folded; 0 before the first. */
  block: bigint;
  timestamp: bigint;
  nodes: PersistentMap<NodeId, NodeState>;
  accounts: PersistentMap<Address, AccountState>;
  /** By `buyer/key`. */
  sessions: PersistentMap<string, SessionState>;
  leases: PersistentMap<Hex, LeaseRecord>;
  /** orderHash → its leases, by fill. */
  orders: PersistentMap<Hex, readonly Hex[]>;
  /** By `leaseId/segment`; those of settled leases are dropped. */
  segments: PersistentMap<string, SegmentState>;
  /** By decimal round number, the newest 1,024. */
  rounds: PersistentMap<string, RoundState>;
  courts: PersistentMap<Hex, Address>;
  enrolments: PersistentMap<NodeId, EnrolmentState>;
  /** By commitment hash. Each costs a bond or a slashed node, so there are few. */
  disputes: PersistentMap<Hex, DisputeState>;
}

export const empty: Snapshot = {
  block: 0n,
  timestamp: 0n,
  nodes: PersistentMap.empty(),
  accounts: PersistentMap.empty(),
  sessions: PersistentMap.empty(),
  leases: PersistentMap.empty(),
  orders: PersistentMap.empty(),
  segments: PersistentMap.empty(),
  rounds: PersistentMap.empty(),
  courts: PersistentMap.empty(),
  enrolments: PersistentMap.empty(),
  disputes: PersistentMap.empty(),
};

const noAccount: AccountState = {
  ...{ free: 0n, earned: 0n, exiting: 0n, exitAt: 0n, buyerEpoch: 0n, sessionEpoch: 0n },
  cancelledNonces: new Set(),
};

/** An account's money and epochs; zeros when the chain never heard of it. */
export const accountOf = (snapshot: Snapshot, address: Address): AccountState =>
  snapshot.accounts.get(address) ?? noAccount;

export const segmentKey = (leaseId: Hex, segment: number | bigint): string => `${leaseId}/${segment}`;
export const sessionKey = (buyer: Address, key: Address): string => `${buyer}/${key}`;

/** The lease's state at a time, with `settling` after the claim window. */
export const stateAt = (lease: LeaseRecord, now: bigint): LeaseState =>
  lease.state === "closing" && lease.claimUntil !== undefined && now > lease.claimUntil ? "settling" : lease.state;

/** Until when pay and settlement are paused; 0 when they are not. */
export const frozenUntil = (lease: LeaseRecord): bigint =>
  [...lease.channel.frozen.values()].reduce((latest, until) => (until > latest ? until : latest), 0n);

/** What a provider gets for a lease that it could not start: closed for want of inputs, or ended by the buyer. */
export function startFeeOf(lease: LeaseRecord): bigint {
  const { reason, startedAt, money, channel } = lease;
  const owed = reason === "inputsMissing" || reason === "buyerCancelled" || reason === "completed";
  if (!owed || startedAt !== undefined) return 0n;
  return least(money.startFee, money.pay - channel.claimed);
}

/** The segments of a lease in order. */
export function segmentsOf(snapshot: Snapshot, leaseId: Hex): SegmentState[] {
  const count = snapshot.leases.get(leaseId)?.segmentCount ?? 0;
  const found: SegmentState[] = [];
  for (let segment = 0; segment < count; segment++) {
    const state = snapshot.segments.get(segmentKey(leaseId, segment));
    if (state !== undefined) found.push(state);
  }
  return found;
}
