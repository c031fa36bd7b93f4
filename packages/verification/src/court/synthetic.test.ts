// A game of full depth: 10,000 steps of 400 values of 4 million elements, each a sum of 4,096 terms.
import assert from "node:assert/strict";
import { test } from "node:test";
import { callsOf, contest } from "./playFixture.ts";
import { type SyntheticShape, syntheticDispute } from "./syntheticFixture.ts";

const shape: SyntheticShape = { steps: 10_000, values: 400, rows: 2048, columns: 2048, terms: 4096 };

for (const place of [
  { step: 7777, element: 3_000_001, chunk: 90 },
  { step: 0, element: 0, chunk: 0 },
  { step: 9999, element: 4_194_303, chunk: 127 },
])
  test(`a fault at step ${place.step}, element ${place.element}, chunk ${place.chunk}: 13 rounds at most`, async () => {
    const { court, truth, lie } = await syntheticDispute(shape, place);
    const caught = await contest(court, { defender: lie, rival: truth });
    assert.equal(caught.game.outcome, "rival", callsOf(caught));
    assert.ok(caught.moves.length <= 2 * 13, `${caught.moves.length} moves: ${callsOf(caught)}`);
    assert.ok(callsOf(caught).endsWith("chooseWord enterFold proveFold"), callsOf(caught));
    const { game } = await contest(court, { defender: truth, rival: lie });
    assert.equal(game.outcome, "defender");
  });
