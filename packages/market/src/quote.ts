// A dry run: what an order would cost against today's standing offers, and why the others don't fit. Nothing is signed
// or sent. An auction is quoted as if every standing offer were a bid: providers usually bid at or below them.
import { least } from "@weft/protocol/Amount";
import * as Attributes from "@weft/protocol/Attributes";
import * as Order from "@weft/protocol/Order";
import { type Book, type OfferEntry, standing } from "./Book.ts";
import type { MarketView } from "./MarketView.ts";
import { type Ranked, type Refused, rank } from "./Mechanism.ts";
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
  /** The most it can cost: what would leave the escrow for the whole duration, with audit share and matcher fee. */
  total?: Range;
  /** What it should cost at the speed that each fitting offer declares; of the offers that declare one. */
  expected?: Range;
  /** Seconds of work at those speeds, at most the order's duration. */
  expectedSeconds?: Range;
  /** Fitting offers that by their declared speed would not be done within the duration. */
  tooSlow: number;
  cheapest?: OfferEntry;
  /** Offers that don't fit, each with all its reasons. */
  refusals: readonly Refused[];
}

export interface QuoteOptions {
  order: Order.Order;
  strategies?: readonly Strategy[];
  /** fp32 operations of the whole job, for the expected cost. */
  work?: bigint;
  /** Hard cap: no offer counts as fitting above it, whatever the order's budget says. */
  cap?: bigint;
}

export function quote(view: MarketView, book: Book, options: QuoteOptions): Quote {
  const budget = options.cap !== undefined && options.cap < options.order.budget ? options.cap : options.order.budget;
  const order = { ...options.order, budget, mechanism: Order.mechanism.postedPrice };
  const entry = { order, hash: Order.hash(order), signature: "0x" as const, signer: order.buyer };
  const candidates = { offers: standing(book), strategies: options.strategies ?? [] };
  const { ranked, refused, winner } = rank(view, entry, candidates);
  const counts = { fitting: ranked.length, refused: refused.length, reasons: histogram(refused), refusals: refused };
  if (winner === undefined) return { ...counts, tooSlow: 0 };
  const runs = ranked.flatMap((offer) => expect(view, { order, work: options.work }, offer));
  return {
    ...counts,
    pricePerUnitSecond: range(ranked.map(({ price }) => price)),
    total: range(ranked.map(({ total }) => total)),
    tooSlow: runs.filter(({ seconds }) => seconds > order.durationSeconds).length,
    ...(runs.length === 0
      ? {}
      : {
          expected: range(runs.map(({ cost }) => cost)),
          expectedSeconds: range(runs.map(({ seconds }) => least(seconds, order.durationSeconds))),
        }),
    cheapest: winner.entry,
  };
}

const million = 1_000_000n;
const billion = 1_000_000_000n;

/** Time and cost at the offer's declared speed: pay for the seconds, checks of the share of it that is audited, fee. */
function expect(
  view: MarketView,
  { order, work }: { order: Order.Order; work: bigint | undefined },
  { entry, price }: Ranked,
): { seconds: bigint; cost: bigint }[] {
  const gflops = BigInt(Attributes.unpack(entry.offer.attributes).fp32Gflops);
  if (work === undefined || gflops === 0n) return [];
  const seconds = work / (gflops * billion) + 1n;
  const pay = price * order.units * least(seconds, order.durationSeconds);
  const { auditRatePpm, auditPayPpm } = view.params;
  const audits = order.tier === Order.tier.exact ? (pay * auditRatePpm * auditPayPpm) / (million * million) : 0n;
  return [{ seconds, cost: pay + audits + view.matcher.fee }];
}

/** @param values at least one */
function range(values: readonly bigint[]): Range {
  const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const at = (index: number) => sorted[index] as bigint;
  return { min: at(0), median: at(Math.floor((sorted.length - 1) / 2)), max: at(sorted.length - 1) };
}
