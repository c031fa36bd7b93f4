// What the moves of a game have in common (contracts/src/court/GameBook.sol): whose turn it must be, and its end.
import { treeHeight } from "@weft/tensor/commit/HashTree";
import { concat, type Hex, numberToHex, sha256 } from "viem";
import type { Game, Level, Stage } from "./Game.ts";
import type { CourtStruct } from "./Move.ts";
import { refuse } from "./refuse.ts";

export function turnAt(game: Game, level: Level, stage: Stage): void {
  if (game.stage !== stage || game.level !== level) refuse("WrongStage", { level: game.level, stage: game.stage });
}

/** A rival's choice among what the leaves of the tree hold. */
export function choiceAt(game: Game, level: Level): void {
  turnAt(game, level, "choose");
  if (game.shown !== 0) refuse("WrongHeight", { height: game.shown });
}

/** At the whole of a level's tree. */
export function over(game: Game, level: Level, count: number): Game {
  if (count === 0 || count >= 2 ** 32) refuse("CountInvalid", { count });
  return { ...game, level, count, height: treeHeight(count), index: 0, shown: 0 };
}

/** The defender has something else than what follows from what both sides agree on; refused where it doesn't. */
export function refute(game: Game, isRight: boolean): Game {
  if (isRight) refuse("DefenderRight");
  return { ...game, outcome: "rival" };
}

const u64 = (value: bigint): Hex => numberToHex(value, { size: 8 });

/** SHA-256(07 ‖ court program). */
export function courtStructHash(p: CourtStruct): Hex {
  const run = [p.programHash, p.dataRoot, numberToHex(p.numericsId, { size: 1 })];
  const steps = [u64(p.totalSteps), u64(p.stepsPerSegment), u64(p.startStep), p.startRoot];
  const graph = [u64(p.values), p.recordsRoot, u64(p.inputs), u64(p.entries), p.entriesRoot, u64(p.lossValue)];
  const data = [p.ratesRoot, u64(p.tokens), p.tokensRoot, u64(p.context), u64(p.rows)];
  return sha256(concat(["0x07", ...run, ...steps, ...graph, ...data, numberToHex(p.targets, { size: 1 }), p.seed]));
}

export function checkProgram(program: CourtStruct, expected: Hex): void {
  const actual = courtStructHash(program);
  if (actual !== expected) refuse("ProgramMismatch", { expected, actual });
}
