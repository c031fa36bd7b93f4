import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type FillTrace, type HeldSegment, resumeFrom } from "./failover.ts";
import { hash, nodeId } from "./fixtures.ts";
import { type ClosedLease, mostBuyers, scores } from "./reputation.ts";

const segment = (index: number, change: Partial<HeldSegment> = {}): HeldSegment => ({
  segment: BigInt(index),
  firstStep: BigInt(100 * index),
  lastStep: BigInt(100 * index + 99),
  endRoot: hash(`state ${index}`),
  checkpoint: hash(`checkpoint ${index}`),
  voided: false,
  heldBy: [nodeId(5)],
  gatewayHolds: true,
  ...change,
});
const fill = (segments: HeldSegment[], change: Partial<FillTrace> = {}): FillTrace => ({
  provider: nodeId(1),
  segments,
  failed: true,
  ...change,
});

test("nothing done yet: a fresh start without the failed node", () => {
  assert.deepEqual(resumeFrom([]), { nextStep: 0n, lostSteps: 0n, excluded: [] });
  assert.deepEqual(resumeFrom([fill([])]), { nextStep: 0n, lostSteps: 0n, excluded: [nodeId(1)] });
});

test("the last segment that somebody else holds; a withheld one is done again", () => {
  const withheld = segment(2, { heldBy: [], gatewayHolds: false });
  const { nextStep, from, lostSteps } = resumeFrom([fill([segment(0), segment(1), withheld])]);
  assert.deepEqual([nextStep, lostSteps], [200n, 100n]);
  assert.deepEqual(from, {
    checkpoint: hash("checkpoint 1"),
    stateRoot: hash("state 1"),
    sources: [nodeId(5)],
    gatewayHolds: true,
  });
});

test("a failed provider is no source, for its own segment or another's", () => {
  const onlyItself = segment(1, { heldBy: [nodeId(1)], gatewayHolds: false });
  assert.equal(resumeFrom([fill([segment(0), onlyItself])]).nextStep, 100n);
  const byHolder = segment(1, { heldBy: [nodeId(1), nodeId(6)], gatewayHolds: false });
  assert.deepEqual(resumeFrom([fill([segment(0), byHolder])]).from?.sources, [nodeId(6)]);
  assert.deepEqual(resumeFrom([fill([byHolder], { failed: false })]).excluded, []);
});

test("from the first void segment on nothing counts, however well it is held", () => {
  const trace = [segment(0), segment(1, { voided: true }), segment(2)];
  const { nextStep, lostSteps } = resumeFrom([fill(trace)]);
  assert.deepEqual([nextStep, lostSteps], [100n, 200n]);
});

test("a later fill that built on a segment found false since falls with it", () => {
  const first = fill([segment(0), segment(1, { voided: true })]);
  const onIt = fill([segment(2), segment(3)], { provider: nodeId(2), startRoot: hash("state 1") });
  const onSound = fill([segment(2), segment(3)], { provider: nodeId(2), startRoot: hash("state 0") });
  assert.equal(resumeFrom([first, onIt]).nextStep, 100n);
  assert.equal(resumeFrom([first, onSound]).nextStep, 400n);
  assert.deepEqual(resumeFrom([first, onIt]).excluded, [nodeId(1), nodeId(2)]);
});

test("P1: the checkpoint to go on from is sound, obtainable, and the furthest such one", () => {
  const flags = fc.record({ voided: fc.boolean(), held: fc.boolean(), gateway: fc.boolean() });
  fc.assert(
    fc.property(fc.array(flags, { maxLength: 8 }), (all) => {
      const segments = all.map(({ voided, held, gateway }, index) =>
        segment(index, { voided, heldBy: held ? [nodeId(5)] : [], gatewayHolds: gateway }),
      );
      const { nextStep, from, lostSteps } = resumeFrom([fill(segments)]);
      const cut = all.findIndex(({ voided }) => voided);
      const good = all.slice(0, cut < 0 ? all.length : cut);
      assert.equal(nextStep, 100n * BigInt(1 + good.findLastIndex(({ held, gateway }) => held || gateway)));
      assert.equal(from === undefined, nextStep === 0n);
      assert.equal(nextStep + lostSteps, 100n * BigInt(all.length));
    }),
  );
});

test("scores: good work counts per buyer up to a limit, faults count each time, order does not matter", () => {
  const lease = (reason: ClosedLease["reason"], buyer = 1): ClosedLease => ({
    nodeId: nodeId(1),
    buyer: nodeId(buyer),
    reason,
  });
  const scoreOf = (leases: ClosedLease[]) => scores(leases).get(nodeId(1));
  assert.equal(scoreOf([lease("completed"), lease("completed"), lease("completed", 2)]), 2n);
  const many = Array.from({ length: 50 }, (_, buyer) => lease("completed", buyer));
  assert.equal(scoreOf(many), BigInt(mostBuyers));
  assert.equal(scoreOf([...many, lease("falseSegment")]), BigInt(mostBuyers) - 100n);
  assert.equal(scoreOf([lease("providerSilent"), lease("providerSilent")]), -20n);
  assert.equal(scoreOf([lease("buyerCancelled")]), 0n);
  assert.equal(scores([]).size, 0);
  fc.assert(
    fc.property(
      fc.shuffledSubarray([...many.slice(0, 5), lease("unstarted"), lease("completed")], { minLength: 7 }),
      (all) => assert.equal(scoreOf(all), 0n),
    ),
  );
});
