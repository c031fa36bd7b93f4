// A dry run: what an order would cost against today's standing offers, and why the others don't fit. Nothing is signed
// or sent. An auction is quoted as if every standing offer were a bid: providers usually bid at or below them.
import * as Order from "@weft/protocol/Order";
import { type Book, type OfferEntry, standing } from "./Book.ts";
import type { MarketView } from "./MarketView.ts";
import { rank } from "./Mechanism.ts";
import { histogram, type ReasonCode } from "./reasons.ts";
import type { Strategy } from "./strategies.ts";

export interface Range {
  min: bigint;
  /** Lower of the two middle ones for an even count. */
  median: bigint;
  max: bigint;
}

export interface Quote {
  fitting: number;
  refused: number;
  /** Refusals by code; one offer may count under several. */
  reasons: Partial<Record<ReasonCode, number>>;
  /** Stablecoin units per unit and second; undefined when nothing fits. */
  pricePerUnitSecond?: Range;
  /** What would leave the escrow: work, audit share and matcher fee. */
  total?: Range;
  cheapest?: OfferEntry;
}

export interface QuoteOptions {
  order: Order.Order;
  strategies?: readonly Strategy[];
  /** Hard cap: no offer counts as fitting above it, whatever the order's budget says. */
  cap?: bigint;
}

export function quote(view: MarketView, book: Book, options: QuoteOptions): Quote {
  const budget = options.cap !== undefined && options.cap < options.order.budget ? options.cap : options.order.budget;
  const order = { ...options.order, budget, mechanism: Order.mechanism.postedPrice };
  const entry = { order, hash: Order.hash(order), signature: "0x" as const, signer: order.buyer };
  const candidates = { offers: standing(book), strategies: options.strategies ?? [] };
  const { ranked, refused, winner } = rank(view, entry, candidates);
  const counts = { fitting: ranked.length, refused: refused.length, reasons: histogram(refused) };
  if (winner === undefined) return counts;
  return {
    ...counts,
    pricePerUnitSecond: range(ranked.map(({ price }) => price)),
    total: range(ranked.map(({ total }) => total)),
    cheapest: winner.entry,
  };
}

/** @param values at least one */
function range(values: readonly bigint[]): Range {
  const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const at = (index: number) => sorted[index] as bigint;
  return { min: at(0), median: at(Math.floor((sorted.length - 1) / 2)), max: at(sorted.length - 1) };
}
