// Pull sync for late joiners over /weft/sync/1: one request, answered by pages of the book until `more` is false.
// What comes in goes through the same intake as gossip; a peer that sends rubbish only wastes its own pages.
import * as Book from "@weft/market/Book";
import { type GossipMessage, protocols, streams } from "@weft/protocol/messages";
import type { NodeId } from "@weft/protocol/NodeId";
import { encodeRefusal, refusal } from "@weft/transport/Request";
import type { Channel, Transport } from "@weft/transport/Transport";
import { decodeMessage, encodeMessage } from "@weft/transport/Wire";
import { WireError } from "@weft/transport/WireError";
import { type Intake, takeOffer, takeOrder } from "./intake.ts";
import type { PeerDirectory } from "./PeerDirectory.ts";

const requests = { "sync.request": streams["sync.request"] } as const;
const answers = { "sync.book": streams["sync.book"], ...refusal } as const;
/** Entries of one page: about 1.4 kB of JSON each, far below the message limit. */
const pageSize = 64;
const syncTimeoutMs = 15_000;

export interface SyncSource {
  readonly book: Book.Book;
  readonly directory: PeerDirectory;
  /** The reply address of an order still open for bids. */
  replyOf(orderHash: string): GossipMessage<"order">["reply"] | undefined;
}

/** Serves the book. Orders come first: they age faster. */
export function serveSync(transport: Transport, source: SyncSource): void {
  transport.handle(protocols.sync, async (channel) => {
    const bytes = await channel.receive({ timeoutMs: syncTimeoutMs });
    if (bytes === undefined) return;
    let limit: number;
    try {
      limit = decodeMessage(requests, bytes).body.limit;
    } catch (error) {
      await channel.send(encodeRefusal(error));
      throw error;
    }
    for (const page of pagesOf(source, limit)) await channel.send(encodeMessage(answers, "sync.book", page));
  });
}

type Page = { offers: GossipMessage<"offer">[]; orders: GossipMessage<"order">[]; more: boolean };

/** Pages of at most 64 offers and 64 orders, `limit` entries in all. */
export function pagesOf(source: SyncSource, limit: number): Page[] {
  const orders = [...source.book.orders.values()].flatMap(({ order, hash, signature }) => {
    const reply = source.replyOf(hash);
    return reply === undefined ? [] : [{ order, signature: signature as never, reply }];
  });
  const offers = Book.standing(source.book).flatMap(({ offer, signature }) => {
    const peer = source.directory.peers.get(offer.nodeId as NodeId);
    return peer === undefined ? [] : [{ offer, signature, peer }];
  });
  const keptOrders = orders.slice(0, limit);
  const keptOffers = offers.slice(0, Math.max(0, limit - keptOrders.length));
  const count = Math.max(1, Math.ceil(Math.max(keptOffers.length, keptOrders.length) / pageSize));
  return Array.from({ length: count }, (_, page) => ({
    offers: keptOffers.slice(page * pageSize, (page + 1) * pageSize),
    orders: keptOrders.slice(page * pageSize, (page + 1) * pageSize),
    more: page < count - 1,
  }));
}

export interface SyncResult {
  offers: number;
  orders: number;
}

/** Asks one peer for its book and takes in what holds. Returns what was news. */
export async function pullBook(
  transport: Transport,
  peerId: string,
  options: { intake: Intake; limit: number; onOrder?: (message: GossipMessage<"order">) => void; signal?: AbortSignal },
): Promise<SyncResult> {
  const channel = await transport.open(peerId, protocols.sync, options.signal ? { signal: options.signal } : {});
  try {
    await channel.send(encodeMessage(requests, "sync.request", { limit: options.limit }));
    // Nothing more to ask: a server that answers page by page learns that it can end.
    await channel.close();
    return await takePages(channel, options);
  } catch (error) {
    channel.abort(error instanceof Error ? error : new WireError("aborted", "sync given up"));
    throw error;
  }
}

async function takePages(
  channel: Channel,
  options: { intake: Intake; limit: number; onOrder?: (message: GossipMessage<"order">) => void },
): Promise<SyncResult> {
  const result: SyncResult = { offers: 0, orders: 0 };
  const mostPages = Math.ceil(options.limit / pageSize) + 1;
  for (let page = 0; page < mostPages; page++) {
    const bytes = await channel.receive({ timeoutMs: syncTimeoutMs });
    if (bytes === undefined) break;
    const message = decodeMessage(answers, bytes);
    if (message.kind === "refused") throw new WireError("refused", message.body.code, { origin: "remote" });
    for (const offer of message.body.offers) if (takeOffer(options.intake, offer) === "accept") result.offers += 1;
    for (const order of message.body.orders) {
      if ((await takeOrder(options.intake, order)) !== "accept") continue;
      result.orders += 1;
      options.onOrder?.(order);
    }
    if (!message.body.more) break;
  }
  return result;
}
