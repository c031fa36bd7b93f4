// A game folded from its events is the game that the moves made, at every turn, on every level.
import assert from "node:assert/strict";
import { test } from "node:test";
import { tinyMlpModel, tinyTrainProgram } from "@weft/tensor/train/tinyTrainProgram";
import type { Hex } from "viem";
import { applyMove } from "./applyMove.ts";
import { eventOf } from "./courtLogFixture.ts";
import { followGame, type GameEvent } from "./followGame.ts";
import { callsOf, contest, type Disputed, gameOf, rules, stageOf } from "./playFixture.ts";
import { syntheticDispute } from "./syntheticFixture.ts";
import { oracleOf, type TraceOracle } from "./TraceOracle.ts";

async function follow(stage: Disputed, sides: { defender: TraceOracle; rival: TraceOracle }): Promise<string> {
  const played = await contest(stage, sides);
  const record = async (value: number): Promise<Hex> => (await sides.rival.leaves({ of: "records" }, value, 1))[0]!;
  let game = await gameOf(stage, sides);
  let followed = game;
  for (const [turn, { side, move }] of played.moves.entries()) {
    const now = 2 + 7 * turn;
    game = applyMove(game, move, { now, by: side, rules });
    const event: GameEvent = eventOf(move, game) ?? {
      eventName: "GameEnded",
      args: { outcome: 2, level: 0, silent: false },
    };
    followed = await followGame(followed, event, { now, rules, program: stage.program, record });
    assert.deepEqual(followed, game, move.call);
  }
  assert.equal(game.outcome, "rival");
  return callsOf(played);
}

test("down to the partial sums", async () => {
  const shape = { steps: 40, values: 100, rows: 256, columns: 256, terms: 8192 };
  const { court, truth, lie } = await syntheticDispute(shape, { step: 3, element: 40_000, chunk: 70 });
  const calls = await follow(court, { defender: lie, rival: truth });
  assert.match(calls, /^reveal choose.*enterValue.*enterFold choose reveal proveFold$/);
});

test("into the state, and to the loss", async () => {
  const stage = await stageOf(tinyTrainProgram({ model: tinyMlpModel }), 2);
  const truth = oracleOf(stage.side());
  const skip = oracleOf(stage.side((step) => (step === 1 ? { state: (before) => before } : undefined)));
  assert.match(await follow(stage, { defender: skip, rival: truth }), /enterStep.*proveEntry$/);
  const loss = oracleOf(stage.side((step) => (step === 1 ? { lossWord: (word) => word ^ 1 } : undefined)));
  assert.match(await follow(stage, { defender: loss, rival: truth }), /enterStep proveLoss$/);
});
