// The attack gallery without a chain: cheats as somebody would try them, each found at the place where it happened and
// eliminated with the proof that belongs there.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cheat } from "@weft/tensor/commit/Cheat";
import * as cheats from "@weft/tensor/commit/cheats";
import { trainingTokens } from "@weft/tensor/train/Trainer";
import { tinyCorpus, tinyMlpModel, tinyTrainProgram } from "@weft/tensor/train/tinyTrainProgram";
import { infiniteStage, signedNan } from "./nanFixture.ts";
import { callsOf, contest, historyOf, stageOf } from "./playFixture.ts";
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

const miscomputed = cheats.miscomputeWeight(only(2), open, weight)!;
gallery["one bit of one weight, said to be computed"] = [miscomputed, 2, "proveWord"];

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

test("whichever way a flipped weight is explained, the history is the same", async () => {
  const [flipped, computed] = [cheats.flipWeight(only(2), weight), miscomputed].map((cheat) =>
    oracleOf(stage.side(cheat)),
  );
  assert.equal(await historyOf(stage, flipped!), await historyOf(stage, computed!));
  assert.equal(cheats.miscomputeWeight(only(2), open, { ...weight, name: "no such entry" }), undefined);
});

test("another seed: its start is another state, and from the same start it draws other examples", async () => {
  const other = await stageOf(tinyTrainProgram({ model: tinyMlpModel }, 2), steps);
  assert.notEqual(other.program.startRoot, stage.program.startRoot);
  const liar = oracleOf(stage.side(cheats.changeBatch(from(0), open, { tokens, seed: other.program.seed })));
  assert.deepEqual((await caught(liar)).calls.split(" ").at(-1), "proveToken");
});

test("a NaN with a sign of its own is another word than the canonical one", async () => {
  // The state after the step is no number either, and the court goes on past that.
  const wild = await infiniteStage(["output.bias"], 1);
  const { calls } = await caught(await signedNan(wild), oracleOf(wild.side()), wild);
  assert.match(calls, /prove(Word|Fold)$/);
});
