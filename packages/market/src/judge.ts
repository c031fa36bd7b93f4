// Does this offer fit this order, now? Every refusal of the contract, all of them at once, plus the price if it fits.
//
// Mirrors contracts/src/libraries/Matching.sol, Market.open and Channels.reserve: what this accepts, Market.open accepts
// at the same block. Signatures were checked when the entries came in (`signer` is who signed), so that nothing here
// recovers a key. One rule is the matcher's own: a node that failed a fill of this order does not get the next one.
import * as Attributes from "@weft/protocol/Attributes";
import type { NodeId } from "@weft/protocol/NodeId";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import type { OfferEntry, OrderEntry } from "./Book.ts";
import { type MarketView, type NodeView, type OrderView, slotOf } from "./MarketView.ts";
import { agreedPrice, type LeasePrice, maxAmount, maxPay, priceLease } from "./price.ts";
import type { Reason } from "./reasons.ts";
import { spentBy } from "./refill.ts";

export type Judgement =
  | { ok: true; price: bigint; total: bigint; bond: bigint; lease: LeasePrice }
  | { ok: false; reasons: readonly [Reason, ...Reason[]] };

const zeroAddress = /^0x0{40}$/;

/** `total` is what leaves the buyer's free escrow: reservation plus the matcher's fee. */
export function judge(view: MarketView, order: OrderEntry, offer: OfferEntry): Judgement {
  const lease = priceFor(view, order, offer);
  const total = lease.reservation + view.matcher.fee;
  const [first, ...rest] = [
    ...orderReasons(view, order),
    ...moneyReasons(view, order, { lease, total, node: offer.offer.nodeId }),
    ...offerReasons(view, order, offer),
    ...nodeReasons(view, order, { offer, bond: lease.bond }),
  ];
  if (first !== undefined) return { ok: false, reasons: [first, ...rest] };
  return { ok: true, price: lease.pricePerUnitSecond, total, bond: lease.bond, lease };
}

function priceFor(view: MarketView, order: OrderEntry, offer: OfferEntry): LeasePrice {
  return priceLease(view.params, {
    pricePerUnitSecond: agreedPrice(order.order, offer.offer.pricePerUnitSecond),
    units: order.order.units,
    durationSeconds: view.orders.get(order.hash)?.secondsLeft ?? order.order.durationSeconds,
    tier: order.order.tier,
  });
}

/** Refusals that hold for every offer: the order itself, its fills, its matcher. */
export function orderReasons(view: MarketView, entry: OrderEntry): Reason[] {
  const { order } = entry;
  const reasons: Reason[] = [];
  const past = view.orders.get(entry.hash);
  if (view.now >= order.expiresAt) reasons.push({ code: "order.expired", expiresAt: order.expiresAt, now: view.now });
  if (order.paramsHash !== view.paramsHash)
    reasons.push({ code: "order.params", signed: order.paramsHash, current: view.paramsHash });
  if (order.durationSeconds === 0n || order.durationSeconds > view.params.maxDurationSeconds)
    reasons.push({ code: "order.duration", asked: order.durationSeconds, most: view.params.maxDurationSeconds });
  if (past === undefined && view.buyers.get(order.buyer)?.nonces.has(order.nonce) === true)
    reasons.push({ code: "order.nonce", nonce: order.nonce });
  for (const [field, value, highest] of kinds(order))
    if (value > highest) reasons.push({ code: "order.kind", field, value });
  if (order.payMode === Order.payMode.voucher && zeroAddress.test(order.session))
    reasons.push({ code: "order.session" });
  if (BigInt(order.courtId) !== 0n && !view.courts.has(order.courtId))
    reasons.push({ code: "order.court", court: order.courtId });
  if (order.units === 0n) reasons.push({ code: "order.units" });
  if (!zeroAddress.test(order.matcher) && order.matcher !== view.matcher.address)
    reasons.push({ code: "order.matcher", named: order.matcher });
  if (view.matcher.fee > order.maxFee) reasons.push({ code: "order.fee", asked: view.matcher.fee, most: order.maxFee });
  if (past !== undefined) reasons.push(...fillReasons(view, past));
  if (order.mechanism === Order.mechanism.reverseAuction && view.now < order.biddingEndsAt)
    reasons.push({ code: "bidding.open", endsAt: order.biddingEndsAt, now: view.now });
  return reasons;
}

function fillReasons(view: MarketView, past: OrderView): Reason[] {
  if (past.fills >= view.params.maxFills) return [{ code: "order.fills", most: view.params.maxFills }];
  const why = past.blocked ?? (past.secondsLeft === 0n ? "timeUp" : undefined);
  return why === undefined ? [] : [{ code: "order.blocked", fills: past.fills, why }];
}

const kinds = (order: Order.Order): [string, bigint, bigint][] => [
  ["priceRule", order.priceRule, Order.priceRule.ceiling],
  ["tier", order.tier, Order.tier.exact],
  ["mechanism", order.mechanism, Order.mechanism.reverseAuction],
  ["payMode", order.payMode, Order.payMode.accrue],
];

interface Deal {
  lease: LeasePrice;
  total: bigint;
  node: NodeId;
}

function moneyReasons(view: MarketView, entry: OrderEntry, deal: Deal): Reason[] {
  const { order } = entry;
  const { lease, total } = deal;
  const reasons: Reason[] = [];
  const buyer = view.buyers.get(order.buyer);
  const budget = order.budget - spentBy(order, view.orders.get(entry.hash));
  for (const field of ["pay", "bond", "rate", "auditPot"] as const) {
    const limit = field === "pay" || field === "bond" ? maxPay : maxAmount;
    if (lease[field] > limit) reasons.push({ code: "order.amount", field, amount: lease[field], most: limit });
  }
  if (total > budget) reasons.push({ code: "order.budget", total, budget, short: total - budget });
  const free = buyer?.free ?? 0n;
  if (total > free) reasons.push({ code: "buyer.escrow", free, needed: total, short: total - free });
  const epoch = buyer?.epoch ?? 0n;
  if (order.buyerEpoch !== epoch) reasons.push({ code: "order.epoch", signed: order.buyerEpoch, current: epoch });
  if (entry.signer !== order.buyer) reasons.push(...sessionReasons(view, entry, deal));
  return reasons;
}

function sessionReasons(view: MarketView, { order, signer }: OrderEntry, deal: Deal): Reason[] {
  if (signer !== order.session) return [{ code: "order.signer", signer, buyer: order.buyer }];
  const session = view.buyers.get(order.buyer)?.sessions.get(order.session);
  if (session === undefined) return [{ code: "session.unknown", session: order.session }];
  const reasons: Reason[] = [];
  if (view.now >= session.expiresAt)
    reasons.push({ code: "session.expired", expiresAt: session.expiresAt, now: view.now });
  if (deal.total > session.capLeft)
    reasons.push({
      code: "session.cap",
      left: session.capLeft,
      needed: deal.total,
      short: deal.total - session.capLeft,
    });
  if (session.allowed !== undefined && !session.allowed.has(deal.node))
    reasons.push({ code: "session.allowList", node: deal.node });
  return reasons;
}

function offerReasons(view: MarketView, order: OrderEntry, entry: OfferEntry): Reason[] {
  const { offer } = entry;
  const asked = order.order;
  const reasons: Reason[] = [];
  if (asked.mechanism === Order.mechanism.reverseAuction && !Offer.isBid(offer)) reasons.push({ code: "bid.needed" });
  if (Offer.isBid(offer) && offer.orderHash !== order.hash)
    reasons.push({ code: "bid.otherOrder", named: offer.orderHash });
  if (offer.class !== asked.class) reasons.push({ code: "class", asked: asked.class, offered: offer.class });
  reasons.push(...attributeReasons(offer.attributes, asked.minAttributes));
  if (offer.units < asked.units) reasons.push({ code: "offer.units", asked: asked.units, offered: offer.units });
  if (view.now >= offer.expiresAt) reasons.push({ code: "offer.expired", expiresAt: offer.expiresAt, now: view.now });
  if (agreedPrice(asked, offer.pricePerUnitSecond) === 0n) reasons.push({ code: "price.zero" });
  const over = offer.pricePerUnitSecond - asked.maxPricePerUnitSecond;
  if (over > 0n)
    reasons.push({ code: "price", ask: offer.pricePerUnitSecond, ceiling: asked.maxPricePerUnitSecond, over });
  return reasons;
}

function attributeReasons(offered: bigint, asked: bigint): Reason[] {
  const have = Attributes.unpack(offered);
  const need = Attributes.unpack(asked);
  return Attributes.shortfalls(offered, asked).map((name) => {
    const field = name as keyof Attributes.Attributes;
    return { code: "attribute", field, asked: need[field], offered: have[field] };
  });
}

function nodeReasons(view: MarketView, order: OrderEntry, deal: { offer: OfferEntry; bond: bigint }): Reason[] {
  const { offer, signer } = deal.offer;
  const node = view.nodes.get(offer.nodeId);
  if (node === undefined) return [{ code: "node.unknown", node: offer.nodeId }];
  const reasons: Reason[] = [];
  const { minStake } = view.params;
  if (signer !== node.operator) reasons.push({ code: "offer.signer", signer, operator: node.operator });
  const minSeq = node.minSeq.get(slotOf(offer.poolId, offer.slot)) ?? 0n;
  if (offer.seq < minSeq) reasons.push({ code: "offer.cancelled", seq: offer.seq, minSeq });
  if (node.stake < minStake)
    reasons.push({ code: "node.stake", stake: node.stake, needed: minStake, short: minStake - node.stake });
  if (node.bondFree < deal.bond)
    reasons.push({ code: "node.bond", free: node.bondFree, needed: deal.bond, short: deal.bond - node.bondFree });
  if (view.orders.get(order.hash)?.failed.includes(offer.nodeId) === true)
    reasons.push({ code: "node.failed", node: offer.nodeId });
  return [...reasons, ...poolReasons(node, order.order.units, offer)];
}

function poolReasons(node: NodeView, units: bigint, offer: Offer.Offer): Reason[] {
  const pool = node.pools.get(offer.poolId);
  if (pool === undefined) return [{ code: "pool.unknown", poolId: offer.poolId }];
  const reasons: Reason[] = [];
  if (pool.class !== offer.class) reasons.push({ code: "pool.class", offered: offer.class, registered: pool.class });
  const free = pool.capacity > pool.used ? pool.capacity - pool.used : 0n;
  if (units > free) reasons.push({ code: "pool.full", free, asked: units });
  const has = Attributes.unpack(pool.attributes);
  const claims = Attributes.unpack(offer.attributes);
  for (const name of Attributes.shortfalls(pool.attributes, offer.attributes)) {
    const field = name as keyof Attributes.Attributes;
    reasons.push({ code: "pool.attributes", field, offered: claims[field], registered: has[field] });
  }
  return reasons;
}
