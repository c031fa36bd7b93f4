// A game of full depth: 10,000 steps of 400 values of 4 million elements, each a sum of 4,096 terms.
import assert from "node:assert/strict";
import { test } from "node:test";
import { scopeOf } from "@weft/tensor/commit/OperatorsCommitment";
import { leafOf } from "@weft/tensor/commit/TensorLayout";
import { bytesToHex } from "viem";
import { courtStruct } from "./Move.ts";
import { plant } from "./plantFixture.ts";
import { callsOf, contest, type Disputed } from "./playFixture.ts";
import { type SyntheticPlace, type SyntheticShape, syntheticTrace } from "./syntheticFixture.ts";
import { oracleOf } from "./TraceOracle.ts";

const shape: SyntheticShape = { steps: 10_000, values: 400, rows: 2048, columns: 2048, terms: 4096 };

async function sides(place: SyntheticPlace) {
  const { source, program, hash, typed, value } = syntheticTrace(shape, place);
  const type = typed.types[value]!;
  const fold = { scope: scopeOf(typed, value)!, element: place.element, chunk: place.chunk };
  const fault = { step: place.step, value, type, ...leafOf(type, place.element), flip: 1, fold };
  const lie = await plant(source, { programHash: program.programHash, firstStep: 0 }, fault);
  const stage = { hash: bytesToHex(hash), program: courtStruct(program), steps: shape.steps } satisfies Disputed;
  return { stage, truth: oracleOf(source), lie: oracleOf(lie) };
}

for (const place of [
  { step: 7777, element: 3_000_001, chunk: 90 },
  { step: 0, element: 0, chunk: 0 },
  { step: 9999, element: 4_194_303, chunk: 127 },
])
  test(`a fault at step ${place.step}, element ${place.element}, chunk ${place.chunk}: 13 rounds at most`, async () => {
    const { stage, truth, lie } = await sides(place);
    const caught = await contest(stage, { defender: lie, rival: truth });
    assert.equal(caught.game.outcome, "rival", callsOf(caught));
    assert.ok(caught.moves.length <= 2 * 13, `${caught.moves.length} moves: ${callsOf(caught)}`);
    assert.ok(callsOf(caught).endsWith("chooseWord enterFold proveFold"), callsOf(caught));
    const { game } = await contest(stage, { defender: truth, rival: lie });
    assert.equal(game.outcome, "defender");
  });
