// The contract's rules in TypeScript (contracts/src/court/Games.sol): what a move makes of a game, or why it isn't taken. Whole
// games are played with it without a chain, and a player tries its move here before it sends it. Pure.
import { deadlineOf, type Game, placeHash, placeOf, type Rules, type Side, turnOf } from "./Game.ts";
import { type Call, deepClaimOf, type Move } from "./Move.ts";
import { choose, reveal } from "./narrowing.ts";
import { refuse } from "./refuse.ts";
import { chooseStep, enterStep, proveEntry, proveLoss } from "./stepMoves.ts";
import { chooseValue, enterValue, proveConstant, proveRate, proveState } from "./valueMoves.ts";
import { chooseWord, enterFold, proveFold, proveToken, proveWord } from "./wordMoves.ts";

export type Sent = {
  /** Unix seconds. */
  readonly now: number;
  /** Whose key sent it or signed its deep claim; undefined: somebody else's. */
  readonly by: Side | undefined;
};

type Rule = (game: Game, move: never, rules: Rules) => Game;

const rulesOf: { readonly [C in Call]: Rule } = {
  ...{ reveal, choose, chooseStep, enterStep, proveEntry, proveLoss, chooseValue, enterValue },
  ...{ proveConstant, proveRate, proveState, chooseWord, enterFold, proveFold, proveToken, proveWord },
};

/** @throws WeftError `games.` and the name of the contract's error */
export function applyMove(game: Game, move: Move, { now, by, rules }: Sent & { readonly rules: Rules }): Game {
  const turn = playing(game);
  const deadline = deadlineOf(game, rules);
  if (now > deadline) refuse("ClockOver", { deadline });
  const given = "place" in move ? move.place : placeOf(move.position);
  const [expected, actual] = [placeHash(placeOf(game.position)), placeHash(given)];
  if (expected !== actual) refuse("PlaceMismatch", { expected, actual });
  const next = rulesOf[move.call](game, move as never, rules);
  if (deepClaimOf(move) !== undefined && by !== turn) refuse("ClaimNotAuthorized", { by: by ?? "nobody" });
  return next.outcome === "none" ? pressed(game, next, { now, rules }) : next;
}

function playing(game: Game): Side {
  if (game.outcome !== "none") refuse("GameOver", { outcome: game.outcome });
  return turnOf(game) ?? refuse("WrongStage", { stage: "waiting" });
}

/** The clock of the side that moved, and the other's turn. */
export function pressed(before: Game, game: Game, { now, rules }: { now: number; rules: Rules }): Game {
  const isRivals = before.stage === "choose";
  const used = Math.max(0, now - before.since - rules.inclusionSeconds);
  const left = Math.max((isRivals ? before.rivalLeft : before.defenderLeft) - used, rules.extensionSeconds);
  return { ...game, since: now, ...(isRivals ? { rivalLeft: left } : { defenderLeft: left }) };
}

/** True when the side to move has let its clock run out: anyone may end the game. */
export function isSilent(game: Game, rules: Rules, now: number): boolean {
  return turnOf(game) !== undefined && now > deadlineOf(game, rules);
}

/** @throws WeftError `games.ClockRunning` */
export function timeout(game: Game, rules: Rules, now: number): Game {
  const turn = playing(game);
  if (!isSilent(game, rules, now)) refuse("ClockRunning", { deadline: deadlineOf(game, rules) });
  return { ...game, outcome: turn === "defender" ? "rival" : "defender" };
}
