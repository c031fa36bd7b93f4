// Placement rules, the mechanism table, and the dry run.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as Attributes from "@weft/protocol/Attributes";
import { hasCode } from "@weft/protocol/Errors";
import * as Book from "./Book.ts";
import { address, nodeId, now, offerEntry, orderEntry, params, viewOf } from "./fixtures.ts";
import { mechanismOf } from "./mechanisms.ts";
import { postedPrice } from "./postedPrice.ts";
import { quote } from "./quote.ts";
import { explainReason } from "./reasons.ts";
import { allowNodes, cellWithin, denyNodes, excludeOwners, inRegion } from "./strategies.ts";

// A res-9 cell in San Francisco, its parents at res 8 and 5 and a sibling of that parent, from h3geo.org's examples.
const cell = 0x8928308280fffffn;
const parent8 = 0x8828308281fffffn;
const parent5 = 0x85283083fffffffn;
const elsewhere5 = 0x85283087fffffffn;

test("H3: a cell lies in its parents and in itself, nowhere else", () => {
  assert.ok(cellWithin(cell, cell) && cellWithin(cell, parent8) && cellWithin(cell, parent5));
  assert.ok(!cellWithin(cell, elsewhere5), "another cell of that size");
  assert.ok(!cellWithin(parent5, cell), "a parent is not inside its child");
  assert.ok(!cellWithin(0n, parent5), "no region");
});

test("strategies refuse with the rule's name, and all of them count", () => {
  const view = viewOf(3);
  const offers = [0, 1, 2].map((node) => offerEntry(node, { region: node === 1 ? cell : 0n }));
  const strategies = [
    allowNodes(new Set([nodeId(0), nodeId(1)])),
    denyNodes(new Set([nodeId(2)])),
    excludeOwners(new Set([address("0a", 0)])),
    inRegion(parent5),
  ];
  const { ranked, refused } = postedPrice.clear(view, orderEntry(), { offers, strategies });
  assert.deepEqual(
    ranked.map(({ entry }) => entry.offer.nodeId),
    [nodeId(1)],
  );
  const told = new Map(
    refused.map(({ entry, reasons }) => [entry.offer.nodeId, reasons.map(explainReason).join("; ")]),
  );
  assert.match(told.get(nodeId(2)) ?? "", /rule allow: .*; placement rule deny: .*; placement rule region/);
  assert.match(told.get(nodeId(0)) ?? "", /rule owners: .*; placement rule region: cell 0 is not in/);
});

test("mechanisms by number; an unknown one is a coded error", () => {
  assert.deepEqual([mechanismOf(0n).name, mechanismOf(1n).name], ["postedPrice", "reverseAuction"]);
  assert.throws(
    () => mechanismOf(9n),
    (error) => hasCode(error, "mechanism.unknown"),
  );
});

test("candidates: a posted price takes standing offers and its bids, an auction only its bids", () => {
  const book = Book.create();
  const order = orderEntry();
  Book.addOrder(book, order, now);
  Book.addOffer(book, offerEntry(0), now);
  Book.addOffer(book, offerEntry(1, { orderHash: order.hash }), now);
  assert.equal(mechanismOf(0n).candidates(book, order).length, 2);
  assert.deepEqual(
    mechanismOf(1n)
      .candidates(book, order)
      .map(({ offer }) => offer.nodeId),
    [nodeId(1)],
  );
});

test("quote: the price range of what fits, a histogram of what does not", () => {
  const book = Book.create();
  for (const [index, price] of [300n, 100n, 200n, 400n, 2000n].entries())
    Book.addOffer(book, offerEntry(index, { pricePerUnitSecond: price }), now);
  const { order } = orderEntry({ mechanism: 1n, biddingEndsAt: now + 60n });
  const quoted = quote(viewOf(5), book, { order });
  assert.equal(quoted.fitting, 4);
  assert.deepEqual(quoted.pricePerUnitSecond, { min: 100n, median: 200n, max: 400n });
  assert.deepEqual(quoted.total, { min: 40_000n, median: 80_000n, max: 160_000n });
  assert.deepEqual([quoted.refused, quoted.reasons], [1, { price: 1 }]);
  assert.equal(quoted.cheapest?.offer.nodeId, nodeId(1));
});

test("quote: what it should cost at declared speeds, beside the most it can cost", () => {
  const speed = (fp32Gflops: number) =>
    Attributes.pack({ ...Attributes.none, cpuThreads: 8, memoryGiB: 16, fp32Gflops });
  const book = Book.create();
  for (const [index, gflops] of [40, 20, 1, 0].entries())
    Book.addOffer(book, offerEntry(index, { attributes: speed(gflops) }), now);
  const { order } = orderEntry();
  const view = viewOf(4, { params: { ...params, auditRatePpm: 300_000n, auditPayPpm: 1_250_000n } });
  const quoted = quote(view, book, { order, work: 399_000_000_000n });
  // 10 s, 20 s, more than the 100 s there are, and no speed at all; at 100 per second × 2 units, 37.5 % for audits.
  assert.deepEqual(quoted.expectedSeconds, { min: 10n, median: 20n, max: 100n });
  assert.deepEqual(quoted.expected, { min: 2750n, median: 5500n, max: 27_500n });
  assert.deepEqual([quoted.fitting, quoted.tooSlow, quoted.total?.max], [4, 1, 40_000n]);
  assert.equal(quote(view, book, { order }).expected, undefined);
});

test("quote: the hard cap turns what is dearer away, and an empty book quotes nothing", () => {
  const book = Book.create();
  Book.addOffer(book, offerEntry(0, { pricePerUnitSecond: 100n }), now);
  Book.addOffer(book, offerEntry(1, { pricePerUnitSecond: 101n }), now);
  const { order } = orderEntry();
  const capped = quote(viewOf(2), book, { order, cap: 40_000n });
  assert.deepEqual([capped.fitting, capped.reasons], [1, { "order.budget": 1 }]);
  assert.deepEqual(quote(viewOf(0), Book.create(), { order }), {
    ...{ fitting: 0, refused: 0, reasons: {}, refusals: [], tooSlow: 0 },
  });
});
