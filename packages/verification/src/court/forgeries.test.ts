// A false rival whose proof fails forges what it opens, each with a root made to match. What is agreed on stands above it, and the
// forgery is refused there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { tinyMlpModel, tinyTrainProgram } from "@weft/tensor/train/tinyTrainProgram";
import { applyMove } from "./applyMove.ts";
import { forgeable, forgeriesOf, liarsOf } from "./forgeriesFixture.ts";
import { nextMove } from "./nextMove.ts";
import { contest, rules, stageOf } from "./playFixture.ts";
import { oracleOf } from "./TraceOracle.ts";

const stage = await stageOf(tinyTrainProgram({ model: tinyMlpModel }), 3);
const truth = oracleOf(stage.side());
const liars = liarsOf(stage);

test("each proof has a liar and forgeries", () => {
  assert.deepEqual(Object.keys(liars).sort(), [...forgeable].sort());
});

for (const [call, liar] of Object.entries(liars))
  test(`${call}: a true defender is refuted by no forgery`, async () => {
    const rival = await liar();
    const { start, moves } = await contest(stage, { defender: truth, rival });
    let game = start;
    let now = 2;
    for (const { side: by, move } of moves) game = applyMove(game, move, { now: now++, by, rules });
    const proof = await nextMove(game, "rival", { oracle: rival, program: stage.program, rules });
    assert.equal(proof?.call, call);
    const sent = { now, by: "rival", rules } as const;
    assert.throws(() => applyMove(game, proof, sent), { code: "games.DefenderRight" });
    const forged = await forgeriesOf(proof, rival);
    assert.ok(forged.length > 0);
    for (const one of forged) {
      assert.notDeepEqual(one, proof);
      assert.throws(() => applyMove(game, one, sent), {
        code: /^games\.(HashMismatch|ProgramMismatch|RecordInvalid)$/,
      });
    }
  });
