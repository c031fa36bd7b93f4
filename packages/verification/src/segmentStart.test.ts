// Where a segment has to begin: the order's start, what an earlier lease ended in, what the segment before ended in.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SegmentCommitment } from "@weft/protocol/Segment";
import { hash } from "./fixtures.ts";
import { isWhole, type Origin, rightStart, type SegmentPast } from "./segmentStart.ts";

const run = { totalSteps: 50, stepsPerSegment: 20 };
const order: Origin = { step: 0n, stateRoot: hash("seeded") };
const earlier: Origin = { step: 20n, stateRoot: hash("state 20"), checkpoint: hash("checkpoint 20") };

function segment(index: number, at: { step: number; root: string; last?: number }): SegmentCommitment {
  return {
    ...{ leaseId: hash("lease"), segment: BigInt(index), orderHash: hash("order"), program: hash("program") },
    ...{ firstStep: BigInt(at.step), lastStep: BigInt(at.last ?? Math.min(at.step + 20, 50) - 1) },
    ...{ dataRoot: hash("data"), startRoot: hash(at.root), endRoot: hash("end"), historyRoot: hash("history") },
    ...{ checkpoint: hash("checkpoint"), meteredSeconds: 1n, tokens: 1n, beaconRound: 1n },
  };
}

const startOf = (commitment: SegmentCommitment, past: Partial<SegmentPast> = {}): Origin =>
  rightStart(commitment, { run, order, earlier: [], first: commitment, before: undefined, ...past });

test("the first segment of an order begins at the order's start, and nowhere else", () => {
  assert.equal(startOf(segment(0, { step: 0, root: "seeded" })), order);
  const continued: Origin = { step: 20n, stateRoot: hash("state 20"), checkpoint: hash("c") };
  assert.equal(startOf(segment(0, { step: 20, root: "state 20" }), { order: continued }), continued);
  assert.equal(startOf(segment(0, { step: 20, root: "state 20" })), order, "skipped steps: the order's start is right");
  assert.equal(startOf(segment(0, { step: 0, root: "doctored" })), order);
});

test("a later fill begins where an earlier one stood, or at the order's start", () => {
  assert.equal(startOf(segment(0, { step: 20, root: "state 20" }), { earlier: [earlier] }), earlier);
  assert.equal(startOf(segment(0, { step: 0, root: "seeded" }), { earlier: [earlier] }), order);
  assert.equal(startOf(segment(0, { step: 20, root: "doctored" }), { earlier: [earlier] }), order);
  assert.equal(startOf(segment(0, { step: 40, root: "state 20" }), { earlier: [earlier] }), order);
});

test("a later segment begins where the one before ended, unless the lease itself began wrongly", () => {
  const first = segment(0, { step: 0, root: "seeded" });
  const second = segment(1, { step: 20, root: "end" });
  const before = hash("checkpoint");
  assert.deepEqual(startOf(second, { first, before }), { step: 20n, stateRoot: hash("end"), checkpoint: before });
  const skipped = { first: segment(0, { step: 20, root: "made up" }), before };
  assert.equal(startOf(segment(1, { step: 40, root: "end" }), skipped), order);
});

test("anything but a whole segment is to be computed from the order's start", () => {
  assert.ok(isWhole(run, segment(0, { step: 40, root: "x" })), "the last one is short");
  for (const [step, last] of [
    [0, 18],
    [0, 20],
    [10, 29],
    [60, 79],
    [40, 59],
    [0, 2 ** 24 - 1],
  ] as const) {
    const odd = segment(0, { step, root: "seeded", last });
    assert.ok(!isWhole(run, odd), `${step}..${last}`);
    assert.equal(startOf(odd), order);
  }
  const first = segment(0, { step: 0, root: "seeded", last: 9 });
  assert.equal(startOf(segment(1, { step: 20, root: "end" }), { first, before: hash("checkpoint") }), order);
});
