// The honest side wins whatever the other one does: it claims any roots, plays any histories, mixes them, changes its moves. And
// whoever sends a move that is not the one justified is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { zeroHash } from "@weft/protocol/fields";
import { foldChunks, isFold } from "@weft/tensor/commit/folds";
import { scopeOf, typedGraph } from "@weft/tensor/commit/OperatorsCommitment";
import { leafCount, leafElements } from "@weft/tensor/commit/TensorLayout";
import type { TreeSource } from "@weft/tensor/commit/TreeSource";
import { tinyMlpModel, tinyTrainProgram } from "@weft/tensor/train/tinyTrainProgram";
import fc from "fast-check";
import { applyMove } from "./applyMove.ts";
import type { Game, Side } from "./Game.ts";
import { deepClaimOf, type Move } from "./Move.ts";
import { keyOf, overlay } from "./overlayFixture.ts";
import { plant } from "./plantFixture.ts";
import { attempt, fair, gameOf, play, rules, type Strategy, stageOf } from "./playFixture.ts";
import { oracleOf, type TraceOracle } from "./TraceOracle.ts";

const steps = 3;
const stage = await stageOf(tinyTrainProgram({ model: tinyMlpModel }), steps);
const run = { programHash: stage.open.hash, firstStep: 0 };
const truth = stage.side();
const typed = typedGraph(stage.open.step.graph);

/** A fault at some value and word, or in what is above the values. */
const faulty = fc
  .record({
    step: fc.nat(steps - 1),
    kind: fc.constantFrom("word", "word", "word", "values", "entries", "after"),
    value: fc.nat(typed.types.length - 1),
    place: fc.nat(),
    flip: fc.nat(31).map((bit) => (1 << bit) >>> 0),
  })
  .map(({ step, kind, value, place, flip }) => async (): Promise<TreeSource> => {
    const { lossWord, stateRoot } = await truth.after(step);
    const other = new Uint8Array(32).fill(1 + (flip % 251));
    const after = new Map([[step, { lossWord: lossWord ^ 1, stateRoot: kind === "after" ? other : stateRoot }]]);
    if (kind === "after") return overlay(truth, run, { after });
    if (kind !== "word") {
      const leaf = kind === "values" ? value : value % stage.open.step.state.length;
      return overlay(truth, run, { after, trees: new Map([[keyOf({ of: kind, step }), new Map([[leaf, other]])]]) });
    }
    const type = typed.types[value]!;
    const leaf = place % leafCount(type);
    const { first, count } = leafElements(type, leaf);
    const at = (place >>> 8) % 32;
    const scope = scopeOf(typed, value);
    const folds = scope !== undefined && isFold(scope.node.op) && at < count;
    const fold = folds ? { scope, element: first + at, chunk: place % foldChunks(scope) } : undefined;
    return plant(truth, run, { step, value, type, leaf, at, flip, ...(fold && { fold }) });
  });

/** Changes something in a move: a word, a hash, a list, at a place that `seed` draws. */
function mangled(move: Move, seed: number): Move {
  const places: { holder: Record<string, unknown>; key: string }[] = [];
  const collect = (holder: Record<string, unknown>) => {
    for (const [key, value] of Object.entries(holder)) {
      if (key === "call") continue;
      places.push({ holder, key });
      if (typeof value === "object" && value !== null) collect(value as Record<string, unknown>);
    }
  };
  const copy = structuredClone(move) as unknown as Record<string, unknown>;
  collect(copy);
  const { holder, key } = places[seed % places.length]!;
  holder[key] = otherThan(holder[key], seed);
  return copy as unknown as Move;
}

function otherThan(value: unknown, seed: number): unknown {
  if (typeof value === "number") return value === 0 ? 1 : value - 1;
  if (typeof value === "bigint") return value + 1n;
  if (Array.isArray(value)) return seed % 2 === 0 ? value.slice(1) : [...value, zeroHash];
  if (typeof value !== "string") return value;
  if (value.length <= 2) return "0x00";
  const at = 2 + (seed % (value.length - 2));
  return `${value.slice(0, at)}${value[at] === "0" ? "1" : "0"}${value.slice(at + 1)}`;
}

/** Plays any of its histories, as they are or mangled, in an order that the draws say. */
function malicious(oracles: readonly TraceOracle[], draws: readonly number[]): Strategy {
  let turn = 0;
  return async (game) => {
    const moves: Move[] = [];
    for (const [i, oracle] of oracles.entries()) {
      const draw = draws[(turn + i) % draws.length]!;
      const [move] = await fair(stage, oracle)(game, 0);
      if (move === undefined) continue;
      moves.push(...(draw % 3 === 0 ? [mangled(move, draw), move] : [move]));
    }
    turn++;
    return draws[turn % draws.length]! % 2 === 0 ? moves : moves.toReversed();
  };
}

const drawn = fc.array(fc.nat(1_000_000), { minLength: 5, maxLength: 12 });
const runs = { numRuns: 40, interruptAfterTimeLimit: 120_000 };

test("an honest rival eliminates any other history, an honest defender outlives any rival", {
  timeout: 300_000,
}, async () => {
  const honest = oracleOf(truth);
  await fc.assert(
    fc.asyncProperty(
      faulty,
      faulty,
      drawn,
      fc.constantFrom<Side>("defender", "rival"),
      async (one, two, draws, cheat) => {
        const [liar, other] = [oracleOf(await one()), oracleOf(await two())];
        const strategy = malicious([liar, other, honest], draws);
        const isDefender = cheat === "defender";
        const game = await gameOf(
          stage,
          isDefender ? { defender: liar, rival: honest } : { defender: honest, rival: liar },
        );
        const own = fair(stage, honest);
        const { game: end } = await play(
          game,
          isDefender ? { defender: strategy, rival: own } : { defender: own, rival: strategy },
        );
        assert.equal(end.outcome, isDefender ? "rival" : "defender");
      },
    ),
    runs,
  );
});

test("a move with anything in it changed is refused or the same; anyone may send a justified one, but for claims of a side's own", async () => {
  const honest = oracleOf(truth);
  await fc.assert(
    fc.asyncProperty(faulty, fc.array(fc.nat(), { minLength: 6, maxLength: 6 }), async (one, seeds) => {
      const liar = oracleOf(await one());
      const sides = { defender: liar, rival: honest };
      const start = await gameOf(stage, sides);
      const strategies = { defender: fair(stage, liar), rival: fair(stage, honest) };
      const { moves } = await play(start, strategies);
      let game: Game = start;
      for (const [turn, { side, move }] of moves.entries()) {
        const sent = { now: 2 + turn, by: side };
        for (const seed of seeds) {
          const changed = mangled(move, seed + turn);
          if (JSON.stringify(changed, bigints) === JSON.stringify(move, bigints)) continue;
          // A deep claim is its side's own word: another one is another claim, not a wrong move.
          if (deepClaimOf(move)?.root !== deepClaimOf(changed)?.root) continue;
          // What the contract does not look at, such as the state before a segment's first step, changes nothing.
          const made = attempt(game, changed, sent);
          if (made !== undefined) assert.deepEqual(made, applyMove(game, move, { ...sent, rules }), move.call);
        }
        const other = { ...sent, by: undefined, rules };
        if (deepClaimOf(move) === undefined) applyMove(game, move, other);
        else assert.throws(() => applyMove(game, move, other), { code: "games.ClaimNotAuthorized" });
        game = applyMove(game, move, { ...sent, rules });
      }
    }),
    { ...runs, numRuns: 15 },
  );
});

const bigints = (_: string, value: unknown) => (typeof value === "bigint" ? value.toString() : value);
