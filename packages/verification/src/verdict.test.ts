// Verdicts: an honest one opens, every forgery is refused with the contract's reason. Trees are the tensor package's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { zeroHash } from "@weft/protocol/fields";
import type { SegmentCommitment } from "@weft/protocol/Segment";
import { historyRoot, proveStep } from "@weft/tensor/HashLayout";
import fc from "fast-check";
import { bytesToHex, type Hex, hexToBytes } from "viem";
import { auditStep } from "./draw.ts";
import { hash, nodeId } from "./fixtures.ts";
import { type Replayed, revealRefusal, sealOf, type Verdict, verdictOf } from "./verdict.ts";

const auditor = nodeId(4);
const seed = hash("seed");
const salt = hash("salt");

/** A history of `count` steps in which step `bad` (if any) differs from the honest one. */
const stepsOf = (count: number, bad = -1): Uint8Array[] =>
  Array.from({ length: count }, (_, index) =>
    hexToBytes(hash(`step ${index}${index >= bad && bad >= 0 ? " bad" : ""}`)),
  );

const stateOf = (index: number): Hex => hash(`state ${index}`);
const order = { program: hash("program"), dataRoot: hash("data") };

function committed(count: number, bad = -1): SegmentCommitment {
  return {
    leaseId: hash("lease"),
    segment: 3n,
    firstStep: 750n,
    lastStep: 750n + BigInt(count) - 1n,
    orderHash: hash("order"),
    ...order,
    startRoot: hash("start"),
    endRoot: stateOf(count - 1),
    historyRoot: bytesToHex(historyRoot(stepsOf(count, bad))),
    checkpoint: hash("checkpoint"),
    meteredSeconds: 10n,
    tokens: BigInt(count),
    beaconRound: 1n,
  };
}

/** An honest replay of `count` steps from step `from` on. */
function replay(count: number, from = 750): Replayed {
  const steps = stepsOf(count);
  return {
    ...{ firstStep: from, lastStep: from + count - 1, checkpoint: hash("checkpoint"), tokens: count },
    trace: {
      ...{ startRoot: hash("start"), endRoot: stateOf(count - 1) },
      historyRoot: bytesToHex(historyRoot(steps)),
    },
    stepRoots: steps.map((root) => bytesToHex(root)),
    stateRoots: steps.map((_, index) => stateOf(index)),
  };
}

const drawn = (commitment: SegmentCommitment, who = auditor): number =>
  Number(auditStep(seed, who, commitment) - commitment.firstStep);

const judge = (commitment: SegmentCommitment, replayed: Replayed, who = auditor): Verdict =>
  verdictOf(commitment, replayed, { ...order, index: drawn(commitment, who) });

function open(commitment: SegmentCommitment, verdict: Verdict, change: { seal?: Hex; auditor?: Hex; salt?: Hex } = {}) {
  const { leaseId, segment } = commitment;
  const seal = change.seal ?? sealOf({ leaseId, segment, auditor: change.auditor ?? auditor, verdict, salt });
  return revealRefusal(
    commitment,
    { auditor: change.auditor ?? auditor, verdict, salt: change.salt ?? salt },
    { seed, seal },
  );
}

test("an honest auditor passes an honest segment and accuses a bad one, and both open", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), (count, at) => {
      const honest = committed(count);
      const pass = judge(honest, replay(count));
      assert.ok(pass.ok && pass.altHistoryRoot === zeroHash);
      assert.equal(open(honest, pass), undefined);
      const lie = committed(count, at % count);
      const accusation = judge(lie, replay(count));
      assert.ok(!accusation.ok);
      assert.equal(accusation.altHistoryRoot, honest.historyRoot);
      assert.equal(open(lie, accusation), undefined);
    }),
    { numRuns: 60 },
  );
});

test("a verdict opens only its own seal: other salt, auditor, answer or step root do not fit", () => {
  const commitment = committed(8);
  const verdict = judge(commitment, replay(8));
  const { leaseId, segment } = commitment;
  const seal = sealOf({ leaseId, segment, auditor, verdict, salt });
  assert.equal(open(commitment, verdict, { seal, salt: hash("other") }), "reveal.seal");
  assert.equal(open(commitment, verdict, { seal, auditor: nodeId(5) }), "reveal.seal");
  assert.equal(open(commitment, { ...verdict, ok: false }, { seal }), "reveal.seal");
  assert.equal(open(commitment, { ...verdict, stepRoot: hash("x") }, { seal }), "reveal.seal");
});

test("an accusation needs a rival history; a pass must not name one", () => {
  const commitment = committed(8);
  const verdict = judge(commitment, replay(8));
  assert.equal(open(commitment, { ...verdict, ok: false }), "reveal.altHistory");
  assert.equal(
    open(commitment, { ...verdict, ok: false, altHistoryRoot: commitment.historyRoot }),
    "reveal.altHistory",
  );
  assert.equal(open(commitment, { ...verdict, altHistoryRoot: hash("alt") }), "reveal.altHistory");
});

test("a step root that was not computed is not in the history, nor is another step's", () => {
  const commitment = committed(8);
  const verdict = judge(commitment, replay(8));
  assert.equal(open(commitment, { ...verdict, stepRoot: hash("guess") }), "reveal.step");
  assert.equal(open(commitment, { ...verdict, path: verdict.path.slice(1) }), "reveal.step");
  assert.equal(open(commitment, { ...verdict, path: [...verdict.path, hash("more")] }), "reveal.step");
  const steps = stepsOf(8);
  const other = (Number(auditStep(seed, auditor, commitment) - commitment.firstStep) + 1) % 8;
  const stepRoot = bytesToHex(steps[other] as Uint8Array);
  const path = proveStep(steps, other).map((node) => bytesToHex(node));
  assert.equal(open(commitment, { ...verdict, stepRoot, path }), "reveal.step");
  const rival = { ...verdict, ok: false, altHistoryRoot: hash("invented") };
  assert.equal(open(commitment, rival), "reveal.step", "an invented history has no proof");
});

test("a false field beside a right history is found too, and two auditors name the same rival", () => {
  const honest = committed(8);
  const falsehoods: Partial<SegmentCommitment>[] = [
    { startRoot: hash("doctored") },
    { endRoot: hash("doctored") },
    { checkpoint: hash("doctored") },
    { program: hash("other") },
    { dataRoot: hash("other") },
    { tokens: 9n },
    { firstStep: 758n, lastStep: 765n },
  ];
  const rivals = falsehoods.map((falsehood) => {
    const lie = { ...honest, ...falsehood };
    const [one, other] = [judge(lie, replay(8)), judge(lie, replay(8), nodeId(5))];
    assert.ok(!one.ok && !other.ok, Object.keys(falsehood).join());
    assert.equal(one.altHistoryRoot, other.altHistoryRoot);
    assert.notEqual(one.altHistoryRoot, honest.historyRoot);
    assert.equal(open(lie, one), undefined);
    assert.equal(open(lie, other, { auditor: nodeId(5) }), undefined);
    return one.altHistoryRoot;
  });
  assert.equal(new Set(rivals).size, 1, "the state roots' tree");
});

test("steps that were skipped, or claimed beyond the end: the rival has the committed number of leaves", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), (claimed, real) => {
      const lie = { ...committed(claimed, 0), firstStep: 900n, lastStep: 899n + BigInt(claimed) };
      const [one, other] = [judge(lie, replay(real)), judge(lie, replay(real), nodeId(5))];
      assert.ok(!one.ok);
      assert.equal(one.altHistoryRoot, other.altHistoryRoot);
      assert.equal(open(lie, one), undefined);
      assert.equal(open(lie, other, { auditor: nodeId(5) }), undefined);
    }),
    { numRuns: 100 },
  );
});
