import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nodeId } from "./fixtures.ts";
import { type Availability, explainNotPayable, type PayMode, payable } from "./payable.ts";

const good: Availability = {
  committed: true,
  voided: false,
  accused: false,
  drawnHolders: [nodeId(1), nodeId(2), nodeId(3)],
  heldBy: [nodeId(1), nodeId(2)],
  gatewayHolds: true,
};
const why = (mode: PayMode, change: Partial<Availability>) => {
  const verdict = payable(mode, { ...good, ...change });
  return verdict.payable ? "payable" : explainNotPayable(verdict.why);
};

test("voucher: the gateway and one drawn holder; accrue: two drawn holders, gateway or not", () => {
  assert.equal(why("voucher", { heldBy: [nodeId(3)] }), "payable");
  assert.match(why("voucher", { gatewayHolds: false }), /not handed out/);
  assert.match(why("voucher", { heldBy: [] }), /\(0 of 1\)/);
  assert.equal(why("accrue", { gatewayHolds: false }), "payable");
  assert.match(why("accrue", { heldBy: [nodeId(1)] }), /\(1 of 2\)/);
});

test("holders that were not drawn, and one holder twice, count for nothing", () => {
  assert.match(why("voucher", { heldBy: [nodeId(7)] }), /\(0 of 1\)/);
  assert.match(why("accrue", { heldBy: [nodeId(1), nodeId(1), nodeId(9)] }), /\(1 of 2\)/);
});

test("where fewer nodes exist fewer are needed, but never none", () => {
  assert.equal(why("accrue", { drawnHolders: [nodeId(1)], heldBy: [nodeId(1)] }), "payable");
  assert.match(why("accrue", { drawnHolders: [], heldBy: [] }), /\(0 of 1\)/);
  assert.match(why("voucher", { drawnHolders: [], heldBy: [] }), /\(0 of 1\)/);
});

test("not before it is on chain and drawn; not while accused; never once void", () => {
  for (const mode of ["voucher", "accrue"] as const) {
    assert.match(why(mode, { committed: false }), /not on chain/);
    assert.match(why(mode, { drawnHolders: undefined }), /not drawn/);
    assert.match(why(mode, { accused: true }), /waits for a second/);
    assert.match(why(mode, { voided: true }), /found false/);
  }
});

test("P1: a withheld checkpoint is never payable, whatever else holds", () => {
  const facts = fc.record({
    committed: fc.boolean(),
    voided: fc.boolean(),
    accused: fc.boolean(),
    drawnHolders: fc.option(fc.array(fc.nat(3).map(nodeId), { maxLength: 3 }), { nil: undefined }),
    heldBy: fc.array(fc.nat(6).map(nodeId), { maxLength: 5 }),
    gatewayHolds: fc.boolean(),
  });
  fc.assert(
    fc.property(facts, fc.constantFrom<PayMode>("voucher", "accrue"), (all, mode) => {
      if (!payable(mode, all).payable) return;
      assert.ok(all.committed && !all.voided && !all.accused);
      assert.ok(
        all.heldBy.some((holder) => all.drawnHolders?.includes(holder)),
        "paid with nobody holding it",
      );
      if (mode === "voucher") assert.ok(all.gatewayHolds);
    }),
    { numRuns: 500 },
  );
});
