// A job never costs more than its file says, however often its providers fail and however many orders that takes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { refill } from "@weft/market/refill";
import { least } from "@weft/protocol/Amount";
import type { CloseReason } from "@weft/protocol/Lease";
import type { Order } from "@weft/protocol/Order";
import fc from "fast-check";
import { type LeaseBill, type Means, meansLeft, mostSpent, secondsPaid } from "./jobBudget.ts";

const bill = (change: Partial<LeaseBill>): LeaseBill => ({
  ...{ stage: "settled", rate: 10n, pay: 600n, cap: 600n, auditPot: 300n, claimed: 0n, acknowledged: 0n, promised: 0n },
  ...{ startFee: 0n, auditPaid: 0n, ...change },
});

test("counted is what may still leave the escrow: reservation, then vouchers, then what was paid", () => {
  assert.equal(mostSpent(bill({ stage: "open", claimed: 100n, promised: 200n })), 900n);
  assert.equal(mostSpent(bill({ stage: "claimable", claimed: 100n, promised: 200n })), 500n);
  assert.equal(mostSpent(bill({ stage: "claimable", claimed: 100n, promised: 200n, cap: 150n })), 450n);
  assert.equal(mostSpent(bill({ stage: "claimed", claimed: 100n, promised: 200n })), 400n);
  assert.equal(mostSpent(bill({ claimed: 100n, auditPaid: 7n })), 107n);
  assert.equal(mostSpent(bill({ startFee: 50n })), 50n);
});

test("a new order has the seconds that were not paid and the money that is not spoken for", () => {
  const file = { budget: 2000n, durationSeconds: 60n };
  assert.deepEqual(meansLeft(file, []), file);
  const half = bill({ stage: "claimed", claimed: 305n, auditPaid: 0n });
  assert.equal(secondsPaid(half), 30n);
  assert.equal(secondsPaid(bill({ stage: "claimable", acknowledged: 400n, promised: 600n })), 40n);
  assert.equal(secondsPaid(bill({ stage: "claimable", acknowledged: 400n, promised: 600n, cap: 50n })), 5n);
  assert.deepEqual(meansLeft(file, [half]), { budget: 1395n, durationSeconds: 30n });
  const whole = bill({ claimed: 600n, auditPaid: 300n });
  assert.deepEqual(meansLeft(file, [whole, whole, whole]), { budget: 0n, durationSeconds: 0n });
});

/** How one fill goes: shares in ppm of what the rules allow. */
const fillArb = fc.record({
  reason: fc.constantFrom<CloseReason>(
    "unstarted",
    "inputsMissing",
    "buyerCancelled",
    "providerSilent",
    "falseSegment",
  ),
  rate: fc.bigInt(1n, 50n),
  seconds: fc.bigInt(1n, 1_000_000n),
  promised: fc.bigInt(0n, 1_000_000n),
  claimed: fc.bigInt(0n, 1_000_000n),
  cap: fc.bigInt(0n, 1_000_000n),
  stage: fc.constantFrom<LeaseBill["stage"]>("claimable", "claimed", "settled"),
  audits: fc.bigInt(0n, 1_000_000n),
});
type Closed = LeaseBill & { reason: CloseReason };
type Fill = typeof fillArb extends fc.Arbitrary<infer T> ? T : never;

const share = (whole: bigint, ppm: bigint): bigint => (whole * ppm) / 1_000_000n;

/** The lease that `fill` becomes, or undefined when the contract would refuse to open it under this order. */
function closedLease(fill: Fill, order: Means, spent: bigint): Closed | undefined {
  const seconds = share(order.durationSeconds, fill.seconds) || 1n;
  const pay = fill.rate * seconds;
  const auditPot = pay / 2n;
  if (spent + pay + auditPot > order.budget) return undefined;
  const started = fill.reason === "providerSilent" || fill.reason === "falseSegment";
  const cap = fill.reason === "falseSegment" ? share(pay, fill.cap) : pay;
  const promised = started ? share(pay, fill.promised) : 0n;
  const claimed = share(least(promised, cap), fill.claimed);
  const owed = fill.reason === "inputsMissing" || fill.reason === "buyerCancelled";
  const startFee = owed ? least(fill.rate, pay) : 0n;
  const auditPaid = started ? share(auditPot, fill.audits) : 0n;
  return {
    reason: fill.reason,
    ...{
      stage: fill.stage,
      rate: fill.rate,
      pay,
      cap,
      auditPot,
      claimed,
      acknowledged: promised,
      promised,
      startFee,
      auditPaid,
    },
  };
}

/** The most that can be taken from a closed lease from now on, straight from the contract's rules. */
function worstEnd(lease: LeaseBill): bigint {
  const reachable = least(lease.promised, lease.cap);
  const claims = lease.stage === "claimable" && reachable > lease.claimed ? reachable : lease.claimed;
  return claims + lease.startFee + (lease.stage === "settled" ? lease.auditPaid : lease.auditPot);
}

/** What the contract counts as spent by an order's earlier fills; the whole budget where no further fill may open. */
function carryOf(order: Means, fills: readonly Closed[]): bigint {
  let carry = { spent: 0n, secondsPaid: 0n };
  for (const { reason, rate, auditPot, cap, claimed, auditPaid, stage } of fills) {
    const next = refill(
      { durationSeconds: order.durationSeconds, maxFee: 0n } as Order,
      {
        ...{ state: stage === "settled" ? "settled" : "closing", reason, followed: false },
        ...{ rate, auditPot, carry },
        channel: { cap, claimed, auditSpent: auditPaid, claimUntil: stage === "claimable" ? 10n : 0n },
      },
      5n,
    );
    if (!next.ok) return order.budget;
    carry = next.carry;
  }
  return carry.spent;
}

test("P: whatever fails, everything that can still be spent stays within the file's budget", () => {
  const story = fc.array(fc.array(fillArb, { minLength: 1, maxLength: 4 }), { maxLength: 10 });
  const file = fc.record({ budget: fc.bigInt(0n, 20_000n), durationSeconds: fc.bigInt(1n, 200n) });
  let opened = 0;
  fc.assert(
    fc.property(file, story, (means, orders) => {
      const leases: Closed[] = [];
      for (const fills of orders) {
        const order = meansLeft(means, leases);
        if (order.budget === 0n || order.durationSeconds === 0n) break;
        const before = leases.length;
        for (const fill of fills) {
          const lease = closedLease(fill, order, carryOf(order, leases.slice(before)));
          if (lease === undefined) continue;
          const soFar = leases.reduce((sum, one) => sum + worstEnd(one), 0n);
          // While it is open all of it may be spent.
          assert.ok(soFar + mostSpent({ ...lease, stage: "open" }) <= means.budget);
          leases.push(lease);
          opened += 1;
        }
      }
      assert.ok(leases.reduce((sum, one) => sum + worstEnd(one), 0n) <= means.budget);
    }),
    { numRuns: 2000 },
  );
  assert.ok(opened > 2000, "the property saw leases");
});
