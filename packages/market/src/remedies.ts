// What a buyer can change when nobody fits. The nearest misses decide: of all refusals, those with the fewest kinds of
// reasons, and of those, per kind, the smallest change that lets at least one of these offers in.
//
// Fields are those of the job file. Not here: why an offer was refused (reasons.ts).
import { format, least, most } from "@weft/protocol/Amount";
import { fromBytes8 } from "@weft/protocol/HardwareClass";
import { hourly, type Reason, type ReasonCode } from "./reasons.ts";

type Of<Code extends ReasonCode> = Extract<Reason, { code: Code }>;
type Remedies = { [Code in ReasonCode]?: (reasons: readonly [Of<Code>, ...Of<Code>[]]) => string | undefined };

const again = () => "run the job again: that signs a new order";
const anew = () => "try again in a few seconds: nodes offer anew";

/** Job file fields of the packed attributes. `flags` are not asked for in a job file. */
const fieldOf: Record<string, string> = { netMbpsTenth: "netMbps" };
const perField: Record<string, number> = { netMbpsTenth: 10 };

const largestBy = <T>(rows: readonly T[], value: (row: T) => bigint): bigint =>
  rows.map(value).reduce((a, b) => most(a, b));
const smallestBy = <T>(rows: readonly T[], value: (row: T) => bigint): bigint =>
  rows.map(value).reduce((a, b) => least(a, b));

function fewerUnits(free: bigint): string {
  if (free > 0n) return `lower resources.units to ${free}`;
  return "wait until a lease ends (weft leases shows them), or try again with other resources";
}

function lowerAttributes(reasons: readonly Of<"attribute">[]): string {
  const best = new Map<string, number>();
  for (const { field, offered } of reasons) best.set(field, Math.max(best.get(field) ?? 0, offered));
  return [...best]
    .map(([field, offered]) => `lower resources.${fieldOf[field] ?? field} to ${offered * (perField[field] ?? 1)}`)
    .join(" and ");
}

const remedies: Remedies = {
  price: (rows) => `raise pay.maxPricePerHour to ${hourly(smallestBy(rows, ({ ask }) => ask))}`,
  "order.budget": (rows) =>
    `raise pay.budget by ${format(smallestBy(rows, ({ short }) => short))}, or shorten duration: all of it is reserved`,
  "buyer.escrow": (rows) =>
    `deposit what is missing: weft wallet deposit ${format(smallestBy(rows, ({ short }) => short))}`,
  "session.cap": (rows) =>
    `let the gateway reserve ${format(smallestBy(rows, ({ short }) => short))} more a day (weft wallet allow --daily-cap …), or wait until midnight UTC`,
  "session.unknown": () => "let the gateway order: weft wallet allow",
  "session.expired": () => "let the gateway order again: weft wallet allow",
  "session.allowList": () => "let the gateway order from any node: weft wallet allow",
  class: (rows) => {
    const offered = [...new Set(rows.map((row) => fromBytes8(row.offered)))].sort();
    return `set resources.class to ${offered.slice(0, 8).join(" or ")}`;
  },
  attribute: (rows) => lowerAttributes(rows),
  "offer.units": (rows) => fewerUnits(largestBy(rows, ({ offered }) => offered)),
  "pool.full": (rows) => fewerUnits(largestBy(rows, ({ free }) => free)),
  "order.duration": ([{ most: limit }]) => `set duration to at most ${limit}s`,
  "order.amount": () => "lower pay.maxPricePerHour or shorten duration",
  "order.expired": again,
  "order.epoch": again,
  "order.nonce": again,
  "order.params": again,
  "order.fills": again,
  "order.blocked": again,
  "offer.expired": anew,
  "offer.cancelled": anew,
  "offer.signer": anew,
  "node.failed": () => "run the job again: a new order may go to any node",
  "node.bond": () => "wait until the node's other leases end, which frees its bond; or shorten duration",
  "node.stake": () => "choose other nodes: this one's owner has to stake more first",
  placement: () => "widen placement in the job file",
};

const maxRemedies = 4;

/** One imperative line per change, at most four; empty when nothing that a buyer does helps. */
export function remediesFor(refused: readonly { reasons: readonly Reason[] }[]): string[] {
  const kinds = ({ reasons }: { reasons: readonly Reason[] }) => new Set(reasons.map(({ code }) => code)).size;
  const fewest = Math.min(...refused.map(kinds));
  const byCode = new Map<ReasonCode, Reason[]>();
  for (const miss of refused.filter((miss) => kinds(miss) === fewest))
    for (const reason of miss.reasons) byCode.set(reason.code, [...(byCode.get(reason.code) ?? []), reason]);
  const lines = [...byCode].map(([code, reasons]) =>
    (remedies[code] as ((reasons: readonly Reason[]) => string | undefined) | undefined)?.(reasons),
  );
  return [...new Set(lines.filter((line) => line !== undefined))].slice(0, maxRemedies);
}
