// The attack gallery without a chain: cheats as somebody would try them, each found at the place where it happened and
// eliminated with the proof that belongs there.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cheat } from "@weft/tensor/commit/Cheat";
import * as cheats from "@weft/tensor/commit/cheats";
import { scopeOf, typedGraph } from "@weft/tensor/commit/OperatorsCommitment";
import { leafOf } from "@weft/tensor/commit/TensorLayout";
import { tensorFrom } from "@weft/tensor/graph/TensorValue";
import { trainingTokens } from "@weft/tensor/train/Trainer";
import { tinyCorpus, tinyMlpModel, tinyTrainProgram } from "@weft/tensor/train/tinyTrainProgram";
import { hexToNumber } from "viem";
import { plant } from "./plantFixture.ts";
import { callsOf, contest, stageOf } from "./playFixture.ts";
import { oracleOf, type TraceOracle } from "./TraceOracle.ts";

const steps = 4;
const stage = await stageOf(tinyTrainProgram({ model: tinyMlpModel }), steps);
const { open } = stage;
const truth = oracleOf(stage.side());
const tokens = trainingTokens(open, tinyCorpus);
const from = (first: number) => (step: number) => step >= first;
const only = (one: number) => (step: number) => step === one;
const otherSeed = `0x${"5e".repeat(32)}` as const;
const weight = { name: "hidden.weight", element: 100, bit: 0 };

const gallery: Record<string, [cheat: Cheat, step: number, end: string]> = {
  "one bit of one weight at one step": [cheats.flipWeight(only(2), weight), 2, "proveEntry"],
  "a skipped step": [cheats.skipSteps(only(1)), 1, "proveEntry"],
  "stopped early": [cheats.skipSteps(from(2)), 2, "proveEntry"],
  "other data": [cheats.changeBatch(from(0), open, { tokens: tokens.map((token) => token ^ 1) }), 0, "proveToken"],
  "other order of the data": [cheats.changeBatch(from(1), open, { tokens, seed: otherSeed }), 1, "proveToken"],
  "another learning rate": [cheats.changeRate(from(1), 2), 1, "proveRate"],
  "wrong exp": [cheats.libraryExp(from(0), open), 0, "proveWord"],
  "an approximate operator": [cheats.reciprocalDivision(from(0), open), 0, "proveWord"],
  "fused multiply-add": [cheats.fusedProducts(from(0), open), 0, "proveFold"],
  "other summation order": [cheats.reversedProducts(from(0), open), 0, "proveFold"],
};

/** Plays it as commitment and as rival; the step that the first one was narrowed to, and its calls. */
async function caught(liar: TraceOracle, honest = truth, at = stage) {
  const committed = await contest(at, { defender: liar, rival: honest });
  assert.equal(committed.game.outcome, "rival", callsOf(committed));
  assert.equal((await contest(at, { defender: honest, rival: liar })).game.outcome, "defender");
  return { step: Number(committed.game.position.facts.step), calls: callsOf(committed) };
}

for (const [name, [cheat, step, end]] of Object.entries(gallery))
  test(`${name} is found at step ${step} and ends with ${end}`, async () => {
    const found = await caught(oracleOf(stage.side(cheat)));
    assert.equal(found.step, step);
    assert.ok(found.calls.endsWith(` ${end}`), found.calls);
  });

test("another seed: its start is another state, and from the same start it draws other examples", async () => {
  const other = await stageOf(tinyTrainProgram({ model: tinyMlpModel }, 2), steps);
  assert.notEqual(other.program.startRoot, stage.program.startRoot);
  const liar = oracleOf(stage.side(cheats.changeBatch(from(0), open, { tokens, seed: other.program.seed })));
  assert.deepEqual((await caught(liar)).calls.split(" ").at(-1), "proveToken");
});

test("a NaN with a sign of its own is another word than the canonical one", async () => {
  // A bias without measure: inf - inf is no number, nor is the state after the step, and the court goes on past that.
  const { state } = open.step;
  const broken = state.findIndex(({ name }) => name === "output.bias");
  const wild = await stageOf(tinyTrainProgram({ model: tinyMlpModel }), 1, (start) => ({
    ...start,
    "output.bias": tensorFrom(
      "f32",
      state[broken]!.shape,
      new Float32Array(state[broken]!.shape[0]!).fill(Number.POSITIVE_INFINITY),
    ),
  }));
  const source = wild.side();
  const honest = oracleOf(source);
  const typed = typedGraph(wild.open.step.graph);
  const isNan = async (value: number) => {
    const [leaf] = await honest.leaves({ of: "leaves", step: 0, value }, 0, 1);
    return hexToNumber(`0x${leaf!.slice(2, 10)}`) === 0x0000c07f;
  };
  let value = -1;
  for (let v = 0; v < typed.types.length && value < 0; v++)
    if (scopeOf(typed, v) !== undefined && (await isNan(v))) value = v;
  assert.ok(value > 0, "something is no number");
  const type = typed.types[value]!;
  const fault = { step: 0, value, type, ...leafOf(type, 0), flip: 0x80000000 };
  const liar = oracleOf(await plant(source, { programHash: wild.open.hash, firstStep: 0 }, fault));
  const { calls } = await caught(liar, honest, wild);
  assert.match(calls, /prove(Word|Fold)$/);
});
