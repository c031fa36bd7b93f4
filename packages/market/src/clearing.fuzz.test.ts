// Clearing, as numbered properties over random books, for both mechanisms.
//
//   P1 no feasible offer is cheaper than the winner; nobody above the ceiling wins
//   P2 clearing does not depend on the candidates' order, and twice the same offer changes nothing
//   P3 every candidate is either ranked or refused with at least one reason
//   P4 the runner-up is another node
//   P5 pools are never oversold by clearing many orders one after another
import assert from "node:assert/strict";
import { test } from "node:test";
import * as Order from "@weft/protocol/Order";
import fc from "fast-check";
import type { OfferEntry, OrderEntry } from "./Book.ts";
import { nodeId, nodeView, now, offerEntry, orderEntry, viewOf } from "./fixtures.ts";
import { judge } from "./judge.ts";
import type { MarketView } from "./MarketView.ts";
import type { Clearing, Mechanism } from "./Mechanism.ts";
import { postedPrice } from "./postedPrice.ts";
import { reverseAuction } from "./reverseAuction.ts";

const nodes = 6;

const draft = fc.record({
  node: fc.nat(nodes),
  slot: fc.bigInt(0n, 3n),
  price: fc.bigInt(0n, 12n).map((step) => step * 100n),
  units: fc.bigInt(1n, 4n),
  life: fc.bigInt(-1n, 5n),
});

const world = fc.record({
  offers: fc.array(draft, { maxLength: 20 }),
  bond: fc.array(fc.bigInt(0n, 40_000n), { minLength: nodes, maxLength: nodes }),
  used: fc.array(fc.bigInt(0n, 8n), { minLength: nodes, maxLength: nodes }),
  units: fc.bigInt(1n, 3n),
  auction: fc.boolean(),
  shuffle: fc.infiniteStream(fc.nat()),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

const mechanismOf = (auction: boolean): Mechanism => (auction ? reverseAuction : postedPrice);

function build(w: World): { view: MarketView; order: OrderEntry; offers: OfferEntry[] } {
  const order = orderEntry({ units: w.units, mechanism: mechanismOf(w.auction).code });
  const offers = w.offers.map(({ node, slot, price, units, life }) =>
    offerEntry(node, {
      slot,
      units,
      pricePerUnitSecond: price,
      expiresAt: now + life,
      ...(w.auction ? { orderHash: order.hash } : {}),
    }),
  );
  const entries = w.bond.map((bondFree, index) => {
    const pool = nodeView(index).pools.get(0n);
    assert.ok(pool);
    return [
      nodeId(index),
      nodeView(index, { bondFree, pools: new Map([[0n, { ...pool, used: w.used[index] ?? 0n }]]) }),
    ] as const;
  });
  return { view: viewOf(0, { nodes: new Map(entries) }), order, offers };
}

const hashes = (clearing: Clearing) => ({
  ranked: clearing.ranked.map(({ entry }) => entry.hash),
  refused: clearing.refused.map(({ entry }) => entry.hash),
});

test("P1, P3, P4: the winner is a cheapest feasible offer; the rest have reasons", () => {
  fc.assert(
    fc.property(world, (w) => {
      const { view, order, offers } = build(w);
      const { winner, runnerUp, ranked, refused } = mechanismOf(w.auction).clear(view, order, { offers });
      const feasible = offers.filter((entry) => judge(view, order, entry).ok);
      assert.equal(winner === undefined, feasible.length === 0);
      for (const { offer } of feasible) assert.ok(winner && offer.pricePerUnitSecond >= winner.price);
      if (winner) assert.ok(winner.price > 0n && winner.price <= order.order.maxPricePerUnitSecond);
      assert.notEqual(winner?.entry.offer.nodeId ?? "none", runnerUp?.entry.offer.nodeId);
      const others = new Set(feasible.map(({ offer }) => offer.nodeId));
      assert.equal(runnerUp !== undefined, others.size > 1);
      assert.equal(ranked.length + refused.length, new Set(offers.map(({ hash }) => hash)).size);
      for (const { reasons } of refused) assert.ok(reasons.length > 0);
    }),
    { numRuns: 300 },
  );
});

test("P2: input order and repetition change nothing", () => {
  fc.assert(
    fc.property(world, (w) => {
      const { view, order, offers } = build(w);
      const keyed = offers.map((entry) => ({ entry, key: w.shuffle.next().value ?? 0 }));
      const shuffled = keyed.sort((a, b) => a.key - b.key).map(({ entry }) => entry);
      const mechanism = mechanismOf(w.auction);
      const once = mechanism.clear(view, order, { offers });
      const again = mechanism.clear(view, order, { offers: [...shuffled, ...shuffled.slice(0, 3)] });
      assert.deepEqual(hashes(again), hashes(once));
    }),
    { numRuns: 200 },
  );
});

test("P5: filling orders until none fits sells no unit twice", () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt(1n, 5n), { maxLength: 30 }), (asks) => {
      const start = viewOf(3);
      const nodesNow = new Map(start.nodes);
      const taken = new Map<string, bigint>();
      for (const [index, units] of asks.entries()) {
        const view = { ...start, nodes: nodesNow };
        const order = orderEntry({ units, nonce: BigInt(index) });
        const offers = [0, 1, 2].map((node) => offerEntry(node, { units: 8n }));
        const { winner } = postedPrice.clear(view, order, { offers });
        const free = [...nodesNow.values()].map((node) => 8n - (node.pools.get(0n)?.used ?? 8n));
        assert.equal(
          winner !== undefined,
          free.some((left) => left >= units),
        );
        if (winner === undefined) continue;
        const { nodeId: id } = winner.entry.offer;
        taken.set(id, (taken.get(id) ?? 0n) + units);
        const node = nodesNow.get(id);
        const pool = node?.pools.get(0n);
        assert.ok(node && pool);
        nodesNow.set(id, { ...node, pools: new Map([[0n, { ...pool, used: pool.used + units }]]) });
      }
      for (const sold of taken.values()) assert.ok(sold <= 8n, `${sold} units sold of a pool of 8`);
    }),
    { numRuns: 100 },
  );
});

test("equal prices: the draw by lot favours no node over many orders", () => {
  const view = viewOf(4);
  const wins = [0, 0, 0, 0];
  for (let nonce = 0n; nonce < 400n; nonce++) {
    const order = orderEntry({ nonce });
    const { winner } = postedPrice.clear(view, order, { offers: [0, 1, 2, 3].map((node) => offerEntry(node)) });
    wins[Number(winner?.entry.offer.nodeId.slice(-2))]! += 1;
  }
  // Binomial(400, 1/4): mean 100, sd 8.7; five sd either way. The inputs are fixed, so this never flickers.
  for (const count of wins) assert.ok(count > 56 && count < 144, `wins ${wins}`);
});

test("ties: the faster node wins", () => {
  const order = orderEntry();
  const offers = [0, 1, 2].map((node) => offerEntry(node));
  const slower = offerEntry(0, { attributes: offers[0]!.offer.attributes - (1n << 48n) });
  const { ranked } = postedPrice.clear(viewOf(3), order, { offers: [slower, offers[1]!] });
  assert.equal(ranked[0]?.entry.offer.nodeId, nodeId(1));
});

test("a mechanism refuses an order that asks for another one", () => {
  const order = orderEntry({ mechanism: Order.mechanism.reverseAuction });
  const { winner, refused } = postedPrice.clear(viewOf(1), order, { offers: [offerEntry(0)] });
  assert.equal(winner, undefined);
  assert.equal(refused[0]?.reasons[0].code, "order.mechanism");
});
