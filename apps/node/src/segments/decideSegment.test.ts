import assert from "node:assert/strict";
import { test } from "node:test";
import { zeroHash } from "@weft/protocol/fields";
import type { NodeId } from "@weft/protocol/NodeId";
import {
  decideSegment,
  roundToName,
  type SegmentContext,
  type SegmentFacts,
  type SegmentWork,
} from "./decideSegment.ts";

const node = (byte: string): NodeId => `0x${byte.repeat(20)}`;
const held = (holder: NodeId) => ({
  held: { leaseId: zeroHash, segment: 0n, checkpoint: zeroHash, holder },
  signature: "0x" as const,
});

const work: SegmentWork = {
  commitment: {
    leaseId: zeroHash,
    segment: 0n,
    firstStep: 0n,
    lastStep: 9n,
    orderHash: zeroHash,
    program: zeroHash,
    dataRoot: zeroHash,
    startRoot: zeroHash,
    endRoot: zeroHash,
    historyRoot: zeroHash,
    checkpoint: zeroHash,
    meteredSeconds: 1n,
    tokens: 1n,
    beaconRound: 12n,
  },
  hash: zeroHash,
  signature: "0x",
  checkpointBytes: 1,
  held: [],
};
const facts: SegmentFacts = {
  committed: zeroHash,
  available: false,
  voided: false,
  draw: { ready: true, holders: [node("aa"), node("bb")] },
};
const context: SegmentContext = {
  round: 10n,
  nextOnChain: 0n,
  session: "unsent",
  accrue: false,
  heldNeeded: 2,
  running: true,
};

const decide = (change: {
  work?: Partial<SegmentWork>;
  facts?: Partial<SegmentFacts>;
  context?: Partial<SegmentContext>;
}) => decideSegment({ ...work, ...change.work }, { ...facts, ...change.facts }, { ...context, ...change.context });

test("commits in order, while its round lies ahead, and signs anew when it passed", () => {
  const uncommitted = { committed: undefined };
  assert.deepEqual(decide({ facts: uncommitted }), { act: "commit" });
  assert.deepEqual(decide({ facts: uncommitted, context: { round: 12n } }), { act: "sign" });
  assert.deepEqual(decide({ facts: uncommitted, context: { nextOnChain: 5n } }), { act: "wait", for: "order" });
  assert.deepEqual(decide({ facts: uncommitted, context: { running: false } }), { act: "done", how: "tooLate" });
});

test("voucher mode: draw, one drawn holder, then the gateway, then its answer", () => {
  assert.deepEqual(decide({ facts: { draw: { ready: false, holders: [] } } }), { act: "wait", for: "draw" });
  assert.deepEqual(decide({}), { act: "ask", holders: [node("aa"), node("bb")] });
  const one = { held: [held(node("bb"))] };
  assert.deepEqual(decide({ work: one }), { act: "send" });
  assert.deepEqual(decide({ work: one, context: { session: "sent" } }), { act: "wait", for: "voucher" });
  assert.deepEqual(decide({ work: one, context: { session: "none" } }), { act: "wait", for: "gateway" });
  assert.deepEqual(decide({ work: { ...one, answer: { paid: true } } }), { act: "done", how: "paid" });
  assert.deepEqual(decide({ work: { ...one, answer: { paid: false, code: "x" } } }), { act: "send" });
});

test("a statement of a node that was not drawn does not count", () => {
  assert.deepEqual(decide({ work: { held: [held(node("cc"))] } }), { act: "ask", holders: [node("aa"), node("bb")] });
});

test("accrue mode: two drawn holders, then the chain, no gateway needed", () => {
  const accrue = { accrue: true, session: "none" } as const;
  assert.deepEqual(decide({ work: { held: [held(node("aa"))] }, context: accrue }), {
    act: "ask",
    holders: [node("bb")],
  });
  assert.deepEqual(decide({ work: { held: [held(node("aa")), held(node("bb"))] }, context: accrue }), { act: "prove" });
  assert.deepEqual(decide({ facts: { available: true }, context: accrue }), { act: "done", how: "available" });
  assert.deepEqual(decide({ facts: { available: true }, context: { ...accrue, session: "unsent" } }), { act: "send" });
});

test("a voided segment ends whatever else is true", () => {
  assert.deepEqual(decide({ facts: { voided: true }, work: { answer: { paid: true } } }), {
    act: "done",
    how: "voided",
  });
});

test("the round lies behind the time a transaction takes, and within what the chain allows", () => {
  const options = { roundSeconds: 2n, inclusionSeconds: 1.5, maxRoundsAhead: 10n };
  assert.equal(roundToName(100n, options), 102n);
  assert.equal(roundToName(100n, { ...options, inclusionSeconds: 12 }), 107n);
  assert.equal(roundToName(100n, { ...options, inclusionSeconds: 60 }), 110n);
});
