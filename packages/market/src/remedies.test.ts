// What to change when nobody fits: the smallest change that lets one of the nearest misses in.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as Attributes from "@weft/protocol/Attributes";
import { toBytes8 } from "@weft/protocol/HardwareClass";
import type { OfferEntry, OrderEntry } from "./Book.ts";
import { buyer, nodeId, nodeView, offerEntry, orderEntry, viewOf } from "./fixtures.ts";
import { judge } from "./judge.ts";
import type { MarketView } from "./MarketView.ts";
import { remediesFor } from "./remedies.ts";

function remediesOf(
  order: OrderEntry,
  offers: readonly OfferEntry[],
  view: MarketView = viewOf(offers.length),
): string[] {
  return remediesFor(
    offers.map((offer) => {
      const verdict = judge(view, order, offer);
      assert.ok(!verdict.ok);
      return verdict;
    }),
  );
}

test("a ceiling too low: the lowest ask, by the hour, is what would do; following it makes that offer fit", () => {
  const order = orderEntry({ maxPricePerUnitSecond: 90n });
  const offers = [120n, 100n].map((pricePerUnitSecond, index) => offerEntry(index, { pricePerUnitSecond }));
  assert.deepEqual(remediesOf(order, offers), ["raise pay.maxPricePerHour to 0.36"]);
  const mended = orderEntry({ maxPricePerUnitSecond: 360_000n / 3600n });
  assert.ok(judge(viewOf(2), mended, offers[1] as OfferEntry).ok);
});

test("the nearest miss decides: an offer that also lacks something else gives no advice", () => {
  const dear = offerEntry(0, { pricePerUnitSecond: 1500n });
  const otherAndCheaper = offerEntry(1, { pricePerUnitSecond: 1200n, class: toBytes8("gpu") });
  assert.deepEqual(remediesOf(orderEntry(), [dear, otherAndCheaper]), ["raise pay.maxPricePerHour to 5.4"]);
});

test("money, hardware, capacity and placement each name the field and the number", () => {
  const attributes = Attributes.pack({ ...Attributes.none, cpuThreads: 2, netMbpsTenth: 5 });
  const asked = Attributes.pack({ ...Attributes.none, cpuThreads: 4, netMbpsTenth: 100 });
  const own = nodeView(0, { pools: new Map([[0n, { class: toBytes8("cpu"), capacity: 8n, used: 7n, attributes }]]) });
  const view = viewOf(1, { nodes: new Map([[nodeId(0), own]]) });
  assert.deepEqual(remediesOf(orderEntry({ minAttributes: asked }), [offerEntry(0, { attributes })], view), [
    "lower resources.cpuThreads to 2 and lower resources.netMbps to 50",
    "lower resources.units to 1",
  ]);
  const poor = viewOf(1, {
    buyers: new Map([[buyer, { free: 30_000n, epoch: 0n, nonces: new Set<bigint>(), sessions: new Map() }]]),
  });
  // 100 per second × 2 units × 100 s, and as much again for audits.
  assert.deepEqual(remediesOf(orderEntry({ budget: 39_000n }), [offerEntry(0)], poor), [
    "raise pay.budget by 0.001, or shorten duration: all of it is reserved",
    "deposit what is missing: weft wallet deposit 0.01",
  ]);
  assert.deepEqual(
    remediesOf(orderEntry(), [offerEntry(0, { class: toBytes8("gpu-h100") })]).at(0),
    "set resources.class to gpu-h100",
  );
});

test("nobody to give advice about, or nothing a buyer can do: no line", () => {
  assert.deepEqual(remediesFor([]), []);
  assert.deepEqual(remediesFor([{ reasons: [{ code: "bid.needed" }] }]), []);
});
