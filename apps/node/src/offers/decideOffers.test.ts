import assert from "node:assert/strict";
import { test } from "node:test";
import { type NodeView, slotOf } from "@weft/market/MarketView";
import { toBytes8 } from "@weft/protocol/HardwareClass";
import type { SignedOffer } from "@weft/protocol/Offer";
import { decideOffers, nextSeq, type OffersState } from "./decideOffers.ts";
import type { PoolPlan } from "./PoolPlan.ts";

const nodeId = `0x${"11".repeat(20)}` as const;
const operator = `0x${"22".repeat(20)}` as const;
const plan: PoolPlan = {
  poolId: 0n,
  class: toBytes8("cpu"),
  units: 4n,
  attributes: 7n,
  pricePerUnitSecond: 10n,
  region: 0n,
};

function nodeWith(used: bigint, options: { stake?: bigint; minSeq?: bigint } = {}): NodeView {
  return {
    owner: operator,
    operator,
    stake: options.stake ?? 100n,
    bondFree: 1000n,
    minSeq: new Map([[slotOf(0n, 0n), options.minSeq ?? 0n]]),
    pools: new Map([[0n, { class: plan.class, capacity: 4n, used, attributes: 7n }]]),
  };
}

function stateWith(change: Partial<OffersState> = {}): OffersState {
  return {
    nodeId,
    nowSeconds: 1000n,
    node: nodeWith(0n),
    minStake: 100n,
    closed: undefined,
    plans: [plan],
    signed: new Map(),
    lastSeq: 0n,
    ...{ leases: 0, mostLeases: 8 },
    ...change,
  };
}

/** What a node would hold after signing what `state` asks for. */
function signedFrom(state: OffersState): SignedOffer {
  const [draft] = decideOffers(state).sign;
  assert.ok(draft !== undefined);
  return { offer: { ...draft, seq: 5n }, signature: "0x00" };
}

test("a fresh node signs one offer per pool over the free units", () => {
  const { sign, repeat, silent } = decideOffers(stateWith({ node: nodeWith(1n) }));
  assert.equal(sign.length, 1);
  assert.equal(sign[0]?.units, 3n);
  assert.equal(sign[0]?.expiresAt, 1600n);
  assert.deepEqual([repeat.length, silent.size], [0, 0]);
});

test("a valid offer is repeated, not signed again", () => {
  const held = signedFrom(stateWith());
  const decision = decideOffers(stateWith({ nowSeconds: 1100n, signed: new Map([[0n, held]]) }));
  assert.deepEqual(decision.sign, []);
  assert.deepEqual(decision.repeat, [held]);
});

test("signed anew: near expiry, other price, other free units, cancelled on chain", () => {
  const held = signedFrom(stateWith());
  const signed = new Map([[0n, held]]);
  const changes: Partial<OffersState>[] = [
    { nowSeconds: held.offer.expiresAt - 200n },
    { plans: [{ ...plan, pricePerUnitSecond: 11n }] },
    { node: nodeWith(2n) },
    { node: nodeWith(0n, { minSeq: 6n }) },
  ];
  for (const change of changes) assert.equal(decideOffers(stateWith({ signed, ...change })).sign.length, 1);
});

test("silent with a reason: closed, unknown, stake, pool missing, pool full, other class", () => {
  const cases: [Partial<OffersState>, string][] = [
    [{ closed: "paused" }, "paused"],
    [{ node: undefined }, "node.unknown"],
    [{ node: nodeWith(0n, { stake: 99n }) }, "node.stake"],
    [{ plans: [{ ...plan, poolId: 1n }] }, "pool.unknown"],
    [{ node: nodeWith(4n) }, "pool.full"],
    [{ plans: [{ ...plan, class: toBytes8("gpu") }] }, "pool.class"],
  ];
  for (const [change, reason] of cases) {
    const decision = decideOffers(stateWith(change));
    assert.deepEqual([...decision.silent.values()], [reason]);
    assert.equal(decision.sign.length + decision.repeat.length, 0);
  }
});

test("seq never repeats: after the last one, after the chain's minimum, and not behind the clock", () => {
  assert.equal(nextSeq(10n, { nowMs: 3, minSeq: 0n }), 11n);
  assert.equal(nextSeq(10n, { nowMs: 3, minSeq: 40n }), 40n);
  assert.equal(nextSeq(0n, { nowMs: 1_700_000_000_000, minSeq: 0n }), 1_700_000_000_000n);
});

test("paused or draining, what was signed before is cancelled on chain, once; a stop cancels nothing", () => {
  const withdraw = (change: Partial<OffersState>) => decideOffers(stateWith({ lastSeq: 7n, ...change })).withdraw;
  for (const closed of ["paused", "draining"])
    assert.deepEqual(withdraw({ closed }), [{ poolId: 0n, minSeq: 8n }], closed);
  assert.deepEqual(withdraw({ closed: "paused", node: nodeWith(0n, { minSeq: 8n }) }), [], "done already");
  assert.deepEqual(withdraw({ closed: "paused", lastSeq: 0n }), [], "nothing was ever signed");
  assert.deepEqual(withdraw({ closed: "stopping" }), []);
  assert.deepEqual(withdraw({}), []);
});

test("no more units are offered than the owner lets leases run at once", () => {
  const units = (change: Partial<OffersState>) => decideOffers(stateWith(change)).sign[0]?.units;
  assert.equal(units({ mostLeases: 2 }), 2n);
  assert.equal(units({ mostLeases: 2, leases: 1, node: nodeWith(1n) }), 1n);
  const full = decideOffers(stateWith({ mostLeases: 2, leases: 2, node: nodeWith(2n) }));
  assert.deepEqual([full.sign.length, full.silent.get(0n)], [0, "node.busy"]);
});
