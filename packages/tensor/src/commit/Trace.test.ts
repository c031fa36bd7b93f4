// Traces: their roots tie a step to the state roots around it, every leaf and every partial sum of an honest trace is
// judged right, and whatever is changed anywhere is found and judged wrong by recomputing one word or one chunk of a sum.
import assert from "node:assert/strict";
import { test } from "node:test";
import { elementCount } from "../graph/Graph.ts";
import { firstNodeValue } from "../graph/inferTypes.ts";
import { evaluateGraph } from "../reference/evaluateGraph.ts";
import { toHex } from "../sha256.ts";
import { openProgram, type TrainProgram } from "../train/Program.ts";
import { runSegment, type SegmentTrace } from "../train/runSegment.ts";
import { openTrainer } from "../train/Trainer.ts";
import { tinyCorpus, tinyMlpModel, tinyTrainProgram } from "../train/tinyTrainProgram.ts";
import { foldChunks, isFold } from "./folds.ts";
import { accLeaf, isGiven, judgeFoldChunk, judgeFoldEnd, judgeLeaf, judgeWord } from "./judge.ts";
import { merkleTree } from "./MerkleTree.ts";
import { type LeafOpening, operatorsRoot, scopeOf, verifyLeaf, verifyValue } from "./OperatorsCommitment.ts";
import { openFold, openLeaf, openOperator, openWord } from "./openings.ts";
import { openTrace } from "./openTrace.ts";
import { stepInputs } from "./stepInputs.ts";
import { leafCount, leafElements, leafOf, tensorRoot } from "./TensorLayout.ts";
import type { Trace } from "./Trace.ts";

async function segment(program: TrainProgram, lastStep: number): Promise<SegmentTrace> {
  const trainer = await openTrainer(program, tinyCorpus);
  const trace = await runSegment(trainer, { firstStep: 0, lastStep });
  await trainer.close();
  return trace;
}

// accumulate 2 and heads that share keys: slices, gathers, scatters, one-hots, leading axes, every kind of operator.
const gpt = tinyTrainProgram({ batch: 2, accumulate: 2 });

test("the operators root binds every value, and its state roots are the trainer's", async () => {
  const { stateRoots, checkpoint } = await segment(gpt, 3);
  const open = openProgram(gpt);
  const trace = await openTrace(gpt, { corpus: tinyCorpus, step: 3 });
  assert.deepEqual(trace.stateRoots.map(toHex), stateRoots.slice(2, 4).map(toHex));
  const inputs = await stepInputs(open, { corpus: tinyCorpus, step: 3 });
  const { values } = evaluateGraph(open.step.graph, inputs);
  assert.deepEqual(
    trace.tensorRoots.map(toHex),
    values.map((value) => toHex(tensorRoot(value))),
  );
  for (const value of [0, 17, values.length - 1]) assert.ok(verifyValue(trace.commitment, trace.openValue(value)));
  assert.ok(!verifyValue(trace.commitment, { ...trace.openValue(5), value: 6 }));
  const other = await openTrace(gpt, { corpus: tinyCorpus, step: 4, checkpoint });
  assert.equal(toHex(other.stateRoots[0]), toHex(stateRoots[3]!));
  assert.notEqual(toHex(operatorsRoot(other.commitment)), toHex(operatorsRoot(trace.commitment)));
  await assert.rejects(openTrace(gpt, { corpus: tinyCorpus, step: 2, checkpoint }), { code: "tensor.bad-option" });
  await assert.rejects(openTrace(gpt, { corpus: tinyCorpus, step: 2, memoryLimit: 1000 }), {
    code: "tensor.over-memory",
  });
});

/** Verdicts of everything about one leaf of a value, or about the sum behind its last element. */
async function verdicts(trace: Trace, value: number, leaf: number): Promise<string[]> {
  const { step, commitment } = trace;
  const scope = scopeOf(step, value)!;
  const { first, count } = leafElements(scope.type, leaf);
  const element = first + count - 1;
  if (!isFold(scope.node.op)) {
    const opening = await openOperator(trace, value, leaf);
    return [judgeLeaf(step, commitment, opening), judgeWord(step, commitment, { ...opening, element })];
  }
  const fold = await openFold(trace, value, element);
  const chunks = Array.from({ length: fold.chunks }, (_, i) => i);
  return [
    ...chunks.map((i) => judgeFoldChunk(step, commitment, { fold: fold.fold, opening: fold.openChunk(i) })),
    judgeFoldEnd(step, commitment, { fold: fold.fold, ...fold.openEnd() }),
  ];
}

for (const [name, program] of Object.entries({ gpt, mlp: tinyTrainProgram({ model: tinyMlpModel, clipMilli: 0 }) }))
  test(`${name}: one leaf of every operator of an honest trace is judged right`, async () => {
    const trace = await openTrace(program, { corpus: tinyCorpus, step: 1 });
    const { graph, types } = trace.step;
    const first = firstNodeValue(graph);
    const seen = new Map<string, number>();
    for (let value = first; value < types.length; value++) {
      const scope = scopeOf(trace.step, value)!;
      const key = `${scope.node.op} ${scope.operands.map(({ shape }) => shape.length)}`;
      const times = seen.get(key) ?? 0;
      if (times >= 2) continue;
      seen.set(key, times + 1);
      const last = leafCount(types[value]!) - 1;
      for (const leaf of new Set([0, last]))
        assert.deepEqual(
          [...new Set(await verdicts(trace, value, leaf))],
          ["right"],
          `value ${value} ${key} leaf ${leaf}`,
        );
    }
    assert.ok(seen.size > 20);
    assert.ok(isGiven(trace.step, first - 1) && !isGiven(trace.step, first));
  });

test("one changed bit of any operator's value is found at that value and judged wrong there", async () => {
  const honest = await openTrace(gpt, { corpus: tinyCorpus, step: 1 });
  const { graph, types } = honest.step;
  const first = firstNodeValue(graph);
  const ops = new Map(graph.nodes.map((node, i) => [node.op, first + i]));
  for (const [op, value] of ops) {
    const element = Math.floor(elementCount(types[value]!.shape) / 2);
    const tamper = { value, element, bit: 12 };
    const trace = await openTrace(gpt, { corpus: tinyCorpus, step: 1, tamper });
    const differs = trace.tensorRoots.findIndex((root, i) => toHex(root) !== toHex(honest.tensorRoots[i]!));
    assert.equal(differs, value, op);
    const { step, commitment } = trace;
    const scope = scopeOf(step, value)!;
    if (!isFold(scope.node.op)) {
      const word = await openWord(trace, value, element);
      assert.equal(judgeWord(step, commitment, word), "wrong", op);
      // The word beside it in the leaf is as it was, and its operands may lie in other leaves.
      const beside = leafOf(scope.type, element).at === 0 ? element + 1 : element - 1;
      assert.notEqual(judgeWord(step, commitment, { ...word, element: beside }), "wrong", op);
    } else {
      const fold = await openFold(trace, value, element);
      const chunks = Array.from({ length: fold.chunks }, (_, i) => fold.openChunk(i));
      for (const opening of chunks)
        assert.equal(judgeFoldChunk(step, commitment, { fold: fold.fold, opening }), "right", op);
      assert.equal(judgeFoldEnd(step, commitment, { fold: fold.fold, ...fold.openEnd() }), "wrong", op);
    }
  }
  assert.ok(ops.size > 18, "the step has most operators");
});

test("partial sums that jump are wrong at the chunk where they jump", async () => {
  const trace = await openTrace(gpt, { corpus: tinyCorpus, step: 1 });
  const { step, commitment } = trace;
  const value = step.graph.nodes.findIndex(({ op }) => op === "scatterAdd") + firstNodeValue(step.graph);
  const scope = scopeOf(step, value)!;
  const honest = await openFold(trace, value, 1);
  assert.equal(honest.chunks, foldChunks(scope));
  const jump = 5;
  const accs = honest.accs.map((word, i) => (i < jump ? word : word ^ 1));
  const tree = merkleTree(accs.map(accLeaf));
  const accAt = (i: number) => ({ word: accs[i]!, path: tree.path(i) });
  const fold = { value, element: 1, root: tree.root };
  const found = accs.map((_, i) => {
    const opening = { ...honest.openChunk(i), after: accAt(i), ...(i > 0 ? { before: accAt(i - 1) } : {}) };
    return judgeFoldChunk(step, commitment, { fold, opening });
  });
  assert.equal(found[jump], "wrong");
  assert.ok(found.slice(0, jump).every((verdict) => verdict === "right"));
  const { claim } = honest.openEnd();
  assert.equal(judgeFoldEnd(step, commitment, { fold, last: accAt(accs.length - 1), claim }), "wrong");
  // Another element's sum proves nothing about this one's leaf, nor does an element that isn't there.
  for (const element of [1 + scope.type.shape[1]!, -1, 0.5, 1e9])
    assert.equal(
      judgeFoldEnd(step, commitment, { fold: { ...honest.fold, element }, ...honest.openEnd() }),
      "unproven",
    );
});

test("openings that do not belong, are missing or changed prove nothing", async () => {
  const trace = await openTrace(gpt, { corpus: tinyCorpus, step: 1 });
  const { step, commitment } = trace;
  const value = step.graph.nodes.findIndex(({ op }) => op === "add") + firstNodeValue(step.graph);
  const scope = scopeOf(step, value)!;
  const { claim, operands } = await openOperator(trace, value, 0);
  assert.equal(judgeLeaf(step, commitment, { claim, operands }), "right");
  const changed = (opening: LeafOpening): LeafOpening[] => [
    { ...opening, bytes: opening.bytes.map((byte, i) => (i === 3 ? byte ^ 1 : byte)) },
    { ...opening, bytes: opening.bytes.slice(4) },
    { ...opening, leaf: opening.leaf + 1 },
    { ...opening, value: opening.value + 1 },
    { ...opening, leavesRoot: new Uint8Array(32) },
    { ...opening, leafPath: [...opening.leafPath, new Uint8Array(32)] },
    { ...opening, valuePath: opening.valuePath.slice(1) },
    { ...opening, value: 1e9 },
    { ...opening, leaf: -1 },
  ];
  for (const wrong of changed(claim)) {
    assert.ok(!verifyLeaf(step, commitment, wrong));
    assert.equal(judgeLeaf(step, commitment, { claim: wrong, operands }), "unproven");
  }
  for (const wrong of changed(operands[0]!))
    assert.equal(judgeLeaf(step, commitment, { claim, operands: [wrong, ...operands.slice(1)] }), "unproven");
  assert.equal(judgeLeaf(step, commitment, { claim, operands: [] }), "unproven");
  assert.equal(judgeWord(step, commitment, { claim, element: 0, operands: [] }), "unproven");
  assert.equal(judgeWord(step, commitment, { claim: changed(claim)[0]!, element: 0, operands }), "unproven");
  for (const element of [-1, 0.5, 1e9, scope.type.shape.at(-1)!])
    assert.equal(judgeWord(step, commitment, { claim, element, operands }), "unproven");
  assert.equal(judgeLeaf(step, { ...commitment, values: commitment.values + 1 }, { claim, operands }), "unproven");
  const given = await openLeaf(trace, 0, 0);
  assert.ok(verifyLeaf(step, commitment, given));
  assert.equal(judgeLeaf(step, commitment, { claim: given, operands }), "unproven");
  await assert.rejects(openLeaf(trace, 0, 1e6), { code: "tensor.bad-option" });
  await assert.rejects(openOperator(trace, 0, 0), { code: "tensor.bad-option" });
  await assert.rejects(openWord(trace, value, 1e6), { code: "tensor.bad-option" });
  await assert.rejects(openFold(trace, value, 0), { code: "tensor.bad-option" });
});
