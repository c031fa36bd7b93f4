// Why an offer does not fit an order: one variant per refusal, with its operands, and one line of text for each.
//
// The codes are stable; the contract's custom errors refuse the same things (contracts/src/market). A matcher shows
// these per offer, so that an order that nobody fills never meets silence.
import { format, weftDecimals } from "@weft/protocol/Amount";
import { fromBytes8 } from "@weft/protocol/HardwareClass";
import type { Address, Hex } from "viem";
import type { FillBlock } from "./MarketView.ts";

export type Reason =
  | { code: "order.expired"; expiresAt: bigint; now: bigint }
  | { code: "order.epoch"; signed: bigint; current: bigint }
  | { code: "order.params"; signed: Hex; current: Hex }
  | { code: "order.duration"; asked: bigint; most: bigint }
  | { code: "order.units" }
  | { code: "order.nonce"; nonce: bigint }
  | { code: "order.kind"; field: string; value: bigint }
  | { code: "order.session" }
  | { code: "order.court"; court: Hex }
  | { code: "order.signer"; signer: Address; buyer: Address }
  | { code: "order.mechanism"; asked: bigint; clearing: string }
  | { code: "order.blocked"; fills: bigint; why: FillBlock }
  | { code: "order.fills"; most: bigint }
  | { code: "order.matcher"; named: Address }
  | { code: "order.fee"; asked: bigint; most: bigint }
  | { code: "order.budget"; total: bigint; budget: bigint; short: bigint }
  | { code: "order.amount"; field: "pay" | "bond" | "rate" | "auditPot"; amount: bigint; most: bigint }
  | { code: "buyer.escrow"; free: bigint; needed: bigint; short: bigint }
  | { code: "session.unknown"; session: Address }
  | { code: "session.expired"; expiresAt: bigint; now: bigint }
  | { code: "session.cap"; left: bigint; needed: bigint; short: bigint }
  | { code: "session.allowList"; node: Hex }
  | { code: "bidding.open"; endsAt: bigint; now: bigint }
  | { code: "bid.needed" }
  | { code: "bid.otherOrder"; named: Hex }
  | { code: "class"; asked: Hex; offered: Hex }
  | { code: "attribute"; field: string; asked: number; offered: number }
  | { code: "offer.units"; asked: bigint; offered: bigint }
  | { code: "offer.expired"; expiresAt: bigint; now: bigint }
  | { code: "offer.cancelled"; seq: bigint; minSeq: bigint }
  | { code: "offer.signer"; signer: Address; operator: Address }
  | { code: "price.zero" }
  | { code: "price"; ask: bigint; ceiling: bigint; over: bigint }
  | { code: "pool.unknown"; poolId: bigint }
  | { code: "pool.class"; offered: Hex; registered: Hex }
  | { code: "pool.attributes"; field: string; offered: number; registered: number }
  | { code: "pool.full"; free: bigint; asked: bigint }
  | { code: "node.unknown"; node: Hex }
  | { code: "node.stake"; stake: bigint; needed: bigint; short: bigint }
  | { code: "node.bond"; free: bigint; needed: bigint; short: bigint }
  | { code: "node.failed"; node: Hex }
  | { code: "placement"; rule: string; detail: string };

export type ReasonCode = Reason["code"];

type Lines = { [Code in ReasonCode]: (reason: Extract<Reason, { code: Code }>) => string };

const blocks: Record<FillBlock, string> = {
  open: "it is still open",
  ended: "it closed for a reason that ends the order",
  followed: "another one already followed it",
  timeUp: "it used up the order's time",
};

/** A price per unit and second as job files write it, by the hour: 185n → "0.666". */
export const hourly = (perSecond: bigint): string => format(perSecond * 3600n);

const short = (hex: Hex): string => `${hex.slice(0, 10)}…`;
const ago = (now: bigint, then: bigint): string => `${now - then} s ago`;

const lines: Lines = {
  "order.expired": (r) => `the order expired ${ago(r.now, r.expiresAt)}; sign a new one`,
  "order.epoch": (r) =>
    `the order was signed in buyer epoch ${r.signed}, the current one is ${r.current}: it is cancelled`,
  "order.params": (r) => `the order pins parameters ${short(r.signed)}, the network runs ${short(r.current)}`,
  "order.duration": (r) => `the order asks for ${r.asked} s, allowed is 1 to ${r.most} s`,
  "order.units": () => "the order asks for no units",
  "order.nonce": (r) => `nonce ${r.nonce} of this buyer is used or withdrawn; sign the order with a new one`,
  "order.mechanism": (r) => `the order asks for mechanism ${r.asked}, this is ${r.clearing}`,
  "order.kind": (r) => `the order's ${r.field} ${r.value} is not one the market knows`,
  "order.session": () =>
    "the order pays by voucher but names no session, so that nobody could sign one; name a session key, or pay by accrue",
  "order.court": (r) => `the order names court ${short(r.court)}, which is not active`,
  "order.signer": (r) => `the order is signed by ${r.signer}, neither its buyer ${r.buyer} nor its session`,
  "order.blocked": (r) => `no fill after fill ${r.fills - 1n}: ${blocks[r.why]}`,
  "order.fills": (r) => `the order used all its ${r.most} fills`,
  "order.matcher": (r) => `the order names another matcher, ${r.named}`,
  "order.fee": (r) => `the matcher asks a fee of ${format(r.asked)}, the order allows ${format(r.most)}`,
  "order.budget": (r) =>
    `total ${format(r.total)} is over the order's budget ${format(r.budget)} by ${format(r.short)}`,
  "order.amount": (r) =>
    `the lease's ${r.field} would be ${format(r.amount)}, one lease carries at most ${format(r.most)}`,
  "buyer.escrow": (r) =>
    `needs ${format(r.needed)} of free escrow, the buyer has ${format(r.free)}: ${format(r.short)} short`,
  "session.unknown": (r) => `session ${r.session} is not authorised by the buyer, or was revoked`,
  "session.expired": (r) => `the buyer's session expired ${ago(r.now, r.expiresAt)}`,
  "session.cap": (r) =>
    `needs ${format(r.needed)}, the session may spend ${format(r.left)} more today: ${format(r.short)} short`,
  "session.allowList": (r) => `node ${short(r.node)} is not on the session's allow-list`,
  "bidding.open": (r) => `bidding is open for another ${r.endsAt - r.now} s`,
  "bid.needed": () => "the order is an auction: only bids that name it count, this is a standing offer",
  "bid.otherOrder": (r) => `the bid names another order, ${short(r.named)}`,
  class: (r) => `class ${fromBytes8(r.offered)} offered, ${fromBytes8(r.asked)} asked`,
  attribute: (r) => `${r.field} ${r.offered} offered, at least ${r.asked} asked: ${r.asked - r.offered} short`,
  "offer.units": (r) => `the offer covers ${r.offered} units, ${r.asked} asked: ${r.asked - r.offered} short`,
  "offer.expired": (r) => `the offer expired ${ago(r.now, r.expiresAt)}`,
  "offer.cancelled": (r) => `the offer's seq ${r.seq} is cancelled: the node's minSeq is ${r.minSeq}`,
  "offer.signer": (r) => `the offer is signed by ${r.signer}, the node's operator is ${r.operator}`,
  "price.zero": () => "the offer asks nothing, which the market does not take",
  price: (r) => `asks ${hourly(r.ask)} per unit and hour, ${hourly(r.over)} above the ceiling of ${hourly(r.ceiling)}`,
  "pool.unknown": (r) => `the node has no pool ${r.poolId}`,
  "pool.class": (r) => `the offer says class ${fromBytes8(r.offered)}, its pool is ${fromBytes8(r.registered)}`,
  "pool.attributes": (r) => `the offer claims ${r.field} ${r.offered}, its pool has ${r.registered}`,
  "pool.full": (r) => `${r.free} units free in the pool, ${r.asked} asked: ${r.asked - r.free} short`,
  "node.unknown": (r) => `node ${short(r.node)} is not registered`,
  "node.stake": (r) =>
    `the node's stake is ${format(r.short, weftDecimals)} WEFT short of ${format(r.needed, weftDecimals)}`,
  "node.bond": (r) => `the node can bond ${format(r.free)}, ${format(r.needed)} needed: ${format(r.short)} short`,
  "node.failed": (r) => `node ${short(r.node)} failed an earlier fill of this order`,
  placement: (r) => `placement rule ${r.rule}: ${r.detail}`,
};

/** One line for a person. */
export function explainReason(reason: Reason): string {
  return (lines[reason.code] as (reason: Reason) => string)(reason);
}

/** How often each code occurs over many refusals; a refusal counts once per code. */
export function histogram(refusals: readonly { reasons: readonly Reason[] }[]): Partial<Record<ReasonCode, number>> {
  const counts: Partial<Record<ReasonCode, number>> = {};
  for (const refusal of refusals)
    for (const code of new Set(refusal.reasons.map((reason) => reason.code))) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}
