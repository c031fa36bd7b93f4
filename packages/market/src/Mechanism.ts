// A mechanism decides who gets an order. Each one answers for itself behind this interface; callers pick it by the
// order's number and never switch on its kind.
//
// Clearing is a pure function of (view, order, candidates) and does not depend on the candidates' order: equal prices
// are ranked by fp32 speed, then keccak256(orderHash ‖ nodeId), which no node can choose for an order it
// has not seen and which favours nobody over many orders.
import * as Attributes from "@weft/protocol/Attributes";
import { concat, type Hex, keccak256 } from "viem";
import type { Book, OfferEntry, OrderEntry } from "./Book.ts";
import { type Judgement, judge } from "./judge.ts";
import type { MarketView } from "./MarketView.ts";
import type { Reason } from "./reasons.ts";
import type { Strategy } from "./strategies.ts";

export interface Ranked {
  entry: OfferEntry;
  price: bigint;
  total: bigint;
  bond: bigint;
}

export interface Refused {
  entry: OfferEntry;
  reasons: readonly [Reason, ...Reason[]];
}

export interface Clearing {
  winner?: Ranked;
  /** Best offer of another node; takes over if the winner fails. */
  runnerUp?: Ranked;
  ranked: readonly Ranked[];
  refused: readonly Refused[];
}

export interface Candidates {
  offers: readonly OfferEntry[];
  /** The buyer's placement rules; all must accept. */
  strategies?: readonly Strategy[];
}

export interface Mechanism {
  readonly name: string;
  /** Order.mechanism. */
  readonly code: bigint;
  /** Offers that may compete for the order. */
  candidates(book: Book, order: OrderEntry): OfferEntry[];
  clear(view: MarketView, order: OrderEntry, candidates: Candidates): Clearing;
}

/** Judges every candidate and ranks those that fit by price. */
export function rank(view: MarketView, order: OrderEntry, candidates: Candidates): Clearing {
  const ranked: Ranked[] = [];
  const refused: Refused[] = [];
  for (const entry of distinct(candidates.offers)) {
    const verdict = withPlacement(judge(view, order, entry), placement(view, entry, candidates.strategies ?? []));
    if (!verdict.ok) refused.push({ entry, reasons: verdict.reasons });
    else {
      const { price, total, bond } = verdict;
      ranked.push({ entry, price, total, bond });
    }
  }
  const lots = new Map<Hex, Hex>();
  ranked.sort((a, b) => compare(a.entry, b.entry) || compareLots(lots, order.hash, [a.entry, b.entry]));
  refused.sort((a, b) => (a.entry.hash < b.entry.hash ? -1 : 1));
  return seat(ranked, refused);
}

function seat(ranked: Ranked[], refused: Refused[]): Clearing {
  const winner = ranked[0];
  const runnerUp = ranked.find(({ entry }) => entry.offer.nodeId !== winner?.entry.offer.nodeId);
  return {
    ...(winner === undefined ? {} : { winner }),
    ...(runnerUp === undefined ? {} : { runnerUp }),
    ranked,
    refused,
  };
}

/** What a mechanism answers when an order asks for another one. */
export function refuseMechanism(mechanism: Mechanism, order: OrderEntry, candidates: Candidates): Clearing | undefined {
  if (order.order.mechanism === mechanism.code) return undefined;
  const reason: Reason = { code: "order.mechanism", asked: order.order.mechanism, clearing: mechanism.name };
  return seat(
    [],
    distinct(candidates.offers).map((entry) => ({ entry, reasons: [reason] })),
  );
}

/** The same offer twice counts once. */
const distinct = (offers: readonly OfferEntry[]): OfferEntry[] => [
  ...new Map(offers.map((entry) => [entry.hash, entry])).values(),
];

function placement(view: MarketView, entry: OfferEntry, strategies: readonly Strategy[]): Reason[] {
  return strategies.map((strategy) => strategy(view, entry)).filter((reason) => reason !== undefined);
}

function withPlacement(verdict: Judgement, placed: readonly Reason[]): Judgement {
  const [first, ...rest] = [...(verdict.ok ? [] : verdict.reasons), ...placed];
  return first === undefined ? verdict : { ok: false, reasons: [first, ...rest] };
}

function compare(a: OfferEntry, b: OfferEntry): number {
  const byAsk = a.offer.pricePerUnitSecond - b.offer.pricePerUnitSecond;
  if (byAsk !== 0n) return byAsk < 0n ? -1 : 1;
  return fp32Of(b) - fp32Of(a);
}

const fp32Of = ({ offer }: OfferEntry): number => Attributes.unpack(offer.attributes).fp32Gflops;

/** Lots are drawn only for ties; the offer's hash separates two equal offers of one node. */
function compareLots(lots: Map<Hex, Hex>, orderHash: Hex, [a, b]: readonly [OfferEntry, OfferEntry]): number {
  const lotOf = ({ offer, hash }: OfferEntry): Hex => {
    const lot = lots.get(hash) ?? concat([keccak256(concat([orderHash, offer.nodeId])), hash]);
    lots.set(hash, lot);
    return lot;
  };
  return lotOf(a) < lotOf(b) ? -1 : 1;
}
