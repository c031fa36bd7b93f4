// What a failed fill leaves for the next one: Fills.sol `_succeed`, line by line.
//
// Money the earlier fill may still be paid counts as spent: its whole cap while claims are possible, what was claimed
// after that; the audit pot until it settled, what auditors got after that; and the matcher's fee at its maximum.
import { type CloseReason, type LeaseState, refillable } from "@weft/protocol/Lease";
import type { Order } from "@weft/protocol/Order";
import type { FillBlock, OrderView } from "./MarketView.ts";

export interface Carry {
  spent: bigint;
  secondsPaid: bigint;
}

export interface PreviousFill {
  state: LeaseState;
  reason: CloseReason;
  /** Another fill already followed this one. */
  followed: boolean;
  rate: bigint;
  auditPot: bigint;
  /** The channel as it stands: cap after any voiding, claimed, audit pay, and the last second for claims. */
  channel: { cap: bigint; claimed: bigint; auditSpent: bigint; claimUntil: bigint };
  /** What the fills before it had left, zero for fill 0. */
  carry: Carry;
}

export type Refill = { ok: true; carry: Carry; secondsLeft: bigint } | { ok: false; why: FillBlock };

export function refill(order: Pick<Order, "durationSeconds" | "maxFee">, previous: PreviousFill, now: bigint): Refill {
  if (!refillable.includes(previous.reason)) return { ok: false, why: previous.reason === "none" ? "open" : "ended" };
  if (previous.followed) return { ok: false, why: "followed" };
  const { channel, carry } = previous;
  const settled = previous.state === "settled";
  const work = now <= channel.claimUntil && !settled ? channel.cap : channel.claimed;
  const audits = settled ? channel.auditSpent : previous.auditPot;
  const secondsPaid = carry.secondsPaid + channel.claimed / previous.rate;
  if (secondsPaid >= order.durationSeconds) return { ok: false, why: "timeUp" };
  return {
    ok: true,
    carry: { spent: carry.spent + work + audits + order.maxFee, secondsPaid },
    secondsLeft: order.durationSeconds - secondsPaid,
  };
}

/** Of the order's budget, what its earlier fills used up or may still use up: each of them with the whole `maxFee`. */
export const spentBy = (order: Pick<Order, "maxFee">, past: OrderView | undefined): bigint =>
  past === undefined ? 0n : past.spent + past.fills * order.maxFee;
