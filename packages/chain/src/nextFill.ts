// What the fills of an order leave for the next one, as Fills.sol counts it. What earlier fills used up was counted when
// the last one opened and does not change afterwards, whatever becomes of them; only the last fill is looked at anew.
import { type Carry, type Refill, refill } from "@weft/market/refill";
import type { Hex } from "viem";
import { type LeaseRecord, type Snapshot, stateAt } from "./Snapshot.ts";

/** Nothing before fill 0. */
export const noCarry: Carry = { spent: 0n, secondsPaid: 0n };

/**
 * Undefined when the order has no fill yet. Money without matchers' fees: the contract counts each fill's at the order's
 * maximum, which no event tells (`spentBy` of packages/market adds them).
 */
export function nextFill(snapshot: Snapshot, orderHash: Hex, now: bigint): Refill | undefined {
  const fills = snapshot.orders.get(orderHash) ?? [];
  const first = snapshot.leases.get(fills[0] ?? "0x");
  const last = snapshot.leases.get(fills.at(-1) ?? "0x");
  if (first === undefined || last === undefined) return undefined;
  // The order's own duration: its first fill runs all of it.
  return refill({ durationSeconds: first.durationSeconds, maxFee: 0n }, previousFill(last, now), now);
}

function previousFill(lease: LeaseRecord, now: bigint): Parameters<typeof refill>[1] {
  const { cap, claimed, auditSpent } = lease.channel;
  return {
    state: stateAt(lease, now),
    reason: lease.reason ?? "none",
    followed: false,
    rate: lease.rate,
    auditPot: lease.money.auditPot,
    channel: { cap, claimed, auditSpent, claimUntil: lease.claimUntil ?? 0n },
    carry: lease.carry,
  };
}
