// What comes in by gossip: checks an offer or an order against signature, chain snapshot and book, and gives the verdict
// for relaying. Refusals are counted by code, so that a node can say what it is being sent.
//
// `reject` only for what no honest node relays (bad signature, wrong signer); what a node with an older or newer
// snapshot may see otherwise (funding, stake, unknown node) is `ignore`: not relayed, nobody punished.
import { recover } from "@weft/chain/Keys";
import * as Book from "@weft/market/Book";
import { orderReasons } from "@weft/market/judge";
import type { MarketView } from "@weft/market/MarketView";
import { priceLease } from "@weft/market/price";
import { spentBy } from "@weft/market/refill";
import { least } from "@weft/protocol/Amount";
import { digestOf, type Network } from "@weft/protocol/Domain";
import type { GossipMessage } from "@weft/protocol/messages";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import { operatorOf } from "@weft/transport/PeerIdentity";
import type { GossipVerdict } from "@weft/transport/Transport";
import type { Address, Hex } from "viem";
import { notePeer, type PeerDirectory } from "./PeerDirectory.ts";

export interface Intake {
  readonly network: Network;
  readonly book: Book.Book;
  readonly directory: PeerDirectory;
  /** Latest snapshot; undefined until the first one. */
  view(): MarketView | undefined;
  /** Asks a contract buyer whether it signed (ERC-1271); one eth_call. */
  contractSigned(query: { account: Address; digest: Hex; signature: Hex }): Promise<boolean>;
  /** Refusals so far by code. */
  readonly refused: Map<string, number>;
  /** When an entry was last passed on, by hash. */
  readonly relayed: Map<string, number>;
  nowMs(): number;
}

/** Offers and orders that live longer are not signed by this software and would fill books for nothing. */
const longestLifeSeconds = 86_400n;

type Refusal = { verdict: "reject" | "ignore"; code: string };
const reject = (code: string): Refusal => ({ verdict: "reject", code });
const ignore = (code: string): Refusal => ({ verdict: "ignore", code });

function refuse(intake: Intake, refusal: Refusal): GossipVerdict {
  // Codes are a fixed set of this code base, so the map is bounded.
  intake.refused.set(refusal.code, (intake.refused.get(refusal.code) ?? 0) + 1);
  return refusal.verdict;
}

/** Takes a standing offer into the book. `accept` when it is news or worth passing on once more. */
export function takeOffer(intake: Intake, message: GossipMessage<"offer">): GossipVerdict {
  const view = intake.view();
  if (view === undefined) return refuse(intake, ignore("chain.noView"));
  const { offer, signature, peer } = message;
  const signer = recover({ digest: digestOf(intake.network, Offer.schema, offer), signature });
  if (signer === undefined) return refuse(intake, reject("signature.malformed"));
  const refusal = offerRefusal(view, message, signer);
  if (refusal !== undefined) return refuse(intake, refusal);
  const hash = Offer.hash(offer);
  const outcome = Book.addOffer(intake.book, { offer, hash, signature, signer }, view.now);
  if (!outcome.kept && outcome.code !== "duplicate") return refuse(intake, ignore(`offer.${outcome.code}`));
  // A repeat still tells where the node is now.
  notePeer(intake.directory, offer.nodeId, peer);
  return again(intake, hash, "offer.duplicate");
}

function offerRefusal(view: MarketView, message: GossipMessage<"offer">, signer: Address): Refusal | undefined {
  const { offer, peer } = message;
  const node = view.nodes.get(offer.nodeId);
  if (node === undefined) return ignore("node.unknown");
  if (signer !== node.operator) return reject("offer.signer");
  if (peerOperator(peer.peerId) !== signer) return reject("offer.peer");
  if (Offer.isBid(offer)) return reject("offer.bidOnGossip");
  if (node.stake < view.params.minStake) return ignore("node.stake");
  if (offer.expiresAt > view.now + longestLifeSeconds) return reject("offer.tooLong");
  return undefined;
}

function peerOperator(peerId: string): Address | undefined {
  try {
    return operatorOf(peerId);
  } catch {
    return undefined;
  }
}

/** Takes an order into the book. `accept` when it is news, signed and funded, or worth passing on once more. */
export async function takeOrder(intake: Intake, message: GossipMessage<"order">): Promise<GossipVerdict> {
  const view = intake.view();
  if (view === undefined) return refuse(intake, ignore("chain.noView"));
  const { order, signature } = message;
  const hash = Order.hash(order);
  if (intake.book.orders.has(hash)) return again(intake, hash, "order.duplicate");
  const signed = await checkSigner(intake, view, message);
  if ("verdict" in signed) return refuse(intake, signed);
  const entry = { order, hash, signature, signer: signed.signer };
  const refusal = orderRefusal(view, entry);
  if (refusal !== undefined) return refuse(intake, refusal);
  const outcome = Book.addOrder(intake.book, entry, view.now);
  if (!outcome.kept) return refuse(intake, ignore(`order.${outcome.code}`));
  intake.relayed.set(hash, intake.nowMs());
  return "accept";
}

/** Repeats are passed on at this pace at most: who joined late hears them, a flood of them goes nowhere. */
const relayEveryMs = 200;
const mostRelayed = 16_384;

function again(intake: Intake, key: string, code: string): GossipVerdict {
  const now = intake.nowMs();
  if (now - (intake.relayed.get(key) ?? 0) < relayEveryMs) return refuse(intake, ignore(code));
  intake.relayed.delete(key);
  intake.relayed.set(key, now);
  const oldest = intake.relayed.keys().next().value;
  if (intake.relayed.size > mostRelayed && oldest !== undefined) intake.relayed.delete(oldest);
  return "accept";
}

/** The buyer signs, or a live session of the buyer, or the buyer is a contract and says yes (then it is the signer). */
async function checkSigner(
  intake: Intake,
  view: MarketView,
  message: GossipMessage<"order">,
): Promise<{ signer: Address } | Refusal> {
  const { order, signature } = message;
  const digest = digestOf(intake.network, Order.schema, order);
  const signer = signature.length === 132 ? recover({ digest, signature }) : undefined;
  if (signer === order.buyer) return { signer };
  if (signer !== undefined && signer === order.session) {
    const session = view.buyers.get(order.buyer)?.sessions.get(order.session);
    return session !== undefined && session.expiresAt > view.now ? { signer } : ignore("session.unknown");
  }
  // A contract's signature says nothing by itself; asking costs one call, so only buyers with escrow are asked for.
  if ((view.buyers.get(order.buyer)?.free ?? 0n) === 0n) return ignore("order.unfunded");
  const signed = await intake.contractSigned({ account: order.buyer, digest, signature }).catch(() => undefined);
  if (signed === undefined) return ignore("order.unchecked");
  return signed ? { signer: order.buyer } : reject("order.signer");
}

/** Reasons that only concern who matches, or that it is not time yet: no reason not to relay. */
const matcherOnly = new Set(["bidding.open", "order.matcher", "order.fee"]);

function orderRefusal(view: MarketView, entry: Book.OrderEntry): Refusal | undefined {
  const { order } = entry;
  const [reason] = orderReasons(view, entry).filter(({ code }) => !matcherOnly.has(code));
  if (reason !== undefined) return ignore(reason.code);
  if (order.expiresAt > view.now + view.params.maxDurationSeconds + longestLifeSeconds) return reject("order.tooLong");
  const buyer = view.buyers.get(order.buyer);
  if (order.buyerEpoch !== (buyer?.epoch ?? 0n)) return ignore("order.epoch");
  return (buyer?.free ?? 0n) < mostItTakes(view, entry) ? ignore("order.unfunded") : undefined;
}

/** What the order may take from its buyer's escrow: at its ceiling price and highest fee, within its budget. */
function mostItTakes(view: MarketView, { order, hash }: Book.OrderEntry): bigint {
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
