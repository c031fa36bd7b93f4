// Keeps the gateway's book: standing offers from gossip and from a pull at start, bids from their own stream.
//
// Everything that comes in is schema-checked, its signature recovered and compared with the node's current operator,
// before it gets into the book. What is refused is told to the sender and counted against it.
import { recover } from "@weft/chain/Keys";
import { offerRefusal, orderRefusal, orderSigner, passOn } from "@weft/market/admission";
import { addOffer, type OfferEntry, type Outcome, prune, standing } from "@weft/market/Book";
import { judge } from "@weft/market/judge";
import type { MarketView } from "@weft/market/MarketView";
import { explainReason } from "@weft/market/reasons";
import { digestOf, recoverNoun } from "@weft/protocol/Domain";
import { gossip, protocols, type StreamMessage, streams, topics } from "@weft/protocol/messages";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import { operatorOf } from "@weft/transport/PeerIdentity";
import { call, serveCalls } from "@weft/transport/Request";
import type { GossipVerdict } from "@weft/transport/Transport";
import { decodeMessage } from "@weft/transport/Wire";
import type { Address } from "viem";
import type { GatewayContext } from "../GatewayContext.ts";

/** Neighbours asked at once. */
const maxSyncPeers = 8;
const wantedAnswers = 3;
const mostTries = 40;

/** Subscribes and serves; returns the function that stops listening. */
export function followMarket(context: GatewayContext, onBid: (entry: OfferEntry) => void): () => void {
  serveCalls(context.transport, protocols.bid, {
    requests: { bid: streams.bid },
    answers: { "bid.result": streams["bid.result"] },
    respond: async ({ body }) => ({ kind: "bid.result", body: await takeBid(context, body, onBid) }),
  });
  serveSync(context);
  const relayed = new Map<string, number>();
  const { offers, orders } = topics(context.networkId);
  const ends = [
    context.transport.subscribe(offers, (payload) => takeOffer(context, relayed, payload)),
    context.transport.subscribe(orders, (payload) => relayOrder(context, relayed, payload)),
  ];
  return () => {
    for (const end of ends) end();
  };
}

function takeOffer(context: GatewayContext, relayed: Map<string, number>, payload: Uint8Array): GossipVerdict {
  const { offer, signature, peer } = decodeMessage({ offer: gossip.offer }, payload).body;
  const view = viewNow(context);
  const signer = recover({ digest: digestOf(context.chain.network, Offer.schema, offer), signature });
  if (signer === undefined) return "reject";
  const refusal = offerRefusal(view, { offer, signer, peerOperator: operatorOfPeer(peer.peerId) });
  if (refusal !== undefined) return refusal.verdict;
  const hash = Offer.hash(offer);
  const outcome = addOffer(context.book, { offer, hash, signature, signer }, view.now);
  if (!outcome.kept && outcome.code !== "duplicate") return "ignore";
  return passOn(relayed, hash, context.clock.now()) ? "accept" : "ignore";
}

/**
 * Other buyers' orders are of no use here, but a topic without a subscriber is not part of the mesh. They are judged as
 * nodes do: whoever passes on what the others reject is the one that they punish. Buyers that are contracts are left to
 * the nodes, which ask them.
 */
function relayOrder(context: GatewayContext, relayed: Map<string, number>, payload: Uint8Array): GossipVerdict {
  const { order, signature } = decodeMessage({ order: gossip.order }, payload).body;
  const view = viewNow(context);
  const digest = digestOf(context.chain.network, Order.schema, order);
  const signed = orderSigner(view, order, signature.length === 132 ? recover({ digest, signature }) : undefined);
  if (signed === "contract") return "ignore";
  if ("verdict" in signed) return signed.verdict;
  const hash = Order.hash(order);
  const refusal = orderRefusal(view, { order, hash, signature, signer: signed.signer });
  if (refusal !== undefined) return refusal.verdict;
  return passOn(relayed, hash, context.clock.now()) ? "accept" : "ignore";
}

const viewNow = (context: GatewayContext): MarketView => ({ ...context.chain.view(), now: context.chain.now() });

function operatorOfPeer(peerId: string): Address | undefined {
  try {
    return operatorOf(peerId);
  } catch {
    return undefined;
  }
}

async function toEntry(context: GatewayContext, signed: Offer.SignedOffer): Promise<OfferEntry> {
  const signer = await recoverNoun(context.chain.network, Offer.schema, signed.offer, signed.signature);
  return {
    offer: signed.offer,
    hash: Offer.hash(signed.offer),
    signature: signed.signature,
    signer: signer.toLowerCase() as OfferEntry["signer"],
  };
}

/** A node that the snapshot does not know yet may be real and early: nobody's fault. */
function isSignedByOperator(context: GatewayContext, entry: OfferEntry): boolean {
  return context.chain.view().nodes.get(entry.offer.nodeId)?.operator === entry.signer;
}

async function takeBid(
  context: GatewayContext,
  bid: StreamMessage<"bid">,
  onBid: (entry: OfferEntry) => void,
): Promise<StreamMessage<"bid.result">> {
  const entry = await toEntry(context, bid);
  const order = context.book.orders.get(entry.offer.orderHash);
  if (order === undefined) return { accepted: false, reasons: ["this gateway has no such order open"] };
  // While this gateway still gathers, bidding is open, whatever a block's whole-second time says.
  const now = order.order.biddingEndsAt - 1n;
  const outcome: Outcome = addOffer(context.book, entry, now < context.chain.now() ? now : context.chain.now());
  if (!outcome.kept) return { accepted: outcome.code === "duplicate", reasons: [outcome.code] };
  onBid(entry);
  const verdict = judge({ ...context.chain.view(), now: order.order.biddingEndsAt }, order, entry);
  return { accepted: verdict.ok, reasons: verdict.ok ? [] : verdict.reasons.slice(0, 16).map(explainReason) };
}

function serveSync(context: GatewayContext): void {
  serveCalls(context.transport, protocols.sync, {
    requests: { "sync.request": streams["sync.request"] },
    answers: { "sync.book": streams["sync.book"] },
    respond: async ({ body }) => {
      prune(context.book, context.chain.now());
      const known = standing(context.book);
      const offers = known.slice(0, Math.min(body.limit, 64)).map(({ offer, signature }) => ({
        offer,
        signature,
        peer: context.chain.endpointOf(offer.nodeId) ?? context.self(),
      }));
      return { kind: "sync.book", body: { offers, orders: [], more: known.length > offers.length } };
    },
  });
}

/** How often a neighbour was asked for its book, and how often it answered. */
export interface Asked {
  tries: number;
  answers: number;
}

/**
 * Asks each new neighbour for its book: what it gossiped before we were connected is not repeated soon. More than once,
 * because a node that just started may have signed nothing, or not serve yet, when it is first asked.
 * @param asked of each neighbour that is present; kept by the caller from call to call
 */
export async function askNewNeighbours(context: GatewayContext, asked: Map<string, Asked>): Promise<void> {
  const present = context.transport.peers();
  for (const peer of asked.keys()) if (!present.includes(peer)) asked.delete(peer);
  for (const peer of present) if (!asked.has(peer)) asked.set(peer, { tries: 0, answers: 0 });
  const next = [...asked].filter(([, { tries, answers }]) => tries < mostTries && answers < wantedAnswers);
  const asking = next.slice(0, maxSyncPeers).map(async ([peer, count]) => {
    count.tries += 1;
    if (await pullBook(context, peer)) count.answers += 1;
  });
  await Promise.all(asking);
}

/** False when it did not answer. */
async function pullBook(context: GatewayContext, peer: string): Promise<boolean> {
  try {
    const answer = await call(context.transport, peer, {
      protocol: protocols.sync,
      requests: { "sync.request": streams["sync.request"] },
      kind: "sync.request",
      body: { limit: 64 },
      answers: { "sync.book": streams["sync.book"] },
    });
    for (const signed of answer.body.offers) {
      const entry = await toEntry(context, signed);
      if (isSignedByOperator(context, entry)) addOffer(context.book, entry, context.chain.now());
    }
    return true;
  } catch (error) {
    context.log.debug({ peer, err: error }, "book not pulled");
    return false;
  }
}
