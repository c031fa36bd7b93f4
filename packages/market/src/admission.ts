// What may pass through a node or a gateway on the gossip topics: pure rules over one snapshot, the same for everybody,
// because whoever relays what others reject is punished by them.
//
// `reject` only for what no honest relay passes on (bad signature, wrong signer); what somebody with an older or newer
// snapshot may see otherwise (funding, stake, unknown node) is `ignore`: not relayed, nobody punished.
import { least } from "@weft/protocol/Amount";
import * as Offer from "@weft/protocol/Offer";
import type * as Order from "@weft/protocol/Order";
import type { Address } from "viem";
import type { OrderEntry } from "./Book.ts";
import { orderReasons } from "./judge.ts";
import type { MarketView } from "./MarketView.ts";
import { priceLease } from "./price.ts";
import { spentBy } from "./refill.ts";

export type Refusal = { verdict: "reject" | "ignore"; code: string };
export const reject = (code: string): Refusal => ({ verdict: "reject", code });
export const ignore = (code: string): Refusal => ({ verdict: "ignore", code });

/** Offers and orders that live longer are not signed by this software and would fill books for nothing. */
const longestLifeSeconds = 86_400n;

/** @param offered `peerOperator`: the operator whose key is that of the peer named beside the offer, if it is a key at all */
export function offerRefusal(
  view: MarketView,
  offered: { offer: Offer.Offer; signer: Address; peerOperator: Address | undefined },
): Refusal | undefined {
  const { offer, signer, peerOperator } = offered;
  const node = view.nodes.get(offer.nodeId);
  if (node === undefined) return ignore("node.unknown");
  if (signer !== node.operator) return reject("offer.signer");
  if (peerOperator !== signer) return reject("offer.peer");
  if (Offer.isBid(offer)) return reject("offer.bidOnGossip");
  if (node.stake < view.params.minStake) return ignore("node.stake");
  if (offer.expiresAt > view.now + longestLifeSeconds) return reject("offer.tooLong");
  return undefined;
}

/**
 * The buyer signs, or a live session of the buyer. `contract` when only the buyer itself, a contract, could say.
 * @param signer recovered from the signature, if that worked
 */
export function orderSigner(
  view: MarketView,
  order: Order.Order,
  signer: Address | undefined,
): { signer: Address } | Refusal | "contract" {
  const buyer = view.buyers.get(order.buyer);
  if (signer === order.buyer) return { signer };
  if (signer !== undefined && signer === order.session) {
    const session = buyer?.sessions.get(order.session);
    return session !== undefined && session.expiresAt > view.now ? { signer } : ignore("session.unknown");
  }
  // A contract's signature says nothing by itself; asking costs one call, so only buyers with escrow are asked for.
  return (buyer?.free ?? 0n) === 0n ? ignore("order.unfunded") : "contract";
}

/** Reasons that only concern who matches, or that it is not time yet: no reason not to relay. */
const matcherOnly = new Set(["bidding.open", "order.matcher", "order.fee"]);

/** For an order whose signer is known to speak for its buyer. */
export function orderRefusal(view: MarketView, entry: OrderEntry): Refusal | undefined {
  const { order } = entry;
  const [reason] = orderReasons(view, entry).filter(({ code }) => !matcherOnly.has(code));
  if (reason !== undefined) return ignore(reason.code);
  if (order.expiresAt > view.now + view.params.maxDurationSeconds + longestLifeSeconds) return reject("order.tooLong");
  const buyer = view.buyers.get(order.buyer);
  if (order.buyerEpoch !== (buyer?.epoch ?? 0n)) return ignore("order.epoch");
  return (buyer?.free ?? 0n) < mostItTakes(view, entry) ? ignore("order.unfunded") : undefined;
}

/** What the order may take from its buyer's escrow: at its ceiling price and highest fee, within its budget. */
function mostItTakes(view: MarketView, { order, hash }: OrderEntry): bigint {
  const past = view.orders.get(hash);
  const { reservation } = priceLease(view.params, {
    pricePerUnitSecond: order.maxPricePerUnitSecond,
    units: order.units,
    durationSeconds: past?.secondsLeft ?? order.durationSeconds,
    tier: order.tier,
  });
  const ceiling = reservation + order.maxFee;
  const budget = order.budget - spentBy(order, past);
  return least(ceiling, budget);
}

const relayEveryMs = 200;
const mostRelayed = 16_384;

/**
 * Whether something heard before may be passed on once more: who joined late hears repeats, a flood of them goes nowhere.
 * @param relayed when each was last passed on, by hash; kept by the caller, the oldest are forgotten here
 */
export function passOn(relayed: Map<string, number>, key: string, nowMs: number): boolean {
  if (nowMs - (relayed.get(key) ?? Number.NEGATIVE_INFINITY) < relayEveryMs) return false;
  relayed.delete(key);
  relayed.set(key, nowMs);
  const oldest = relayed.keys().next().value;
  if (relayed.size > mostRelayed && oldest !== undefined) relayed.delete(oldest);
  return true;
}
