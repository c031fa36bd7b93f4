// Finds a provider for an order: gossips it, gathers signed bids until the auction ends, clears over one snapshot.
//
// With a posted price there is nothing to wait for: the standing offers in the book compete at once. Every candidate
// that does not win has its reasons, and an order that nobody fits says so per offer.
import { type OrderEntry, standing } from "@weft/market/Book";
import { judge } from "@weft/market/judge";
import type { Clearing, Ranked, Refused } from "@weft/market/Mechanism";
import { mechanismOf } from "@weft/market/mechanisms";
import { explainReason, type Reason } from "@weft/market/reasons";
import { remediesFor } from "@weft/market/remedies";
import { allowNodes, denyNodes, inRegion, type Strategy } from "@weft/market/strategies";
import { most } from "@weft/protocol/Amount";
import type { JobFile } from "@weft/protocol/JobFile";
import { gossip, topics } from "@weft/protocol/messages";
import type { NodeId } from "@weft/protocol/NodeId";
import * as Order from "@weft/protocol/Order";
import { encodeMessage } from "@weft/transport/Wire";
import type { GatewayContext } from "../GatewayContext.ts";

/** The buyer's placement rules. */
export function strategiesOf(file: JobFile): Strategy[] {
  const { allow, deny, region } = file.placement;
  return [
    ...(allow.length > 0 ? [allowNodes(new Set(allow))] : []),
    ...(deny.length > 0 ? [denyNodes(new Set(deny))] : []),
    ...(region === undefined ? [] : [inRegion(BigInt(`0x${region}`))]),
  ];
}

export interface AuctionOptions {
  jobId: string;
  file: JobFile;
  entry: OrderEntry;
  /** Milliseconds of the network's clock when the order was signed. */
  signedAtMs: number;
  /** Nodes that failed the job before; they are not asked again. */
  failed: ReadonlySet<NodeId>;
  signal: AbortSignal;
}

/** Gossips the order and waits for its bids. The result is not binding until `open` is mined. */
export async function holdAuction(context: GatewayContext, options: AuctionOptions): Promise<Clearing> {
  const { entry, file } = options;
  const auction = entry.order.mechanism === Order.mechanism.reverseAuction;
  if (auction) await gatherBids(context, options);
  const mechanism = mechanismOf(entry.order.mechanism);
  const view = { ...context.chain.view(), now: clearingTime(context, entry) };
  const clearing = mechanism.clear(view, entry, {
    offers: mechanism.candidates(context.book, entry),
    strategies: [...strategiesOf(file), ...(options.failed.size > 0 ? [denyNodes(options.failed)] : [])],
  });
  tell(context, options, clearing);
  return clearing;
}

/** The transaction is mined at or after the end of bidding, so that is the time to judge at. */
const clearingTime = (context: GatewayContext, entry: OrderEntry): bigint =>
  most(context.chain.now(), entry.order.biddingEndsAt);

async function gatherBids(context: GatewayContext, options: AuctionOptions): Promise<void> {
  const { entry, signedAtMs, file, signal } = options;
  const topic = topics(context.networkId).orders;
  const message = encodeMessage(gossip, "order", {
    order: entry.order,
    signature: entry.signature,
    reply: context.self(),
  });
  const endsAt = signedAtMs + file.auctionMs;
  // Twice: a node that was just joining the mesh at the first one gets the second.
  await context.transport.publish(topic, message);
  const half = Math.max(0, signedAtMs + file.auctionMs / 2 - context.clock.now());
  await context.clock.sleep(half, signal);
  await context.transport.publish(topic, message);
  await context.clock.sleep(Math.max(0, endsAt - context.clock.now()), signal);
}

function tell(context: GatewayContext, { jobId, entry }: AuctionOptions, clearing: Clearing): void {
  const refused = refusals(clearing.refused);
  const { winner, runnerUp } = clearing;
  if (winner === undefined) {
    const others = entry.order.mechanism === Order.mechanism.reverseAuction ? silent(context, entry, clearing) : nobody;
    const reasons = [...refused, ...others.told].slice(0, 256);
    const message = "no node has offered anything that this gateway heard of; try again in a few seconds";
    const remedies = remediesFor([...clearing.refused, ...others.judged]);
    context.emit(jobId, "unmatched", { reasons, remedies, ...(reasons.length === 0 ? { message } : {}) });
    return;
  }
  context.emit(jobId, "auction", {
    winner: bidder(winner),
    ...(runnerUp === undefined ? {} : { runnerUp: bidder(runnerUp) }),
    bids: clearing.ranked.length + clearing.refused.length,
    refused,
  });
}

const bidder = ({ entry }: Ranked) => ({
  nodeId: entry.offer.nodeId,
  pricePerUnitSecond: entry.offer.pricePerUnitSecond.toString(),
});

export const refusals = (refused: readonly Refused[]) =>
  refused.slice(0, 256).map(({ entry, reasons }) => ({
    nodeId: entry.offer.nodeId,
    reasons: reasons.map(explainReason),
  }));

interface Silent {
  told: ReturnType<typeof refusals>;
  /** Those whose own judgement refuses the order. */
  judged: { reasons: readonly Reason[] }[];
}

const nobody: Silent = { told: [], judged: [] };

/** Why nodes with a standing offer sent no bid: what their own judgement of this order would say. */
function silent(context: GatewayContext, entry: OrderEntry, clearing: Clearing): Silent {
  const heard = new Set(clearing.refused.map(({ entry: { offer } }) => offer.nodeId));
  const view = { ...context.chain.view(), now: clearingTime(context, entry) };
  const told = new Map<NodeId, string[]>();
  const judged: Silent["judged"] = [];
  for (const { offer, hash, signature, signer } of standing(context.book)) {
    if (heard.has(offer.nodeId) || told.has(offer.nodeId)) continue;
    const verdict = judge(view, entry, { offer: { ...offer, orderHash: entry.hash }, hash, signature, signer });
    if (!verdict.ok) judged.push(verdict);
    const why = verdict.ok ? ["fits, but sent no bid before the auction ended"] : verdict.reasons.map(explainReason);
    told.set(offer.nodeId, why);
  }
  return { told: [...told].map(([nodeId, reasons]) => ({ nodeId, reasons })), judged };
}
