import assert from "node:assert/strict";
import { test } from "node:test";
import type { OrderEntry } from "@weft/market/Book";
import type { MarketView } from "@weft/market/MarketView";
import { zeroHash } from "@weft/protocol/fields";
import { toBytes8 } from "@weft/protocol/HardwareClass";
import * as Order from "@weft/protocol/Order";
import { paramsHash, presets } from "@weft/protocol/Params";
import type { PoolPlan } from "../offers/PoolPlan.ts";
import { type BidState, decideBid, jitteredPrice } from "./decideBid.ts";

const nodeId = `0x${"11".repeat(20)}` as const;
const operator = `0x${"22".repeat(20)}` as const;
const buyer = `0x${"33".repeat(20)}` as const;
const zero = `0x${"0".repeat(40)}` as const;
const params = presets.minimal;
const plan: PoolPlan = {
  poolId: 0n,
  class: toBytes8("cpu"),
  units: 2n,
  attributes: 0n,
  pricePerUnitSecond: 10n,
  region: 0n,
};

function orderWith(change: Partial<Order.Order> = {}): OrderEntry {
  const order: Order.Order = {
    buyer,
    session: buyer,
    class: plan.class,
    minAttributes: 0n,
    units: 1n,
    durationSeconds: 100n,
    maxPricePerUnitSecond: 20n,
    priceRule: Order.priceRule.ask,
    tier: Order.tier.exact,
    mechanism: Order.mechanism.reverseAuction,
    payMode: Order.payMode.voucher,
    jobCommitment: zeroHash,
    detailsHash: zeroHash,
    matcher: zero,
    maxFee: 5n,
    budget: 1_000_000n,
    courtId: zeroHash,
    paramsHash: paramsHash(params),
    buyerEpoch: 0n,
    nonce: 1n,
    expiresAt: 2000n,
    biddingEndsAt: 1010n,
    ...change,
  };
  return { order, hash: Order.hash(order), signature: "0x", signer: buyer };
}

function viewWith(change: { used?: bigint; bondFree?: bigint; free?: bigint } = {}): MarketView {
  return {
    now: 1000n,
    params,
    paramsHash: paramsHash(params),
    matcher: { address: zero, fee: 0n },
    nodes: new Map([
      [
        nodeId,
        {
          owner: operator,
          operator,
          stake: params.minStake,
          bondFree: change.bondFree ?? 1_000_000n,
          minSeq: new Map(),
          pools: new Map([[0n, { class: plan.class, capacity: 2n, used: change.used ?? 0n, attributes: 0n }]]),
        },
      ],
    ]),
    buyers: new Map([[buyer, { free: change.free ?? 1_000_000n, epoch: 0n, nonces: new Set(), sessions: new Map() }]]),
    orders: new Map(),
    courts: new Set(),
  };
}

function stateWith(change: Partial<BidState> = {}): BidState {
  return {
    nodeId,
    operator,
    view: viewWith(),
    plans: [plan],
    closed: undefined,
    leases: 0,
    mostLeases: 1,
    tiers: [Order.tier.exact],
    priceOf: (pool) => pool.pricePerUnitSecond,
    ...change,
  };
}

const codes = (state: BidState, entry: OrderEntry) => {
  const decision = decideBid(state, entry);
  return decision.bid ? [] : decision.reasons.map((reason) => reason.code);
};

test("bids on a fitting order: names it, asks its own price, promises only the units asked", () => {
  const entry = orderWith();
  const decision = decideBid(stateWith(), entry);
  assert.ok(decision.bid);
  assert.equal(decision.draft.orderHash, entry.hash);
  assert.equal(decision.draft.units, 1n);
  assert.equal(decision.draft.pricePerUnitSecond, 10n);
  assert.ok(decision.draft.expiresAt > entry.order.biddingEndsAt);
});

test("refuses with the market's reasons", () => {
  assert.deepEqual(codes(stateWith(), orderWith({ maxPricePerUnitSecond: 9n })), ["price"]);
  assert.deepEqual(codes(stateWith({ view: viewWith({ bondFree: 0n }) }), orderWith()), ["node.bond"]);
  assert.deepEqual(codes(stateWith({ view: viewWith({ free: 0n }) }), orderWith()), ["buyer.escrow"]);
  assert.ok(codes(stateWith({ view: viewWith({ used: 2n }) }), orderWith()).includes("pool.full"));
  assert.ok(codes(stateWith(), orderWith({ paramsHash: zeroHash })).includes("order.params"));
});

test("refuses with its own reasons: closed, busy, tier, posted price, bidding over", () => {
  assert.deepEqual(codes(stateWith({ closed: "paused" }), orderWith()), ["node.closed"]);
  assert.deepEqual(codes(stateWith({ leases: 1 }), orderWith()), ["node.busy"]);
  assert.deepEqual(codes(stateWith(), orderWith({ tier: Order.tier.quorum })), ["tier.unsupported"]);
  assert.deepEqual(codes(stateWith(), orderWith({ mechanism: Order.mechanism.postedPrice })), ["order.posted"]);
  assert.deepEqual(codes(stateWith(), orderWith({ biddingEndsAt: 997n })), ["bidding.over"]);
});

test("the highest fee counts: a budget that covers the work but not the fee gets no bid", () => {
  const total = 10n * 100n + (10n * 100n * params.auditShareBps) / 10_000n;
  assert.deepEqual(codes(stateWith(), orderWith({ budget: total + 4n })), ["order.budget"]);
  assert.deepEqual(codes(stateWith(), orderWith({ budget: total + 5n })), []);
});

test("jitter stays within its bound and repeats for the same order", () => {
  const { hash } = orderWith();
  const price = jitteredPrice(1_000_000n, { jitterPpm: 50_000n, orderHash: hash, nodeId });
  assert.ok(price >= 1_000_000n && price <= 1_050_000n);
  assert.equal(price, jitteredPrice(1_000_000n, { jitterPpm: 50_000n, orderHash: hash, nodeId }));
  assert.equal(jitteredPrice(7n, { jitterPpm: 0n, orderHash: hash, nodeId }), 7n);
  const others = new Set(
    [1n, 2n, 3n].map((nonce) =>
      jitteredPrice(1_000_000n, { jitterPpm: 50_000n, orderHash: orderWith({ nonce }).hash, nodeId }),
    ),
  );
  assert.ok(others.size > 1);
});
