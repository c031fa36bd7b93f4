// Committed inferences: prover, checker and the reference agree on every root, a bit that is changed anywhere changes the
// operators root, and what is opened is judged right where it is and wrong where it was changed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { constantValue } from "../graph/constants.ts";
import { graphHash } from "../graph/encodeGraph.ts";
import { elementCount, type Graph } from "../graph/Graph.ts";
import { tinyCnn, tinyGpt, tinyMlp } from "../graph/graphFixture.ts";
import { firstNodeValue } from "../graph/inferTypes.ts";
import { bitsView, type TensorValue, tensorFrom } from "../graph/TensorValue.ts";
import { hashLeaf, merkleRoot } from "../Merkle.ts";
import { type ModelConfig, modelOf } from "../models/models.ts";
import { evaluateGraph } from "../reference/evaluateGraph.ts";
import { seedWords } from "../seedStream.ts";
import { toHex } from "../sha256.ts";
import { startState } from "../train/startState.ts";
import { buildForwardGraph, buildStepGraph } from "../train/stepGraph.ts";
import { checkInference, commitInference, type InferenceOptions } from "./commitInference.ts";
import { isFold } from "./folds.ts";
import { openInferenceModel } from "./InferenceModel.ts";
import { judgeFoldChunk, judgeFoldEnd, judgeWord } from "./judge.ts";
import { operatorsRoot, scopeOf, verifyLeaf, verifyValue } from "./OperatorsCommitment.ts";
import { openFold, openLeaf, openWord } from "./openings.ts";
import { leafCount, tensorRoot } from "./TensorLayout.ts";
import type { Change } from "./Trace.ts";

type Named = Record<string, TensorValue>;
type Case = { readonly graph: Graph; readonly weights: Named; readonly inputs: Named };

const seed = new Uint8Array(32).fill(9);

/** A model's logits of two rows, its start state, and inputs that follow from `draw`. */
function caseOf(config: ModelConfig, draw = 0): Case {
  const graph = buildForwardGraph(config, 2, "logits");
  const model = modelOf(config);
  const { data } = model.batch(config, 2);
  const words = seedWords(seed, "inputs", draw, elementCount(data.shape));
  const below = data.dtype === "i32" ? (config as { vocab: number }).vocab : undefined;
  const elements = Array.from(words, (word) => (below === undefined ? word / 2 ** 31 - 1 : word % below));
  const inputs = { [data.name]: tensorFrom(data.dtype, data.shape, elements) as TensorValue };
  return { graph, weights: startState(seed, model.parameters(config)), inputs };
}

/** The tensor with one bit of its middle element flipped. */
function flipped(value: TensorValue): TensorValue {
  const changed = { ...value, data: value.data.slice() } as TensorValue;
  bitsView(changed)[Math.floor(changed.data.length / 2)]! ^= 1;
  return changed;
}

for (const [name, config] of Object.entries({ gpt: tinyGpt, mlp: tinyMlp, cnn: tinyCnn }))
  test(`${name}: prover, checker and reference have the same roots and outputs`, async () => {
    const { graph, weights, inputs } = caseOf(config);
    const prover = await openInferenceModel(graph, { weights });
    const checker = await openInferenceModel(graph, { weights, threads: 2 });
    const proven = commitInference(prover, { inputs, number: 3 });
    const { values, outputs } = evaluateGraph(graph, { ...weights, ...inputs });
    const roots = values.map(tensorRoot);
    assert.deepEqual(proven.tensorRoots.map(toHex), roots.map(toHex));
    assert.deepEqual(proven.outputs, outputs);
    const valuesRoot = merkleRoot(roots.map(hashLeaf));
    const plain = operatorsRoot({ step: 3, graphHash: graphHash(graph), values: roots.length, valuesRoot });
    assert.equal(toHex(proven.operatorsRoot), toHex(plain));

    // Runs after other runs, and on other threads, are the same; another number, another input are not.
    const other = caseOf(config, 1).inputs;
    assert.notEqual(toHex(commitInference(prover, { inputs: other, number: 3 }).operatorsRoot), toHex(plain));
    for (const model of [prover, checker]) {
      const check = (claim: InferenceOptions) => checkInference(model, { ...claim, operatorsRoot: plain });
      assert.ok(check({ inputs, number: 3 }));
      assert.ok(!check({ inputs: other, number: 3 }));
      assert.ok(!check({ inputs, number: 2 }));
    }
    assert.ok(!checkInference(checker, { inputs, number: 3, operatorsRoot: plain.subarray(1) }));
    await Promise.all([prover.close(), checker.close()]);
  });

test("one flipped bit of any weight or input changes its root and the operators root", async () => {
  const { graph, weights, inputs } = caseOf(tinyMlp);
  const model = await openInferenceModel(graph, { weights });
  const honest = commitInference(model, { inputs });
  const { operatorsRoot: root } = honest;
  for (const [value, input] of graph.inputs.entries()) {
    const isWeight = input.role === "state";
    const given = isWeight ? { ...weights, [input.name]: flipped(weights[input.name]!) } : weights;
    const asked = isWeight ? inputs : { [input.name]: flipped(inputs[input.name]!) };
    const liar = await openInferenceModel(graph, { weights: given });
    const { tensorRoots } = commitInference(liar, { inputs: asked });
    assert.notEqual(toHex(tensorRoots[value]!), toHex(honest.tensorRoots[value]!), input.name);
    assert.ok(!checkInference(liar, { inputs: asked, operatorsRoot: root }), input.name);
    assert.ok(checkInference(model, { inputs, operatorsRoot: root }));
    await liar.close();
  }
  await model.close();
});

for (const [name, config] of Object.entries({ gpt: tinyGpt, mlp: tinyMlp, cnn: tinyCnn }))
  test(`${name}: one changed word of any value is found there and judged wrong, and right before it`, async () => {
    const { graph, weights, inputs } = caseOf(config);
    const model = await openInferenceModel(graph, { weights });
    const honest = commitInference(model, { inputs });
    const first = firstNodeValue(graph);
    assert.ok(first > graph.inputs.length || name !== "gpt", "the graph has constants");
    for (let value = first; value < honest.tensorRoots.length; value++) {
      const element = Math.floor(elementCount(honest.step.types[value]!.shape) / 2);
      const change: Change = (own, operands) => {
        const { node } = scopeOf(honest.step, value)!;
        assert.deepEqual(
          operands.map(tensorRoot),
          node.in.map((operand) => honest.tensorRoots[operand]!),
        );
        // An index stays one.
        if (own.dtype === "i32") own.data[element] = own.data[element] === 0 ? 1 : 0;
        else bitsView(own)[element]! ^= 1 << 20;
      };
      const changeOf = (at: number) => (at === value ? change : undefined);
      const liar = commitInference(model, { inputs, changeOf });
      assert.ok(!checkInference(model, { inputs, operatorsRoot: liar.operatorsRoot }));
      const differs = liar.tensorRoots.findIndex((root, i) => toHex(root) !== toHex(honest.tensorRoots[i]!));
      assert.equal(differs, value);
      assert.deepEqual(
        [await verdictOn(honest, value, element), await verdictOn(liar, value, element)],
        ["right", "wrong"],
        `value ${value} ${scopeOf(liar.step, value)!.node.op}`,
      );
    }
    await model.close();
  });

/** What a judge says of one word, or of the sum behind it. */
async function verdictOn(made: ReturnType<typeof commitInference>, value: number, element: number): Promise<string> {
  const { step, commitment } = made;
  if (!isFold(scopeOf(step, value)!.node.op)) return judgeWord(step, commitment, await openWord(made, value, element));
  const { fold, chunks, openChunk, openEnd } = await openFold(made, value, element);
  for (let chunk = 0; chunk < chunks; chunk++)
    assert.equal(judgeFoldChunk(step, commitment, { fold, opening: openChunk(chunk) }), "right");
  return judgeFoldEnd(step, commitment, { fold, ...openEnd() });
}

test("values and leaves open to the commitment, whatever was run or changed since", async () => {
  const { graph, weights, inputs } = caseOf(tinyCnn);
  const model = await openInferenceModel(graph, { weights });
  const given = Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [name, { ...value, data: value.data.slice() } as TensorValue]),
  );
  const made = commitInference(model, { inputs: given });
  given["images"]!.data.fill(7);
  commitInference(model, { inputs: caseOf(tinyCnn, 1).inputs });
  const { step, commitment } = made;
  const { values } = evaluateGraph(graph, { ...weights, ...inputs });
  assert.deepEqual(await made.read(values.map((_, value) => value)), values);
  for (const [value, type] of step.types.entries()) {
    const opening = made.openValue(value);
    assert.ok(verifyValue(commitment, opening));
    const other = made.tensorRoots.findIndex((root) => toHex(root) !== toHex(opening.tensorRoot));
    assert.ok(!verifyValue(commitment, { ...opening, value: other }));
    const leaf = await openLeaf(made, value, leafCount(type) - 1);
    assert.ok(verifyLeaf(step, commitment, leaf));
    assert.ok(
      !verifyLeaf(step, commitment, { ...leaf, bytes: leaf.bytes.map((byte, i) => (i === 2 ? byte ^ 1 : byte)) }),
    );
  }
  await model.close();
});

test("constants, and outputs that are inputs, have their roots too", async () => {
  const { graph, weights, inputs } = caseOf(tinyGpt);
  const constants = graph.constants.map((constant) => toHex(tensorRoot(constantValue(constant))));
  const [input, output] = [graph.inputs.length - 1, graph.inputs.length + 1];
  const also = {
    ...graph,
    outputs: [...graph.outputs, { name: "echo", value: input }, { name: "table", value: output }],
  };
  const model = await openInferenceModel(also, { weights });
  const made = commitInference(model, { inputs });
  const roots = made.tensorRoots.slice(graph.inputs.length, graph.inputs.length + constants.length);
  assert.deepEqual(roots.map(toHex), constants);
  assert.deepEqual(made.outputs, evaluateGraph(also, { ...weights, ...inputs }).outputs);
  await model.close();
});

test("a graph that trains, weights and inputs that do not fit, indices out of range are refused", async () => {
  const { graph, weights, inputs } = caseOf(tinyMlp);
  const training = { batch: 1, accumulate: 1, clipMilli: 0, optimiser: { kind: "sgd", momentumPpm: 0 } } as const;
  const open = (given: Named, of = graph) => openInferenceModel(of, { weights: given });
  await assert.rejects(open(weights, buildStepGraph(tinyMlp, training).graph), { code: "tensor.bad-graph" });
  await assert.rejects(open({}), { code: "tensor.bad-tensor", message: /embedding.weight is missing/ });
  await assert.rejects(open({ ...weights, "hidden.bias": weights["output.bias"]! }), { code: "tensor.bad-tensor" });
  await assert.rejects(openInferenceModel(graph, { weights, memoryLimit: 1000 }), { code: "tensor.over-memory" });
  const model = await open(weights);
  assert.throws(() => commitInference(model, { inputs: {} }), { code: "tensor.bad-tensor" });
  assert.throws(() => commitInference(model, { inputs: { tokens: weights["hidden.bias"]! } }), {
    code: "tensor.bad-tensor",
  });
  assert.throws(() => commitInference(model, { inputs, number: -1 }), { code: "tensor.bad-option" });
  const tokens = tensorFrom("i32", [2, 3], [0, 1, 2, 3, 4, 5]);
  assert.throws(() => commitInference(model, { inputs: { tokens } }), { code: "tensor.bad-index" });
  const made = commitInference(model, { inputs });
  await assert.rejects(made.read([99]), { code: "tensor.bad-option" });
  await assert.rejects(made.read(new Array(129).fill(0)), { code: "tensor.bad-option" });
  await assert.rejects(openLeaf(made, 0, 1e6), { code: "tensor.bad-option" });
  await model.close();
  assert.throws(() => commitInference(model, { inputs }), { code: "tensor.closed" });
});
