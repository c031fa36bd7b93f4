// Whether a node answers an order with a bid, and with which. Pure: the verdict of `judge` over the node's own offer.
//
// The node judges itself as a matcher would, so it never sends a bid that the contract refuses at the same block; only
// "bidding is still open" is no refusal here, because that is the time to bid.
import type { OrderEntry } from "@weft/market/Book";
import { type Judgement, judge } from "@weft/market/judge";
import type { MarketView } from "@weft/market/MarketView";
import type { Reason } from "@weft/market/reasons";
import { zeroHash } from "@weft/protocol/fields";
import type { NodeId } from "@weft/protocol/NodeId";
import type { Offer } from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import type { Address } from "viem";
import { freeUnits, lesser, minSeqOf, type OfferDraft } from "../offers/decideOffers.ts";
import type { PoolPlan } from "../offers/PoolPlan.ts";

/** A refusal of the node itself, besides those of the market. */
export type OwnReason =
  | { code: "node.closed"; why: string }
  | { code: "node.busy"; leases: number; most: number }
  | { code: "tier.unsupported"; tier: bigint }
  | { code: "order.posted" }
  | { code: "bidding.over"; endsAt: bigint; now: bigint }
  | { code: "node.noPool" };

export interface BidState {
  nodeId: NodeId;
  operator: Address;
  view: MarketView;
  plans: readonly PoolPlan[];
  /** Why the node takes no new work, or undefined. */
  closed: string | undefined;
  /** Leases the node works on, and how many it works on at most. */
  leases: number;
  mostLeases: number;
  /** Tiers the node has a runtime for. */
  tiers: readonly bigint[];
  /** Price of a pool for this order; the pool's own price where the owner has no other wish. */
  priceOf: (plan: PoolPlan, order: Order.Order) => bigint;
}

export type BidDecision =
  | { bid: true; draft: OfferDraft; total: bigint; bond: bigint }
  | { bid: false; reasons: readonly (Reason | OwnReason)[] };

/** Chain time has whole seconds and lags by a block; whoever gathers bids decides which came too late. */
const graceSeconds = 2n;

/** Longest life of a bid after bidding ends. As long as the order lives, within this: a runner-up may be needed later. */
const bidLifeSeconds = 3600n;

export function decideBid(state: BidState, entry: OrderEntry): BidDecision {
  const own = ownReasons(state, entry.order);
  if (own.length > 0) return { bid: false, reasons: own };
  const refusals: (Reason | OwnReason)[] = [];
  for (const plan of state.plans) {
    const draft = draftFor(state, entry, plan);
    const verdict = judgeOwn(state, entry, draft);
    if (verdict.ok) return { bid: true, draft, total: verdict.total, bond: verdict.bond };
    refusals.push(...verdict.reasons);
  }
  return { bid: false, reasons: refusals.length > 0 ? refusals : [{ code: "node.noPool" }] };
}

function ownReasons(state: BidState, order: Order.Order): OwnReason[] {
  const reasons: OwnReason[] = [];
  const { now } = state.view;
  if (state.closed !== undefined) reasons.push({ code: "node.closed", why: state.closed });
  if (state.leases >= state.mostLeases)
    reasons.push({ code: "node.busy", leases: state.leases, most: state.mostLeases });
  if (!state.tiers.includes(order.tier)) reasons.push({ code: "tier.unsupported", tier: order.tier });
  if (order.mechanism !== Order.mechanism.reverseAuction) reasons.push({ code: "order.posted" });
  else if (now > order.biddingEndsAt + graceSeconds)
    reasons.push({ code: "bidding.over", endsAt: order.biddingEndsAt, now });
  return reasons;
}

function draftFor(state: BidState, entry: OrderEntry, plan: PoolPlan): OfferDraft {
  const { order } = entry;
  const free = freeUnits({ node: state.view.nodes.get(state.nodeId) }, plan);
  return {
    nodeId: state.nodeId,
    poolId: plan.poolId,
    slot: 0n,
    class: plan.class,
    attributes: plan.attributes,
    // Only what is asked: a bid must not promise capacity that the standing offer still sells to others.
    units: lesser(order.units, free),
    pricePerUnitSecond: state.priceOf(plan, order),
    region: plan.region,
    expiresAt: lesser(order.biddingEndsAt + bidLifeSeconds, order.expiresAt),
    orderHash: entry.hash,
    detailsHash: zeroHash,
  };
}

/** Judges as the order's own matcher would, at the highest fee the order allows: then no matcher's fee can break it. */
function judgeOwn(state: BidState, entry: OrderEntry, draft: OfferDraft): Judgement {
  const { order } = entry;
  const view: MarketView = { ...state.view, matcher: { address: order.matcher, fee: order.maxFee } };
  const offer: Offer = { ...draft, seq: minSeqOf(view.nodes.get(state.nodeId), draft.poolId) };
  const candidate = { offer, hash: zeroHash, signature: "0x", signer: state.operator } as const;
  // The bid counts when bidding has ended, so that is when it is judged.
  return judge({ ...view, now: order.biddingEndsAt }, entry, candidate);
}

/**
 * The asking price with the owner's jitter: up to `jitterPpm` above the pool's price, chosen by the order's hash, so
 * that equal machines do not always bid equal prices and a repeated order meets the same bid.
 */
export function jitteredPrice(
  price: bigint,
  options: { jitterPpm: bigint; orderHash: `0x${string}`; nodeId: NodeId },
): bigint {
  if (options.jitterPpm === 0n) return price;
  const mixed = BigInt(options.orderHash) ^ (BigInt(options.nodeId) * 0x9e3779b97f4a7c15n);
  const lot = (mixed ^ (mixed >> 97n)) % 1_000_001n;
  return price + (price * options.jitterPpm * lot) / 1_000_000_000_000n;
}
