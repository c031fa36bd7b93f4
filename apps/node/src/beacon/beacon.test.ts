import assert from "node:assert/strict";
import { test } from "node:test";
import { zeroHash } from "@weft/protocol/fields";
import { encodeAbiParameters, keccak256 } from "viem";
import { type BeaconState, decideBeacon } from "./decideBeacon.ts";
import { peel } from "./HashOnion.ts";

const seed = `0x${"5e".repeat(32)}` as const;
const onion = peel(seed, 8);
const state: BeaconState = {
  round: 10n,
  requested: [],
  tip: onion.tip,
  tipRound: 5n,
  admitted: true,
  leaving: undefined,
  retiredRound: undefined,
  onion,
};

test("every layer opens the one above it, as the contract checks it", () => {
  let tip = onion.tip;
  for (let left = 8; left > 0; left--) {
    assert.equal(onion.left(tip), left);
    const preimage = onion.below(tip);
    assert.ok(preimage !== undefined);
    assert.equal(keccak256(encodeAbiParameters([{ type: "bytes32" }], [preimage])), tip);
    tip = preimage;
  }
  assert.equal(tip, seed);
  assert.equal(onion.below(tip), undefined);
  assert.equal(onion.below(zeroHash), undefined);
});

test("enrols once admitted, reveals only the requested round that runs", () => {
  assert.deepEqual(decideBeacon({ ...state, tip: zeroHash }), { act: "enrol", tip: onion.tip });
  assert.deepEqual(decideBeacon({ ...state, tip: zeroHash, admitted: false }), { act: "wait", for: "stake" });
  assert.deepEqual(decideBeacon({ ...state, requested: [9n, 11n] }), { act: "wait", for: "request" });
  assert.deepEqual(decideBeacon({ ...state, requested: [10n] }), {
    act: "reveal",
    round: 10n,
    preimage: onion.below(onion.tip),
  });
});

test("a tip counts only from its first round on", () => {
  assert.deepEqual(decideBeacon({ ...state, requested: [10n], tipRound: 11n }), { act: "wait", for: "request" });
});

test("a used-up onion and a tip of a lost store are replaced", () => {
  assert.deepEqual(decideBeacon({ ...state, tip: seed }), { act: "enrol", tip: onion.tip });
  assert.deepEqual(decideBeacon({ ...state, tip: `0x${"99".repeat(32)}` }), { act: "enrol", tip: onion.tip });
});

test("a leaving node still reveals what is owed and begins nothing; a draining one ends its duty", () => {
  for (const leaving of ["stopping", "draining"] as const) {
    assert.equal(decideBeacon({ ...state, leaving, requested: [10n] }).act, "reveal");
    assert.deepEqual(decideBeacon({ ...state, leaving, tip: zeroHash }), { act: "wait", for: "leaving" });
  }
  assert.deepEqual(decideBeacon({ ...state, leaving: "draining" }), { act: "retire" });
  assert.deepEqual(decideBeacon({ ...state, leaving: "stopping" }), { act: "wait", for: "leaving" });
});

test("a retired node enrols again when the chain lets it", () => {
  const retired = { ...state, tip: zeroHash, retiredRound: 10n };
  assert.deepEqual(decideBeacon({ ...retired, round: 264n }), { act: "wait", for: "rest" });
  assert.equal(decideBeacon({ ...retired, round: 265n }).act, "enrol");
});
