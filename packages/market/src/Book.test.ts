// The book: which entry wins a slot, which limits hold, what cancels.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as Book from "./Book.ts";
import { buyer, nodeId, now, offerEntry, orderEntry } from "./fixtures.ts";

const codeOf = (outcome: Book.Outcome) => outcome.code;

test("a later seq replaces, an earlier or equal one does not", () => {
  const book = Book.create();
  const first = offerEntry(0, { seq: 5n });
  assert.equal(codeOf(Book.addOffer(book, first, now)), "added");
  assert.equal(codeOf(Book.addOffer(book, first, now)), "duplicate");
  assert.equal(codeOf(Book.addOffer(book, offerEntry(0, { seq: 4n }), now)), "stale");
  assert.equal(codeOf(Book.addOffer(book, offerEntry(0, { seq: 5n, units: 9n }), now)), "conflict");
  const later = Book.addOffer(book, offerEntry(0, { seq: 6n }), now);
  assert.deepEqual(later, { kept: true, code: "replaced", previous: first.hash });
  assert.deepEqual(
    Book.standing(book).map(({ offer }) => offer.seq),
    [6n],
  );
});

test("slots and pools beyond the protocol's numbers are refused", () => {
  const book = Book.create();
  assert.equal(codeOf(Book.addOffer(book, offerEntry(0, { slot: 16n }), now)), "slot");
  assert.equal(codeOf(Book.addOffer(book, offerEntry(0, { poolId: 16n }), now)), "slot");
  assert.equal(codeOf(Book.addOffer(book, offerEntry(0, { slot: 15n, poolId: 15n }), now)), "added");
});

test("expired entries neither come in nor stay", () => {
  const book = Book.create();
  assert.equal(codeOf(Book.addOffer(book, offerEntry(0, { expiresAt: now }), now)), "expired");
  assert.equal(codeOf(Book.addOrder(book, orderEntry({ expiresAt: now }), now)), "expired");
  const order = orderEntry({ expiresAt: now + 20n });
  Book.addOffer(book, offerEntry(0, { expiresAt: now + 10n }), now);
  Book.addOrder(book, order, now);
  Book.addOffer(book, offerEntry(1, { orderHash: order.hash, expiresAt: now + 10n }), now);
  assert.equal(Book.prune(book, now + 9n), 0);
  assert.equal(Book.prune(book, now + 10n), 2);
  assert.equal(Book.prune(book, now + 20n), 1);
  assert.deepEqual([book.offers.size, book.orders.size, book.bids.size, book.ordersOf.size], [0, 0, 0, 0]);
});

test("limits: book, node, orders, buyer, bids", () => {
  const book = Book.create({ offers: 3, offersPerNode: 2, orders: 2, ordersPerBuyer: 1, bidsPerOrder: 1 });
  const add = (index: number, slot: bigint) => codeOf(Book.addOffer(book, offerEntry(index, { slot }), now));
  assert.deepEqual(
    [add(0, 0n), add(0, 1n), add(0, 2n), add(1, 0n), add(2, 0n)],
    ["added", "added", "quota", "added", "bookFull"],
  );
  assert.equal(codeOf(Book.addOffer(book, offerEntry(0, { slot: 0n, seq: 2n }), now)), "replaced");
  const order = orderEntry();
  const order2 = orderEntry({ nonce: 2n });
  const other = (nonce: bigint) => orderEntry({ buyer: nodeId(Number(nonce)), nonce });
  assert.equal(codeOf(Book.addOrder(book, order, now)), "added");
  assert.equal(codeOf(Book.addOrder(book, order, now)), "duplicate");
  assert.equal(codeOf(Book.addOrder(book, order2, now)), "quota");
  assert.equal(codeOf(Book.addOrder(book, other(3n), now)), "added");
  assert.equal(codeOf(Book.addOrder(book, other(4n), now)), "bookFull");
  const bid = (index: number, seq: bigint) =>
    codeOf(Book.addOffer(book, offerEntry(index, { orderHash: order.hash, seq }), now));
  assert.deepEqual([bid(5, 1n), bid(6, 1n), bid(5, 2n)], ["added", "bookFull", "replaced"]);
});

test("bids: one live bid per node whatever its slot, only for known orders, only while bidding lasts", () => {
  const book = Book.create();
  const order = orderEntry({ biddingEndsAt: now + 5n });
  const bid = (seq: bigint, slot: bigint) => offerEntry(0, { orderHash: order.hash, seq, slot });
  assert.equal(codeOf(Book.addOffer(book, bid(1n, 0n), now)), "unknownOrder");
  Book.addOrder(book, order, now);
  assert.equal(codeOf(Book.addOffer(book, bid(1n, 0n), now)), "added");
  assert.equal(codeOf(Book.addOffer(book, bid(2n, 7n), now + 4n)), "replaced");
  assert.equal(codeOf(Book.addOffer(book, bid(3n, 0n), now + 5n)), "biddingClosed");
  assert.deepEqual(
    Book.bidsFor(book, order.hash).map(({ offer }) => offer.seq),
    [2n],
  );
  assert.equal(Book.standing(book).length, 0, "a bid is no standing offer");
});

test("a new buyer epoch drops the buyer's older orders", () => {
  const book = Book.create();
  Book.addOrder(book, orderEntry({ buyerEpoch: 1n, nonce: 1n }), now);
  Book.addOrder(book, orderEntry({ buyerEpoch: 2n, nonce: 2n }), now);
  assert.equal(Book.cancelOrders(book, buyer, 2n), 1);
  assert.equal(book.ordersOf.get(buyer), 1);
});

test("P1: for any arrival order the slot holds the highest seq, and counts match the entries", () => {
  const arrivals = fc.array(
    fc.record({ node: fc.nat(3), slot: fc.bigInt(0n, 2n), seq: fc.bigInt(0n, 9n), life: fc.bigInt(1n, 9n) }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(arrivals, fc.bigInt(0n, 10n), (all, age) => {
      const book = Book.create();
      const best = new Map<string, bigint>();
      for (const { node, slot, seq, life } of all) {
        Book.addOffer(book, offerEntry(node, { slot, seq, expiresAt: now + life }), now);
        const key = `${node}/${slot}`;
        if (seq > (best.get(key) ?? -1n)) best.set(key, seq);
      }
      const held = new Map(
        Book.standing(book).map(({ offer }) => [`${Number(offer.nodeId.slice(-2))}/${offer.slot}`, offer.seq]),
      );
      assert.deepEqual(new Map([...held].sort()), new Map([...best].sort()));
      Book.prune(book, now + age);
      const counted = [...book.offersOf.values()].reduce((sum, count) => sum + count, 0);
      assert.equal(counted, book.offers.size);
      assert.ok(Book.standing(book).every(({ offer }) => offer.expiresAt > now + age));
    }),
  );
});

test("an auction's order leaves the book soon after its bidding, so a busy buyer is not kept out", () => {
  const book = Book.create({ ordersPerBuyer: 4 });
  const auction = (nonce: bigint, biddingEndsAt: bigint) =>
    orderEntry({ nonce, biddingEndsAt, expiresAt: now + 86_400n, mechanism: 1n });
  for (let nonce = 0n; nonce < 4n; nonce++)
    assert.equal(codeOf(Book.addOrder(book, auction(nonce, now + 2n), now)), "added");
  assert.equal(codeOf(Book.addOrder(book, auction(4n, now + 2n), now)), "quota");
  const later = now + 2n + 15n;
  assert.equal(codeOf(Book.addOrder(book, auction(5n, later + 2n), later)), "added");
  assert.equal(book.orders.size, 1);
  assert.equal(codeOf(Book.addOrder(book, auction(0n, now + 2n), later)), "expired");
});
