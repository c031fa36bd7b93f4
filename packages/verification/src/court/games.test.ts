// Whole games between a true history and one with a fault, over the contract's rules in TypeScript: a fault at every operator,
// in every kind of given value, in the loss, in the state. The false side is eliminated whichever side it is.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Meddling } from "@weft/tensor/commit/Cheat";
import { foldChunks, isFold } from "@weft/tensor/commit/folds";
import { scopeOf, typedGraph } from "@weft/tensor/commit/OperatorsCommitment";
import { leafOf } from "@weft/tensor/commit/TensorLayout";
import type { TreeSource } from "@weft/tensor/commit/TreeSource";
import { elementCount } from "@weft/tensor/graph/Graph";
import { firstNodeValue } from "@weft/tensor/graph/inferTypes";
import { bitsView, type TensorValue, tensorFrom } from "@weft/tensor/graph/TensorValue";
import { bitsOf } from "@weft/tensor/recipes";
import { tinyMlpModel, tinyTrainProgram } from "@weft/tensor/train/tinyTrainProgram";
import { type Fault, plant } from "./plantFixture.ts";
import { callsOf, contest, type Stage, stageOf } from "./playFixture.ts";
import { oracleOf } from "./TraceOracle.ts";

const gpt = await stageOf(tinyTrainProgram({ batch: 2, accumulate: 2 }), 2);
const mlp = await stageOf(tinyTrainProgram({ model: tinyMlpModel }), 3);
const runOf = ({ open }: Stage) => ({ programHash: open.hash, firstStep: 0 });

/** Both games of a true history and a false one: calls of the one in which the false one is committed to. */
async function bothWays(stage: Stage, truth: TreeSource, lie: TreeSource) {
  const [honest, liar] = [oracleOf(truth), oracleOf(lie)];
  const caught = await contest(stage, { defender: liar, rival: honest });
  assert.equal(caught.game.outcome, "rival", `the false commitment: ${callsOf(caught)}`);
  const slandered = await contest(stage, { defender: honest, rival: liar });
  assert.equal(slandered.game.outcome, "defender", `the false rival: ${callsOf(slandered)}`);
  return callsOf(caught);
}

/** A node of every operator, once per number of axes of its operands. */
function operatorsOf(stage: Stage): Omit<Fault, "step">[] {
  const typed = typedGraph(stage.open.step.graph);
  const found = new Map<string, Omit<Fault, "step">>();
  for (let value = firstNodeValue(typed.graph); value < typed.types.length; value++) {
    const scope = scopeOf(typed, value)!;
    const key = `${scope.node.op} ${isFold(scope.node.op) ? scope.operands.map(({ shape }) => shape.length) : ""}`;
    const type = typed.types[value]!;
    const element = elementCount(type.shape) - 1;
    const fold = isFold(scope.node.op) ? { scope, element, chunk: Math.floor(foldChunks(scope) / 2) } : undefined;
    found.set(key, { value, type, ...leafOf(type, element), flip: 1 << 9, ...(fold && { fold }) });
  }
  return [...found.values()];
}

test("a wrong word of any operator ends in the proof that it is wrong", { timeout: 300_000 }, async () => {
  const truth = gpt.side();
  const ends = new Set<string>();
  const operators = operatorsOf(gpt);
  for (const fault of operators) {
    const lie = await plant(truth, runOf(gpt), { ...fault, step: 1 });
    const calls = await bothWays(gpt, truth, lie);
    assert.ok(calls.startsWith("reveal chooseStep enterStep"), calls);
    ends.add(calls.split(" ").at(-1)!);
    assert.equal(calls.includes("enterFold"), fault.fold !== undefined);
  }
  assert.deepEqual([...ends].sort(), ["proveFold", "proveWord"]);
  assert.ok(operators.length > 20, "most operators are there");
});

const at =
  (step: number, meddling: Meddling) =>
  (now: number): Meddling | undefined =>
    now === step ? meddling : undefined;

function changed(value: TensorValue, element: number, flip: number): TensorValue {
  const copy = { ...value, data: value.data.slice() } as TensorValue;
  bitsView(copy)[element]! ^= flip;
  return copy;
}

test("an input that is not what state, data and rate give ends in the proof of what it is", async () => {
  const truth = mlp.side();
  const flip = (name: string, element: number) =>
    at(1, { inputs: (inputs) => ({ ...inputs, [name]: changed(inputs[name]!, element, 1) }) });
  const cases = {
    proveState: flip("hidden.bias", 3),
    proveToken: flip("tokens", 4),
    proveRate: at(2, { inputs: (inputs) => ({ ...inputs, rate: tensorFrom("f32", [1], [0.5]) }) }),
  };
  for (const [end, cheat] of Object.entries(cases)) {
    const calls = await bothWays(mlp, truth, mlp.side(cheat));
    assert.equal(calls.split(" ").at(-1), end);
  }
  const targets = await bothWays(mlp, truth, mlp.side(flip("targets", 1)));
  assert.equal(targets.split(" ").at(-1), "proveToken");
  const targetsOfAll = await bothWays(gpt, gpt.side(), gpt.side(flip("targets", 13)));
  assert.equal(targetsOfAll.split(" ").at(-1), "proveToken");
});

test("another constant is not the record's", async () => {
  const { inputs, constants } = mlp.open.step.graph;
  // The optimiser's decay: a scalar that every step needs.
  const constant = inputs.length + constants.findIndex((one) => one.kind === "scalar" && one.word === bitsOf(0.9));
  const cheat = at(0, {
    changeOf: (value) =>
      value === constant
        ? (own) => {
            bitsView(own)[0]! ^= 1 << 22;
          }
        : undefined,
  });
  const calls = await bothWays(mlp, mlp.side(), mlp.side(cheat));
  assert.equal(calls.split(" ").at(-1), "proveConstant");
});

test("a state that stays as it was, and a loss of one's own, do not follow from the values", async () => {
  const truth = mlp.side();
  const skip = await bothWays(mlp, truth, mlp.side(at(1, { state: (before) => before })));
  assert.equal(skip.split(" ").at(-1), "proveEntry");
  const loss = await bothWays(mlp, truth, mlp.side(at(0, { lossWord: (word) => word ^ 2 })));
  assert.equal(loss.split(" ").at(-1), "proveLoss");
});

test("what lies past the end of a row is zero", async () => {
  const truth = mlp.side();
  const { graph } = mlp.open.step;
  const typed = typedGraph(graph);
  const product = firstNodeValue(graph) + graph.nodes.findIndex(({ op }) => op === "matmul");
  const inputOf = (name: string) => graph.inputs.findIndex((input) => input.name === name);
  const ends = { proveToken: inputOf("tokens"), proveState: inputOf("hidden.bias"), proveWord: product };
  for (const [end, value] of Object.entries(ends)) {
    const type = typed.types[value]!;
    const lie = await plant(truth, runOf(mlp), { step: 1, value, type, leaf: 0, at: type.shape.at(-1)!, flip: 4 });
    const calls = await bothWays(mlp, truth, lie);
    assert.equal(calls.split(" ").at(-1), end);
  }
});
