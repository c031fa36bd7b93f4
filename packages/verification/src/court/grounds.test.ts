// Every way in which a commitment can be false has its ground, and what is shown for it opens under what was committed.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SegmentCommitment } from "@weft/protocol/Segment";
import type { Cheat } from "@weft/tensor/commit/Cheat";
import { leafCount } from "@weft/tensor/commit/TensorLayout";
import type { TensorValue } from "@weft/tensor/graph/TensorValue";
import { tinyMlpModel, tinyTrainProgram } from "@weft/tensor/train/tinyTrainProgram";
import type { Hex } from "viem";
import { hash } from "../fixtures.ts";
import { type Accusation, accusationOf, type StepOpening, startShown } from "./grounds.ts";
import { entryLeaf, leafOf, rootFrom, stateRootOf, stepRootOf, tensorRootOf, wordIn } from "./hashes.ts";
import { historyOf, stageOf } from "./playFixture.ts";
import { oracleOf } from "./TraceOracle.ts";

const stage = await stageOf(tinyTrainProgram({ model: tinyMlpModel, totalSteps: 8, stepsPerSegment: 3 }), 3);
const { program } = stage;
const shapes = stage.open.step.state.map(({ shape }) => shape);

/** What a provider commits to that computes this. */
async function committed(cheat?: Cheat): Promise<SegmentCommitment> {
  const oracle = oracleOf(stage.side(cheat));
  return {
    ...{ leaseId: hash("lease"), segment: 0n, firstStep: 0n, lastStep: 2n, orderHash: hash("order") },
    ...{ program: program.programHash, dataRoot: program.dataRoot, startRoot: program.startRoot },
    ...{ endRoot: (await oracle.after(2)).state, historyRoot: await historyOf(stage, oracle) },
    ...{ checkpoint: hash("checkpoint"), meteredSeconds: 1n, tokens: 9n, beaconRound: 1n },
  };
}

const judge = (commitment: SegmentCommitment, cheat?: Cheat, begunRightly = true) =>
  accusationOf(commitment, { program, begunRightly, oracle: oracleOf(stage.side(cheat)), shapes });

/** The contract's check that a step is of the committed history. */
function checkStep({ program, historyRoot }: SegmentCommitment, { step, loss, state, path }: StepOpening): void {
  assert.equal(rootFrom(3, Number(step), leafOf(stepRootOf(program, step, { loss, state })), path), historyRoot);
}

/** Puts a NaN into an entry of the state after step 1. */
const nanState: Cheat = (step) =>
  step === 1 ? { state: (_, after) => ({ ...after, "hidden.bias": nanAt(after) }) } : undefined;
function nanAt(state: Readonly<Record<string, TensorValue>>): TensorValue {
  const data = state["hidden.bias"]!.data.slice() as Float32Array;
  data[7] = Number.NaN;
  return { dtype: "f32", shape: [data.length], data };
}

test("a true commitment is accused of nothing", async () => {
  assert.equal(await judge(await committed()), undefined);
});

test("another program, other data or a part of a segment: its fields, nothing has to be opened", async () => {
  const truth = await committed();
  const other = hash("other");
  const wrong = [{ program: other }, { dataRoot: other }, { firstStep: 1n }, { lastStep: 3n }, { lastStep: 1n }];
  for (const fields of [...wrong, { firstStep: 9n, lastStep: 11n }])
    assert.equal((await judge({ ...truth, ...fields }))?.call, "proveFields", Object.keys(fields).join());
});

test("another start, another history", async () => {
  const truth = await committed();
  assert.equal((await judge(truth, undefined, false))?.call, "challengeStart");
  const flipped = await committed((step) => (step === 2 ? { lossWord: (word) => word ^ 1 } : undefined));
  assert.deepEqual(await judge(flipped), { call: "challenge", rival: truth.historyRoot });
});

test("an end that is not the state after the last step: the last step is opened", async () => {
  const truth = await committed();
  const accused = await judge({ ...truth, endRoot: hash("other") });
  assert.equal(accused?.call, "proveFields");
  const { last } = accused as Extract<Accusation, { call: "proveFields" }>;
  checkStep(truth, last);
  assert.deepEqual([last.step, last.state], [2n, truth.endRoot]);
});

test("a NaN in the loss is opened", async () => {
  const cheat: Cheat = (step) => (step === 1 ? { lossWord: () => 0x7fc00000 } : undefined);
  const commitment = await committed(cheat);
  const accused = await judge(commitment, cheat);
  assert.equal(accused?.call, "proveNanLoss");
  const { step } = accused as Extract<Accusation, { call: "proveNanLoss" }>;
  checkStep(commitment, step);
  assert.deepEqual([step.step, step.loss], [1n, 0x7fc00000]);
});

test("a NaN in the state is opened from the step down to the word", async () => {
  const commitment = await committed(nanState);
  const accused = await judge(commitment, nanState);
  assert.equal(accused?.call, "proveNanState");
  const { step, word } = accused as Extract<Accusation, { call: "proveNanState" }>;
  checkStep(commitment, step);
  assert.equal(step.state, stateRootOf(2n, program.entries, word.entriesRoot));
  const type = { dtype: "f32", shape: word.shape } as const;
  const leaf = entryLeaf(word.name, tensorRootOf(type, word.leavesRoot));
  assert.equal(rootFrom(Number(program.entries), word.entry, leaf, word.entryPath), word.entriesRoot);
  assert.equal(rootFrom(leafCount(type), Number(word.leaf), leafOf(word.data), word.leafPath), word.leavesRoot);
  assert.equal(wordIn(word.data, word.word), 0x7fc00000);
});

test("against ground start the end of an earlier fill's segment is shown, with the first void that holds it", async () => {
  const first = await committed();
  const earlier = { ...first, leaseId: hash("earlier"), segment: 4n, lastStep: -1n, endRoot: first.startRoot } as const;
  const shown = (commitment: SegmentCommitment, voids: bigint[]) => startShown(first, [{ commitment, voids }]);
  assert.deepEqual(shown(earlier, []), { earlier, voidedFrom: 0n });
  assert.deepEqual(shown(earlier, [9n, 5n]), { earlier, voidedFrom: 0n });
  assert.deepEqual(shown(earlier, [9n, 4n, 2n]), { earlier, voidedFrom: 4n });
  const otherEnds: Partial<SegmentCommitment>[] = [
    ...[{ endRoot: hash("x") as Hex }, { lastStep: 5n }, { orderHash: hash("x") }, { program: hash("x") }],
    { dataRoot: hash("x") },
  ];
  for (const other of otherEnds)
    assert.equal(shown({ ...earlier, ...other }, []), undefined, Object.keys(other).join());
});
