// What a node knows of the market: standing offers, orders, and the bids that name an order.
//
// A book is plain data. Updates change it in place (a copy of 65,536 offers per message would cost milliseconds), depend
// on nothing but their arguments, and say what they did. Two books that got the same entries hold the same offers,
// unless a node signs two different offers with one seq: the first one seen stays, and the second is a `conflict`.
//
// Signatures, schema and funding are checked before an entry gets here. A pruned offer's seq is not remembered: an older
// offer that is still unexpired may come back, as it may on chain; `minSeq` is what cancels.
import { least } from "@weft/protocol/Amount";
import { maxBidsPerOrder, maxOfferSlots, maxOffersKept, maxPools } from "@weft/protocol/generated/params";
import type { NodeId } from "@weft/protocol/NodeId";
import * as Offer from "@weft/protocol/Offer";
import type { Order } from "@weft/protocol/Order";
import type { Address, Hex } from "viem";

export interface OfferEntry {
  offer: Offer.Offer;
  hash: Hex;
  signature: Hex;
  /** Recovered from the signature when the entry came in. */
  signer: Address;
}

export interface OrderEntry {
  order: Order;
  hash: Hex;
  signature: Hex;
  /** Recovered from the signature; the buyer's own address where the buyer is a contract that accepted it. */
  signer: Address;
}

export interface BookLimits {
  offers: number;
  /** Standing offers of one node; every slot of every pool by default. */
  offersPerNode: number;
  orders: number;
  ordersPerBuyer: number;
  bidsPerOrder: number;
}

export const defaultLimits: BookLimits = {
  offers: maxOffersKept,
  offersPerNode: maxPools * maxOfferSlots,
  orders: 4096,
  ordersPerBuyer: 64,
  bidsPerOrder: maxBidsPerOrder,
};

export interface Book {
  readonly limits: BookLimits;
  /** Standing offers by slot key. */
  readonly offers: Map<string, OfferEntry>;
  readonly offersOf: Map<NodeId, number>;
  readonly orders: Map<Hex, OrderEntry>;
  readonly ordersOf: Map<Address, number>;
  /** Bids by order hash, then by node: one live bid each. */
  readonly bids: Map<Hex, Map<NodeId, OfferEntry>>;
}

/** What an update did. `kept` is true when the entry is new in the book; relay it only then. */
export type Outcome =
  | { kept: true; code: "added" }
  | { kept: true; code: "replaced"; previous: Hex }
  | { kept: false; code: Refusal };

export type Refusal =
  | "duplicate"
  | "stale"
  | "conflict"
  | "expired"
  | "slot"
  | "bookFull"
  | "quota"
  | "unknownOrder"
  | "biddingClosed";

export function create(limits: Partial<BookLimits> = {}): Book {
  return {
    limits: { ...defaultLimits, ...limits },
    offers: new Map(),
    offersOf: new Map(),
    orders: new Map(),
    ordersOf: new Map(),
    bids: new Map(),
  };
}

const refused = (code: Refusal): Outcome => ({ kept: false, code });

/** Adds a standing offer or, when it names an order, a bid. `now` in Unix seconds. */
export function addOffer(book: Book, entry: OfferEntry, now: bigint): Outcome {
  const { offer } = entry;
  if (offer.expiresAt <= now) return refused("expired");
  if (offer.poolId >= BigInt(maxPools) || offer.slot >= BigInt(maxOfferSlots)) return refused("slot");
  return Offer.isBid(offer) ? addBid(book, entry, now) : addStanding(book, entry);
}

function addStanding(book: Book, entry: OfferEntry): Outcome {
  const { nodeId } = entry.offer;
  const key = Offer.slotKey(entry.offer);
  const previous = book.offers.get(key);
  if (previous === undefined) {
    const ofNode = book.offersOf.get(nodeId) ?? 0;
    if (ofNode >= book.limits.offersPerNode) return refused("quota");
    if (book.offers.size >= book.limits.offers) return refused("bookFull");
    book.offers.set(key, entry);
    book.offersOf.set(nodeId, ofNode + 1);
    return { kept: true, code: "added" };
  }
  return replace(book.offers, key, { previous, entry });
}

function addBid(book: Book, entry: OfferEntry, now: bigint): Outcome {
  const { nodeId, orderHash } = entry.offer;
  const order = book.orders.get(orderHash);
  const bids = book.bids.get(orderHash);
  if (order === undefined || bids === undefined) return refused("unknownOrder");
  if (order.order.biddingEndsAt !== 0n && now >= order.order.biddingEndsAt) return refused("biddingClosed");
  const previous = bids.get(nodeId);
  if (previous !== undefined) return replace(bids, nodeId, { previous, entry });
  if (bids.size >= book.limits.bidsPerOrder) return refused("bookFull");
  bids.set(nodeId, entry);
  return { kept: true, code: "added" };
}

/** The later seq wins; an equal seq with other content is a conflict, and the first one stays. */
function replace<K>(map: Map<K, OfferEntry>, key: K, change: { previous: OfferEntry; entry: OfferEntry }): Outcome {
  const { previous, entry } = change;
  if (previous.hash === entry.hash) return refused("duplicate");
  if (previous.offer.seq === entry.offer.seq) return refused("conflict");
  if (previous.offer.seq > entry.offer.seq) return refused("stale");
  map.set(key, entry);
  return { kept: true, code: "replaced", previous: previous.hash };
}

/** Seconds that an auction's order is kept after its bidding ended: the matcher clears in this time. */
const clearingSeconds = 15n;

/** When an order has nothing left to do in a book; a lease that fails is filled again from bids, not from here. */
export const orderEnds = (order: Order): bigint =>
  order.biddingEndsAt === 0n ? order.expiresAt : least(order.expiresAt, order.biddingEndsAt + clearingSeconds);

export function addOrder(book: Book, entry: OrderEntry, now: bigint): Outcome {
  const { buyer } = entry.order;
  if (orderEnds(entry.order) <= now) return refused("expired");
  if (book.orders.has(entry.hash)) return refused("duplicate");
  // Orders that are over must not keep a busy buyer's new ones out until somebody prunes.
  if ((book.ordersOf.get(buyer) ?? 0) >= book.limits.ordersPerBuyer) prune(book, now);
  const ofBuyer = book.ordersOf.get(buyer) ?? 0;
  if (ofBuyer >= book.limits.ordersPerBuyer) return refused("quota");
  if (book.orders.size >= book.limits.orders) return refused("bookFull");
  book.orders.set(entry.hash, entry);
  book.ordersOf.set(buyer, ofBuyer + 1);
  book.bids.set(entry.hash, new Map());
  return { kept: true, code: "added" };
}

/** Drops what expired at or before `now`. Returns how many entries went. */
export function prune(book: Book, now: bigint): number {
  let dropped = 0;
  for (const [key, { offer }] of book.offers) if (offer.expiresAt <= now) dropped += dropOffer(book, key);
  for (const [hash, { order }] of book.orders) if (orderEnds(order) <= now) dropped += forgetOrder(book, hash);
  for (const bids of book.bids.values())
    for (const [node, { offer }] of bids) if (offer.expiresAt <= now) dropped += Number(bids.delete(node));
  return dropped;
}

/** Drops the orders that a buyer signed in an earlier epoch. */
export function cancelOrders(book: Book, buyer: Address, epoch: bigint): number {
  let dropped = 0;
  for (const [hash, { order }] of book.orders)
    if (order.buyer === buyer && order.buyerEpoch < epoch) dropped += forgetOrder(book, hash);
  return dropped;
}

/** Drops an order that was filled, cancelled or expired, with its bids. Returns 1 if it was there, else 0. */
function forgetOrder(book: Book, hash: Hex): number {
  const entry = book.orders.get(hash);
  if (entry === undefined) return 0;
  book.orders.delete(hash);
  book.bids.delete(hash);
  count(book.ordersOf, entry.order.buyer);
  return 1;
}

function dropOffer(book: Book, key: string): number {
  const entry = book.offers.get(key);
  if (entry === undefined) return 0;
  book.offers.delete(key);
  count(book.offersOf, entry.offer.nodeId);
  return 1;
}

function count<K>(counts: Map<K, number>, key: K): void {
  const left = (counts.get(key) ?? 0) - 1;
  if (left > 0) counts.set(key, left);
  else counts.delete(key);
}

/** Bids on one order. */
export const bidsFor = (book: Book, orderHash: Hex): OfferEntry[] => [...(book.bids.get(orderHash)?.values() ?? [])];

/** All standing offers. */
export const standing = (book: Book): OfferEntry[] => [...book.offers.values()];
