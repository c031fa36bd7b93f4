// What a failed fill leaves: each rule of Market._succeed by hand.
import assert from "node:assert/strict";
import { test } from "node:test";
import { orderEntry } from "./fixtures.ts";
import { type PreviousFill, refill } from "./refill.ts";

const { order } = orderEntry({ durationSeconds: 100n, maxFee: 5n });
const failed: PreviousFill = {
  state: "closing",
  reason: "providerSilent",
  followed: false,
  rate: 10n,
  auditPot: 500n,
  channel: { cap: 1000n, claimed: 300n, auditSpent: 20n, claimUntil: 50n },
  carry: { spent: 0n, secondsPaid: 0n },
};

test("while claims are possible the whole cap counts as spent; after that what was claimed", () => {
  assert.deepEqual(refill(order, failed, 50n), {
    ok: true,
    carry: { spent: 1505n, secondsPaid: 30n },
    secondsLeft: 70n,
  });
  assert.deepEqual(refill(order, failed, 51n), {
    ok: true,
    carry: { spent: 805n, secondsPaid: 30n },
    secondsLeft: 70n,
  });
});

test("once settled, only what auditors got counts; what earlier fills used adds up", () => {
  const settled: PreviousFill = {
    ...failed,
    state: "settled",
    channel: { ...failed.channel, claimUntil: 1n },
    carry: { spent: 1000n, secondsPaid: 10n },
  };
  assert.deepEqual(refill(order, settled, 90n), {
    ok: true,
    carry: { spent: 1325n, secondsPaid: 40n },
    secondsLeft: 60n,
  });
});

test("no refill while it runs, after a good end, twice, or without time left", () => {
  const why = (change: Partial<PreviousFill>) => {
    const decision = refill(order, { ...failed, ...change }, 50n);
    return decision.ok ? "allowed" : decision.why;
  };
  assert.equal(why({ state: "running", reason: "none" }), "open");
  for (const reason of ["completed", "buyerCancelled", "inputsMissing", "expired"] as const)
    assert.equal(why({ reason }), "ended");
  for (const reason of ["providerSilent", "providerQuit", "unstarted", "falseSegment"] as const)
    assert.equal(why({ reason }), "allowed");
  assert.equal(why({ followed: true }), "followed");
  assert.equal(why({ channel: { ...failed.channel, claimed: 1000n } }), "timeUp");
  assert.equal(why({ channel: { ...failed.channel, claimed: 999n } }), "allowed");
});
