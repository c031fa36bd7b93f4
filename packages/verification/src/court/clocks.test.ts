// Clocks: what a move costs, what is left at least, when a side can't move any more, and that silence loses.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { applyMove, isSilent, timeout } from "./applyMove.ts";
import { deadlineOf, type Game, openGame, type Rules, startGame, turnOf } from "./Game.ts";
import type { Move } from "./Move.ts";
import { contest, fair, gameOf, idOf, play, rules } from "./playFixture.ts";
import { syntheticDispute } from "./syntheticFixture.ts";

const { court, truth, lie } = await syntheticDispute(
  { steps: 40, values: 40, rows: 8, columns: 8, terms: 128 },
  { step: 17, element: 40, chunk: 2 },
);
const sides = { defender: lie, rival: truth };
const { moves } = await contest(court, sides);
const first = moves[0]!.move;
const second = moves[1]!.move;

const start = await gameOf(court, sides);
const send = (game: Game, move: Move, now: number, own: Rules = rules) =>
  applyMove(game, move, { now, by: turnOf(game), rules: own });

test("a move costs what passed beyond the inclusion delay, and leaves the extension at least", () => {
  const { clockSeconds, inclusionSeconds, extensionSeconds } = rules;
  const cases: [after: number, left: number][] = [
    [0, clockSeconds],
    [inclusionSeconds, clockSeconds],
    [inclusionSeconds + 1, clockSeconds - 1],
    [inclusionSeconds + clockSeconds - extensionSeconds + 1, extensionSeconds],
    [inclusionSeconds + clockSeconds, extensionSeconds],
  ];
  for (const [after, left] of cases) {
    const game = send(start, first, start.since + after);
    assert.deepEqual([game.defenderLeft, game.rivalLeft, game.since], [left, clockSeconds, start.since + after]);
  }
  const then = send(send(start, first, 100), second, 500);
  assert.deepEqual([then.defenderLeft, then.rivalLeft], [clockSeconds - 89, clockSeconds - 390]);
});

test("after the deadline the side to move can't, and anyone ends the game; not a second earlier", () => {
  const deadline = deadlineOf(start, rules);
  assert.equal(deadline, start.since + rules.clockSeconds + rules.inclusionSeconds);
  assert.throws(() => send(start, first, deadline + 1), { code: "games.ClockOver" });
  assert.ok(!isSilent(start, rules, deadline) && isSilent(start, rules, deadline + 1));
  assert.throws(() => timeout(start, rules, deadline), { code: "games.ClockRunning" });
  assert.equal(timeout(start, rules, deadline + 1).outcome, "rival");
  const chosen = send(start, first, deadline);
  assert.equal(timeout(chosen, rules, deadlineOf(chosen, rules) + 1).outcome, "defender");
});

test("a game that waits, or is over, takes no moves", () => {
  const { position, count } = start;
  const opening = { ...position.facts, rival: position.rival, steps: count };
  const waiting = openGame(idOf("game", 20), opening);
  assert.equal(turnOf(waiting), undefined);
  assert.throws(() => send(waiting, first, 5), { code: "games.WrongStage" });
  assert.deepEqual(startGame(waiting, rules, 1), start);
  const over = timeout(start, rules, 10_000);
  assert.throws(() => send(over, first, 5), { code: "games.GameOver" });
  assert.throws(() => timeout(over, rules, 99_999), { code: "games.GameOver" });
});

test("a side that is silent from any move on loses, right or wrong", async () => {
  for (const [defender, rival] of [
    [truth, lie],
    [lie, truth],
  ] as const)
    for (const silentFrom of [0, 1, 2, 3]) {
      const game = await gameOf(court, { defender, rival });
      let turn = 0;
      const strategies = { defender: fair(court, defender), rival: fair(court, rival) };
      const quiet: typeof strategies.rival = async (at, now) =>
        turn++ >= silentFrom ? [] : strategies[turnOf(at)!](at, now);
      assert.equal((await play(game, { ...strategies, rival: quiet })).game.outcome, "defender");
      turn = 0;
      assert.equal((await play(game, { ...strategies, defender: quiet })).game.outcome, "rival");
    }
});

test("a side that moves within its clock is never out of time, however slow the other one is", () => {
  const delays = fc.array(fc.nat(rules.inclusionSeconds + rules.extensionSeconds), { minLength: 30, maxLength: 30 });
  fc.assert(
    fc.property(delays, (waits) => {
      let game: Game = start;
      let now = start.since;
      for (const [turn, { side, move }] of moves.entries()) {
        now += Math.min(waits[turn]!, deadlineOf(game, rules) - game.since);
        game = applyMove(game, move, { now, by: side, rules });
        assert.ok(game.defenderLeft >= rules.extensionSeconds && game.rivalLeft >= rules.extensionSeconds);
      }
      assert.equal(game.outcome, "rival");
    }),
    { numRuns: 20 },
  );
});
