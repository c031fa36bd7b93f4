// Why-not: every refusal by itself, with its operands, and its line of text.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as Attributes from "@weft/protocol/Attributes";
import { toBytes8 } from "@weft/protocol/HardwareClass";
import type { Offer } from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import type { Address } from "viem";
import {
  address,
  attributes,
  buyer,
  nodeId,
  nodeView,
  now,
  offerEntry,
  orderEntry,
  params,
  viewOf,
} from "./fixtures.ts";
import { judge } from "./judge.ts";
import type { BuyerView, MarketView, NodeView, OrderView } from "./MarketView.ts";
import { explainReason, histogram, type Reason } from "./reasons.ts";

interface Case {
  code: Reason["code"];
  order?: Partial<Order.Order>;
  offer?: Partial<Offer>;
  node?: Partial<NodeView>;
  buyer?: Partial<BuyerView>;
  past?: Partial<OrderView>;
  signer?: Address;
  view?: Partial<MarketView>;
  says: RegExp;
}

const session = address("5e55", 1);
const live = { expiresAt: now + 100n, capLeft: 1_000_000n };
const sessions = (change: object) => ({ sessions: new Map([[session, { ...live, ...change }]]) });
const pool = (change: object) => ({
  pools: new Map([[0n, { class: toBytes8("cpu"), capacity: 8n, used: 0n, attributes, ...change }]]),
});

const cases: Case[] = [
  { code: "order.expired", order: { expiresAt: now }, says: /expired 0 s ago/ },
  { code: "order.epoch", buyer: { epoch: 3n }, says: /epoch 0, the current one is 3/ },
  { code: "order.params", order: { paramsHash: `0x${"12".repeat(32)}` }, says: /0x12121212…/ },
  { code: "order.duration", order: { durationSeconds: 0n }, says: /asks for 0 s/ },
  { code: "order.units", order: { units: 0n }, says: /no units/ },
  { code: "order.kind", order: { tier: 2n }, says: /tier 2 is not one/ },
  { code: "order.session", order: { session: `0x${"00".repeat(20)}` }, says: /no session.* pay by accrue/ },
  { code: "order.court", order: { courtId: `0x${"c0".repeat(32)}` }, says: /court 0xc0c0c0c0…/ },
  { code: "order.signer", order: { session }, signer: address("dead", 3), says: /signed by 0xdead/ },
  { code: "order.nonce", buyer: { nonces: new Set([1n]) }, says: /nonce 1 / },
  { code: "order.blocked", past: { blocked: "open" }, says: /fill 0: it is still open/ },
  { code: "order.blocked", past: { secondsLeft: 0n }, says: /used up/ },
  { code: "order.fills", past: { fills: params.maxFills }, says: /all its 8 fills/ },
  { code: "order.matcher", order: { matcher: address("3a7c", 2) }, says: /another matcher/ },
  { code: "order.fee", view: { matcher: { address: buyer, fee: 51n } }, says: /fee of 0.000051.*allows 0.00005$/ },
  { code: "order.budget", order: { budget: 39_999n }, says: /over the order's budget 0.039999 by 0.000001/ },
  { code: "order.budget", past: { spent: 9_959_951n }, says: /by 0.000001/ },
  {
    code: "order.amount",
    order: { maxPricePerUnitSecond: 1n << 60n, budget: 1n << 70n },
    offer: { pricePerUnitSecond: (1n << 48n) / 200n + 1n },
    buyer: { free: 1n << 70n },
    node: { bondFree: 1n << 70n },
    says: /the lease's pay would be .* carries at most 281474976.710655$/,
  },
  {
    code: "order.amount",
    order: { maxPricePerUnitSecond: 1n << 60n, budget: 1n << 70n, durationSeconds: 1n },
    offer: { pricePerUnitSecond: (1n << 48n) / 20n + 1n },
    buyer: { free: 1n << 70n },
    node: { bondFree: 1n << 70n },
    says: /the lease's bond would be .* carries at most 281474976.710655$/,
  },
  { code: "buyer.escrow", buyer: { free: 39_999n }, says: /needs 0.04 of free escrow.* 0.000001 short/ },
  { code: "session.unknown", order: { session }, signer: session, says: /not authorised/ },
  {
    code: "session.expired",
    order: { session },
    signer: session,
    buyer: sessions({ expiresAt: now }),
    says: /session expired/,
  },
  {
    code: "session.cap",
    order: { session },
    signer: session,
    buyer: sessions({ capLeft: 1n }),
    says: /0.039999 short/,
  },
  {
    code: "session.allowList",
    order: { session },
    signer: session,
    buyer: sessions({ allowed: new Set() }),
    says: /allow-list/,
  },
  {
    code: "bidding.open",
    order: { mechanism: Order.mechanism.reverseAuction, biddingEndsAt: now + 5n },
    offer: { orderHash: "0x" },
    says: /another 5 s/,
  },
  { code: "bid.needed", order: { mechanism: Order.mechanism.reverseAuction }, says: /standing offer/ },
  { code: "bid.otherOrder", offer: { orderHash: `0x${"77".repeat(32)}` }, says: /names another order/ },
  {
    code: "class",
    offer: { class: toBytes8("gpu-h100") },
    node: pool({ class: toBytes8("gpu-h100") }),
    says: /gpu-h100 offered, cpu asked/,
  },
  {
    code: "attribute",
    order: { minAttributes: Attributes.pack({ ...Attributes.none, memoryGiB: 17 }) },
    says: /memoryGiB 16 offered, at least 17 asked/,
  },
  { code: "offer.units", offer: { units: 1n }, says: /covers 1 units, 2 asked/ },
  { code: "offer.expired", offer: { expiresAt: now }, says: /expired 0 s ago/ },
  { code: "offer.expired", offer: { expiresAt: now - 2n }, says: /expired 2 s ago/ },
  { code: "offer.cancelled", node: { minSeq: new Map([["0/0", 2n]]) }, says: /seq 1 is cancelled.* 2$/ },
  { code: "offer.signer", node: { operator: address("dead", 1) }, says: /operator is/ },
  {
    code: "price",
    offer: { pricePerUnitSecond: 1001n },
    says: /asks 3\.6036 per unit and hour, 0\.0036 above the ceiling of 3\.6/,
  },
  { code: "price.zero", offer: { pricePerUnitSecond: 0n }, says: /asks nothing/ },
  { code: "pool.unknown", offer: { poolId: 3n }, says: /no pool 3/ },
  { code: "pool.class", node: pool({ class: toBytes8("gpu") }), says: /says class cpu, its pool is gpu/ },
  { code: "pool.attributes", node: pool({ attributes: 4n }), says: /its pool has/ },
  { code: "pool.full", node: pool({ used: 7n }), says: /1 units free in the pool, 2 asked/ },
  { code: "node.unknown", offer: { nodeId: nodeId(9) }, says: /not registered/ },
  { code: "node.stake", node: { stake: params.minStake - 1n }, says: /0.000000000000000001 WEFT short of 1$/ },
  { code: "node.bond", node: { bondFree: 1999n }, says: /can bond 0.001999, 0.002 needed: 0.000001 short/ },
  { code: "node.failed", past: { failed: [nodeId(0)] }, says: /failed an earlier fill/ },
];

function judged(entry: Case) {
  const order = orderEntry(entry.order, entry.signer);
  const change = entry.offer ?? {};
  const offer = offerEntry(0, change.orderHash === "0x" ? { ...change, orderHash: order.hash } : change);
  const past = { fills: 1n, failed: [], spent: 0n, secondsLeft: 100n, ...entry.past };
  const view = viewOf(1, {
    nodes: new Map([[nodeId(0), nodeView(0, entry.node)]]),
    buyers: new Map([[buyer, { free: 1_000_000n, epoch: 0n, nonces: new Set(), sessions: new Map(), ...entry.buyer }]]),
    ...(entry.past === undefined ? {} : { orders: new Map([[order.hash, past]]) }),
    ...entry.view,
  });
  return judge(view, order, offer);
}

test("an offer that fits says what it costs and locks", () => {
  const verdict = judge(viewOf(1, { matcher: { address: buyer, fee: 50n } }), orderEntry(), offerEntry(0));
  // 100·2 = 200/s; ·100 s = 20,000; as much again for audits under the minimal preset; bond 200·10·0.5/0.5.
  assert.ok(verdict.ok);
  assert.deepEqual([verdict.price, verdict.total, verdict.bond], [100n, 40_050n, 2000n]);
});

for (const entry of cases)
  test(`refusal ${entry.code}: ${entry.says.source}`, () => {
    const verdict = judged(entry);
    assert.ok(!verdict.ok, "it was accepted");
    const found = verdict.reasons.find((reason) => reason.code === entry.code);
    assert.ok(found, `got ${verdict.reasons.map((reason) => reason.code)}`);
    assert.match(explainReason(found), entry.says);
  });

test("each refusal above stands alone where its cause is alone", () => {
  const alone = cases.filter(({ code }) => !["pool.unknown", "pool.attributes"].includes(code));
  for (const entry of alone) {
    const verdict = judged(entry);
    assert.ok(!verdict.ok);
    assert.deepEqual(new Set(verdict.reasons.map(({ code }) => code)), new Set([entry.code]));
  }
});

test("all causes are told at once, and counted once per offer", () => {
  const verdict = judged({
    code: "price",
    offer: { pricePerUnitSecond: 2000n, units: 1n, class: toBytes8("tpu") },
    node: { stake: 0n, bondFree: 0n },
    order: { minAttributes: Attributes.pack({ ...Attributes.none, cpuThreads: 9, memoryGiB: 17 }) },
    says: /x/,
  });
  assert.ok(!verdict.ok);
  const counts = histogram([verdict, verdict]);
  assert.deepEqual(counts, {
    attribute: 2,
    class: 2,
    "offer.units": 2,
    price: 2,
    "node.stake": 2,
    "node.bond": 2,
    "pool.class": 2,
  });
});

test("a session within its list and cap may order", () => {
  const change = sessions({ allowed: new Set([nodeId(0)]), capLeft: 40_000n });
  assert.ok(judged({ code: "price", order: { session }, signer: session, buyer: change, says: /x/ }).ok);
});
