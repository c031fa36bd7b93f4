// For tests: real small trainings as sides of a game, and whole games over the mirror of the contract, without a chain.

import { WeftError } from "@weft/protocol/Errors";
import type { Cheat } from "@weft/tensor/commit/Cheat";
import { openCourtProgram } from "@weft/tensor/commit/courtProgram";
import type { State } from "@weft/tensor/commit/SegmentRun";
import { segmentTrees } from "@weft/tensor/commit/segmentTrees";
import type { TreeSource } from "@weft/tensor/commit/TreeSource";
import { stateRootFrom } from "@weft/tensor/HashLayout";
import { hashTensors } from "@weft/tensor/kernel/hashTensors";
import { fromHex32 } from "@weft/tensor/sha256";
import { type OpenProgram, openProgram, type TrainProgram } from "@weft/tensor/train/Program";
import { startState } from "@weft/tensor/train/startState";
import { trainingTokens } from "@weft/tensor/train/Trainer";
import { tinyCorpus } from "@weft/tensor/train/tinyTrainProgram";
import { bytesToHex, type Hex, keccak256, toHex } from "viem";
import { applyMove, timeout } from "./applyMove.ts";
import { type Game, openGame, type Rules, type Side, startGame, turnOf } from "./Game.ts";
import { type CourtStruct, courtStruct, type Move } from "./Move.ts";
import { nextMove } from "./nextMove.ts";
import { rootOf } from "./ownTrees.ts";
import type { TraceOracle } from "./TraceOracle.ts";

export const rules: Rules = { fanout: 32, clockSeconds: 1000, extensionSeconds: 60, inclusionSeconds: 10 };

export const idOf = (text: string, size: number): Hex => keccak256(toHex(text)).slice(0, 2 + 2 * size) as Hex;

/** What a game is about: a court program with its hash, and the steps of the segment. */
export type Disputed = { readonly hash: Hex; readonly program: CourtStruct; readonly steps: number };

/** The first segment of a program, as honest and cheating sides know it. */
export type Stage = Disputed & {
  readonly open: OpenProgram;
  /** A side's history: the honest one, or what a cheat makes of it. */
  side(cheat?: Cheat): TreeSource;
};

/** The root of the state before `step`. */
export function stateRootAt({ step: { state: tensors } }: OpenProgram, step: number, state: State): Uint8Array {
  const values = tensors.map(
    ({ name }) =>
      () =>
        state[name]!,
  );
  return stateRootFrom(
    step,
    tensors.map(({ name }) => name),
    hashTensors(tensors, values),
  );
}

/** @param begin makes another state of the program's start, from which the order's work begins */
export async function stageOf(
  program: TrainProgram,
  steps = program.stepsPerSegment,
  begin: (start: State) => State = (start) => start,
): Promise<Stage> {
  const open = openProgram(program);
  const tokens = trainingTokens(open, tinyCorpus);
  const state = begin(startState(fromHex32(program.seed, "seed"), open.step.state));
  const courtStart = { step: 0, stateRoot: stateRootAt(open, 0, state) };
  const court = openCourtProgram(open, tokens, courtStart);
  const side = (cheat?: Cheat) =>
    segmentTrees(open, { tokens, start: { step: 0, state }, lastStep: steps - 1, courtStart, cheat });
  return { open, hash: bytesToHex(court.hash), program: courtStruct(court.program), steps, side };
}

export const historyOf = (stage: Pick<Disputed, "steps">, oracle: TraceOracle): Promise<Hex> =>
  rootOf(oracle, { of: "steps" }, stage.steps);

/** The game of a commitment against a rival, both histories as their oracles have them; its clocks run from second 1. */
export async function gameOf(stage: Disputed, sides: { defender: TraceOracle; rival: TraceOracle }): Promise<Game> {
  const [history, rival] = await Promise.all([historyOf(stage, sides.defender), historyOf(stage, sides.rival)]);
  const opening = {
    ...{ node: idOf("node", 20), sponsor: idOf("sponsor", 20), firstStep: 0n, history, rival, steps: stage.steps },
    ...{ program: stage.hash, before: stage.program.startRoot },
  };
  return startGame(openGame(idOf("game", 20), opening), rules, 1);
}

export type Played = {
  readonly start: Game;
  readonly game: Game;
  readonly moves: readonly { readonly side: Side; readonly move: Move }[];
};

/** Most moves of a game of any depth. */
const mostMoves = 64;

/** What a side sends where a move is due, tried in turn until one is taken; none of them: it is silent. */
export type Strategy = (game: Game, now: number) => Promise<readonly Move[]>;

/** Plays what it is justified in. */
export const fair =
  (stage: Pick<Disputed, "program">, oracle: TraceOracle): Strategy =>
  async (game) => {
    const move = await nextMove(game, turnOf(game)!, { oracle, program: stage.program, rules });
    return move === undefined ? [] : [move];
  };

/** Plays a game to its end, a second a move. */
export async function play(start: Game, strategies: Readonly<Record<Side, Strategy>>): Promise<Played> {
  const moves: { side: Side; move: Move }[] = [];
  let game = start;
  for (let now = 2; game.outcome === "none" && moves.length < mostMoves; now++) {
    const side = turnOf(game)!;
    const tried = await strategies[side](game, now);
    const taken = tried.find((move) => {
      const next = attempt(game, move, { now, by: side });
      if (next !== undefined) game = next;
      return next !== undefined;
    });
    if (taken === undefined) game = timeout(game, rules, now + 2 * (rules.clockSeconds + rules.inclusionSeconds));
    else moves.push({ side, move: taken });
  }
  return { start, game, moves };
}

/** The game after a move; undefined when it is refused. */
export function attempt(game: Game, move: Move, sent: { now: number; by: Side }): Game | undefined {
  try {
    return applyMove(game, move, { ...sent, rules });
  } catch (error) {
    if (error instanceof WeftError && error.code.startsWith("games.")) return undefined;
    throw error;
  }
}

/** The calls of a game in order, for assertions. */
export const callsOf = ({ moves }: Played): string => moves.map(({ move }) => move.call).join(" ");

/** The commitment of one history against another one: who wins, and how it went. */
export async function contest(stage: Disputed, sides: { defender: TraceOracle; rival: TraceOracle }): Promise<Played> {
  const game = await gameOf(stage, sides);
  return play(game, { defender: fair(stage, sides.defender), rival: fair(stage, sides.rival) });
}
