// Which standing offers a node signs anew and which it repeats to its neighbours. Pure.
//
// One standing offer per pool, in slot 0: bids use the same slot and name one order. An offer is signed anew when it is
// about to expire or no longer says what is true; an old one with more units than are free would only cause refusals.
import { type NodeView, slotOf } from "@weft/market/MarketView";
import { zeroHash } from "@weft/protocol/fields";
import type { NodeId } from "@weft/protocol/NodeId";
import type { Offer, SignedOffer } from "@weft/protocol/Offer";
import type { PoolPlan } from "./PoolPlan.ts";

export interface OfferPolicy {
  /** Life of a signed offer. */
  lifeSeconds: bigint;
  /** Signed anew when less than this is left. */
  renewSeconds: bigint;
}

const defaultOfferPolicy: OfferPolicy = { lifeSeconds: 600n, renewSeconds: 200n };

export interface OffersState {
  nodeId: NodeId;
  nowSeconds: bigint;
  /** The node as the chain sees it; undefined before it is registered. */
  node: NodeView | undefined;
  minStake: bigint;
  /** Why the node takes no new work (paused, draining, disk), or undefined. */
  closed: string | undefined;
  plans: readonly PoolPlan[];
  /** Leases the node works on, and how many it works on at most. */
  leases: number;
  mostLeases: number;
  /** Latest signed offer per pool. */
  signed: ReadonlyMap<bigint, SignedOffer>;
  /** The highest seq this node ever signed an offer or bid with; 0 when none. */
  lastSeq: bigint;
}

/** An offer that still needs its seq and signature. */
export type OfferDraft = Omit<Offer, "seq">;

export interface OffersDecision {
  sign: OfferDraft[];
  repeat: SignedOffer[];
  /** Why a pool is not offered, by pool id. */
  silent: Map<bigint, string>;
  /** Pools whose offers and bids below `minSeq` the chain shall not take any more. */
  withdraw: { poolId: bigint; minSeq: bigint }[];
}

/** Closed by the owner: what was signed before must not open leases. A stop is short, its offers expire by themselves. */
const withdrawn = new Set(["paused", "draining"]);

export function decideOffers(state: OffersState, policy: OfferPolicy = defaultOfferPolicy): OffersDecision {
  const decision: OffersDecision = { sign: [], repeat: [], silent: new Map(), withdraw: [] };
  for (const plan of state.plans) {
    const reason = state.closed ?? nodeReason(state) ?? poolReason(state, plan);
    const held = state.signed.get(plan.poolId);
    if (reason !== undefined) decision.silent.set(plan.poolId, reason);
    else if (held !== undefined && stillTrue(state, { plan, held, policy })) decision.repeat.push(held);
    else decision.sign.push(draftOf(state, plan, policy));
    const isOut = state.lastSeq > 0n && minSeqOf(state.node, plan.poolId) <= state.lastSeq;
    if (state.node !== undefined && withdrawn.has(state.closed ?? "") && isOut)
      decision.withdraw.push({ poolId: plan.poolId, minSeq: state.lastSeq + 1n });
  }
  return decision;
}

function nodeReason(state: OffersState): string | undefined {
  if (state.node === undefined) return "node.unknown";
  return state.node.stake < state.minStake ? "node.stake" : undefined;
}

function poolReason(state: OffersState, plan: PoolPlan): string | undefined {
  const pool = state.node?.pools.get(plan.poolId);
  if (pool === undefined) return "pool.unknown";
  if (pool.class !== plan.class) return "pool.class";
  if (freeUnits(state, plan) === 0n) return "pool.full";
  return state.leases >= state.mostLeases ? "node.busy" : undefined;
}

/** The smaller one. Math.min does not take bigints. */
export function lesser(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}

/** Units of the pool that no lease uses, within what the owner sells. */
export function freeUnits(state: Pick<OffersState, "node">, plan: PoolPlan): bigint {
  const pool = state.node?.pools.get(plan.poolId);
  if (pool === undefined) return 0n;
  const onSale = lesser(plan.units, pool.capacity);
  return onSale > pool.used ? onSale - pool.used : 0n;
}

/** Each unit may become a lease of its own, and the node works on so many at most. */
const unitsToOffer = (state: OffersState, plan: PoolPlan): bigint =>
  lesser(freeUnits(state, plan), BigInt(Math.max(0, state.mostLeases - state.leases)));

function stillTrue(state: OffersState, about: { plan: PoolPlan; held: SignedOffer; policy: OfferPolicy }): boolean {
  const { plan, policy } = about;
  const { offer } = about.held;
  return (
    offer.expiresAt - state.nowSeconds > policy.renewSeconds &&
    offer.seq >= minSeqOf(state.node, plan.poolId) &&
    offer.nodeId === state.nodeId &&
    offer.class === plan.class &&
    offer.attributes === plan.attributes &&
    offer.pricePerUnitSecond === plan.pricePerUnitSecond &&
    offer.region === plan.region &&
    offer.units === unitsToOffer(state, plan)
  );
}

/** The smallest seq that the chain still takes for slot 0 of a pool. */
export const minSeqOf = (node: NodeView | undefined, poolId: bigint): bigint =>
  node?.minSeq.get(slotOf(poolId, 0n)) ?? 0n;

function draftOf(state: OffersState, plan: PoolPlan, policy: OfferPolicy): OfferDraft {
  return {
    nodeId: state.nodeId,
    poolId: plan.poolId,
    slot: 0n,
    class: plan.class,
    attributes: plan.attributes,
    units: unitsToOffer(state, plan),
    pricePerUnitSecond: plan.pricePerUnitSecond,
    region: plan.region,
    expiresAt: state.nowSeconds + policy.lifeSeconds,
    orderHash: zeroHash,
    detailsHash: zeroHash,
  };
}

/**
 * The seq of the next signature. One counter serves all pools and slots. It never falls behind the wall clock in
 * milliseconds, so that a node that lost its store does not sign two offers under one seq.
 */
export function nextSeq(last: bigint, options: { nowMs: number; minSeq: bigint }): bigint {
  const candidates = [last + 1n, BigInt(Math.max(0, Math.floor(options.nowMs))), options.minSeq];
  return candidates.reduce((a, b) => (b > a ? b : a));
}
