// Prices: hand-computed cases, and the properties the escrow rests on.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as Order from "@weft/protocol/Order";
import { presets } from "@weft/protocol/Params";
import fc from "fast-check";
import { orderEntry } from "./fixtures.ts";
import { agreedPrice, bondFor, priceLease } from "./price.ts";

const terms = { pricePerUnitSecond: 7n, units: 3n, durationSeconds: 100n, tier: Order.tier.exact };

test("an exact lease under the local preset, by hand", () => {
  // 7·3 = 21/s; ·100 s = 2100; half on top for audits; one 5 s interval = 105; 21·60·0.7/0.3 = 2940.
  assert.deepEqual(priceLease(presets.local, terms), {
    pricePerUnitSecond: 7n,
    rate: 21n,
    pay: 2100n,
    auditPot: 1050n,
    reservation: 3150n,
    startFee: 105n,
    bond: 2940n,
  });
});

test("a bare lease sets nothing aside for audits", () => {
  const price = priceLease(presets.local, { ...terms, tier: Order.tier.bare });
  assert.equal(price.auditPot, 0n);
  assert.equal(price.reservation, price.pay);
});

test("the start fee of a lease shorter than an interval is its whole pay", () => {
  assert.equal(priceLease(presets.local, { ...terms, durationSeconds: 2n }).startFee, 42n);
});

test("the bond rounds up and never falls below the minimum", () => {
  assert.equal(bondFor(presets.local, 1n), presets.local.minBond);
  // 1001·60·0.7/0.3 = 140140 exactly; one more per second of exposure leaves a third over.
  assert.equal(bondFor(presets.local, 1001n), 140_140n);
  assert.equal(bondFor({ ...presets.local, exposureSeconds: 61n }, 1001n), 142_476n);
});

test("cheating at the audit rate loses money on average for every rate and preset", () => {
  fc.assert(
    fc.property(fc.bigInt(1n, 1n << 40n), fc.constantFrom(...Object.values(presets)), (rate, params) => {
      const q = params.auditRatePpm;
      // Expected loss q·bond covers expected gain (1−q)·rate·exposure.
      assert.ok(bondFor(params, rate) * q >= rate * params.exposureSeconds * (1_000_000n - q));
    }),
  );
});

test("the price rule decides between ask and ceiling", () => {
  assert.equal(agreedPrice(orderEntry({ priceRule: Order.priceRule.ask }).order, 12n), 12n);
  assert.equal(agreedPrice(orderEntry({ priceRule: Order.priceRule.ceiling }).order, 12n), 1000n);
});
