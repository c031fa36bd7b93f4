// Both ends of a voucher channel: each refusal, claims, and the two ends run against each other under loss and replay.
//
//   P1 the promise never passes the reservation, rate × elapsed, or rate × metered, whatever receipts arrive
//   P2 the promise never falls
//   P3 an honest pair under loss, repetition and restarts ends with everything owed promised
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as Earning from "./earning.ts";
import {
  acceptVoucher,
  type EarningState,
  mayWork,
  noteClaimed,
  openEarning,
  recordReceipt,
  whenToClaim,
} from "./earning.ts";
import { address, nodeId } from "./fixtures.ts";
import { nextVoucher, openPaying, type PayingState, type Receipt, skipSegment, voucherOf } from "./paying.ts";

const channelId = `0x${"c1".repeat(32)}` as const;
const payee = nodeId(0);
const voucherKey = address("5e55", 0);
const startedAt = 1000n;
const policy = { maxReceiptSeconds: 60n };
const lease = { channelId, payee, ratePerSecond: 10n, pay: 3000n, startedAt };

const receipt = (segment: bigint, meteredSeconds = 10n, hash = 1): Receipt => ({
  channelId,
  segment,
  meteredSeconds,
  hash: `0x${hash.toString(16).padStart(64, "0")}`,
});
const paying = openPaying(lease);
const earning = openEarning({ ...lease, voucherKey });

function pay(state: PayingState, got: Receipt, now = startedAt + 1000n) {
  const decision = nextVoucher(state, { receipt: got, now, policy });
  assert.ok(decision.ok, "refused");
  return decision;
}
const refusal = (state: PayingState, got: Receipt, notPayable?: string) => {
  const why = notPayable === undefined ? {} : { notPayable };
  const decision = nextVoucher(state, { receipt: got, now: startedAt + 1000n, policy, ...why });
  return decision.ok ? "paid" : decision.refusal.code;
};

test("a good receipt earns rate × metered seconds, once", () => {
  const first = pay(paying, receipt(0n));
  assert.deepEqual(first.voucher, { channelId, payee, cumulative: 100n });
  const second = pay(first.state, receipt(1n, 5n));
  assert.deepEqual([second.added, second.voucher.cumulative], [50n, 150n]);
  assert.equal(refusal(second.state, receipt(1n, 5n)), "receipt.duplicate");
  assert.deepEqual(voucherOf(second.state), second.voucher, "a lost answer can be given again");
});

test("every other receipt is refused with its code", () => {
  const { state } = pay(paying, receipt(0n));
  assert.equal(refusal(state, { ...receipt(1n), channelId: `0x${"c2".repeat(32)}` }), "receipt.channel");
  assert.equal(refusal(state, receipt(0n, 10n, 2)), "receipt.conflict");
  assert.equal(refusal(pay(state, receipt(1n)).state, receipt(0n)), "receipt.replay");
  assert.equal(refusal(state, receipt(2n)), "receipt.gap");
  assert.equal(refusal(state, receipt(1n, 61n)), "receipt.tooLong");
  assert.equal(refusal(state, receipt(1n), "no holder signed"), "receipt.notPayable");
});

test("a segment that will never be paid is skipped; the next one is paid by itself", () => {
  const skipped = skipSegment(pay(paying, receipt(0n)).state, 1n);
  assert.equal(pay(skipped, receipt(2n)).voucher.cumulative, 200n);
  assert.equal(skipSegment(skipped, 7n), skipped, "only the expected one can be skipped");
});

test("elapsed time and the reservation cap the promise; time that comes later is made good", () => {
  const early = pay(paying, receipt(0n, 60n), startedAt + 20n);
  assert.equal(early.voucher.cumulative, 200n);
  assert.equal(pay(early.state, receipt(1n, 0n), startedAt + 90n).voucher.cumulative, 600n);
  let state = paying;
  for (let segment = 0n; segment < 10n; segment++) ({ state } = pay(state, receipt(segment, 60n)));
  assert.equal(state.cumulative, 3000n);
  assert.equal(pay(early.state, receipt(1n), startedAt).added, 0n, "a clock that went back takes nothing back");
});

const seq = fc.array(
  fc.record({
    segment: fc.bigInt(0n, 12n),
    metered: fc.bigInt(0n, 80n),
    hash: fc.nat(2),
    payable: fc.boolean(),
    wait: fc.bigInt(-5n, 50n),
    skip: fc.boolean(),
  }),
  { maxLength: 40 },
);

test("P1, P2: no sequence of receipts promises too much or takes a promise back", () => {
  fc.assert(
    fc.property(seq, fc.bigInt(0n, 50n), fc.bigInt(0n, 5000n), (events, ratePerSecond, reserved) => {
      let state = openPaying({ ...lease, ratePerSecond, pay: reserved });
      let now = startedAt;
      let latest = now;
      let metered = 0n;
      for (const { segment, metered: seconds, hash, payable, wait, skip } of events) {
        now += wait;
        if (now > latest) latest = now;
        if (skip) state = skipSegment(state, segment);
        const event = { receipt: receipt(segment, seconds, hash), now, policy };
        const decision = nextVoucher(state, payable ? event : { ...event, notPayable: "accused" });
        if (!decision.ok) continue;
        metered += seconds;
        assert.ok(payable, "paid a segment that is not payable");
        assert.ok(decision.voucher.cumulative >= state.cumulative);
        state = decision.state;
        assert.ok(state.cumulative <= reserved);
        assert.ok(state.cumulative <= ratePerSecond * (latest - startedAt));
        assert.ok(state.cumulative <= ratePerSecond * metered);
      }
    }),
    { numRuns: 300 },
  );
});

const signature = "0x11" as const;
const take = (state: EarningState, cumulative: bigint) =>
  acceptVoucher(state, { voucher: { channelId, payee, cumulative }, signature, signer: voucherKey });

test("a voucher for another channel, payee or key, a repeated, lower or uncovered one is refused", () => {
  const accepted = take(earning, 100n);
  assert.ok(accepted.ok);
  const code = (change: object, cumulative = 200n, signer = voucherKey) => {
    const voucher = { channelId, payee, cumulative, ...change };
    const decision = acceptVoucher(accepted.state, { voucher, signature, signer });
    return decision.ok ? "accepted" : decision.refusal.code;
  };
  assert.equal(code({ channelId: `0x${"c2".repeat(32)}` }), "voucher.channel");
  assert.equal(code({ payee: nodeId(1) }), "voucher.payee");
  assert.equal(code({}, 200n, address("dead", 1)), "voucher.signer");
  assert.equal(code({}, 100n), "voucher.duplicate");
  assert.equal(code({}, 99n), "voucher.lower");
  assert.equal(code({}, 3001n), "voucher.uncovered");
  assert.equal(code({}, 3000n), "accepted");
});

test("a voucher that pays less than owed is kept, and the gap is told", () => {
  const owed = recordReceipt(recordReceipt(earning, { segment: 0n, meteredSeconds: 10n }), {
    segment: 1n,
    meteredSeconds: 10n,
  });
  const decision = take(owed, 150n);
  assert.ok(decision.ok);
  assert.deepEqual([decision.gained, decision.short, decision.state.cumulative], [150n, 50n, 150n]);
});

test("work stops when more than the allowed receipts wait, and goes on when paid", () => {
  let state = earning;
  for (let segment = 0n; segment < 3n; segment++) {
    assert.deepEqual(mayWork(state, { maxUnpaidSegments: 2 }), { work: true });
    state = recordReceipt(state, { segment, meteredSeconds: 10n });
    assert.equal(recordReceipt(state, { segment, meteredSeconds: 10n }), state, "a receipt counts once");
  }
  assert.deepEqual(mayWork(state, { maxUnpaidSegments: 2 }), { work: false, segmentsBehind: 3, owed: 300n });
  const paid = take(state, 100n);
  assert.ok(paid.ok);
  assert.deepEqual(mayWork(paid.state, { maxUnpaidSegments: 2 }), { work: true });
});

test("claims: at the amount, at the age, before the deadline, and never for nothing", () => {
  const rules = { minAmount: 500n, maxWaitSeconds: 100n, marginSeconds: 5n };
  assert.deepEqual(whenToClaim(earning, rules, { now: 9999n }), { claim: false });
  const some = take(earning, 499n);
  const much = take(earning, 500n);
  assert.ok(some.ok && much.ok);
  assert.deepEqual(whenToClaim(much.state, rules, { now: startedAt }), { claim: true, amount: 500n, why: "amount" });
  assert.deepEqual(whenToClaim(some.state, rules, { now: 1099n }), { claim: false, at: 1100n });
  assert.deepEqual(whenToClaim(some.state, rules, { now: 1100n }), { claim: true, amount: 499n, why: "age" });
  assert.deepEqual(whenToClaim(some.state, rules, { now: 1010n, claimBy: 1020n }), { claim: false, at: 1015n });
  assert.deepEqual(whenToClaim(some.state, rules, { now: 1015n, claimBy: 1020n }), {
    claim: true,
    amount: 499n,
    why: "deadline",
  });
  const claimed = noteClaimed(some.state, 499n, 1100n);
  assert.deepEqual(whenToClaim(claimed, rules, { now: 9999n }), { claim: false });
  assert.equal(
    whenToClaim(noteClaimed(claimed, 0n, 1101n), rules, { now: 1201n }).claim,
    true,
    "a rewound claim comes back",
  );
});

const links = fc.array(
  fc.record({ metered: fc.bigInt(0n, 60n), lose: fc.boolean(), repeat: fc.boolean(), retract: fc.boolean() }),
  { minLength: 1, maxLength: 15 },
);

test("P3: an honest pair agrees on what is owed, whatever the wire loses or repeats", () => {
  fc.assert(
    fc.property(links, (steps) => {
      let buyer = openPaying({ ...lease, pay: 100_000n });
      let provider = openEarning({ ...lease, pay: 100_000n, voucherKey });
      for (const [index, { metered, lose, repeat, retract }] of steps.entries()) {
        const segment = BigInt(index);
        if (retract) {
          buyer = skipSegment(buyer, segment);
          provider = Earning.skipSegment(provider, segment);
          continue;
        }
        provider = recordReceipt(provider, { segment, meteredSeconds: metered });
        for (const _ of repeat ? [1, 2] : [1]) {
          const decision = nextVoucher(buyer, { receipt: receipt(segment, metered), now: 1_000_000n, policy });
          if (decision.ok) buyer = decision.state;
          else assert.equal(decision.refusal.code, "receipt.duplicate");
        }
        if (lose) continue;
        const took = acceptVoucher(provider, { voucher: voucherOf(buyer), signature, signer: voucherKey });
        if (took.ok) {
          provider = took.state;
          assert.equal(took.short, 0n);
        } else assert.equal(took.refusal.code, "voucher.duplicate");
      }
      const last = acceptVoucher(provider, { voucher: voucherOf(buyer), signature, signer: voucherKey });
      if (last.ok) provider = last.state;
      assert.equal(provider.cumulative, buyer.cumulative);
      assert.equal(provider.cumulative, 10n * provider.meteredSeconds);
      assert.equal(provider.unpaid.length, 0);
    }),
    { numRuns: 200 },
  );
});
