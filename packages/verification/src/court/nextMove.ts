// The one move that a side is justified in, with all that the contract is called with. Pure: the same game and the same history
// give the same move, so that a player that was killed goes on where it was. Not here: when to give up waiting
// (applyMove.ts, isSilent), signatures of deep claims, sending.
import { defenderMove } from "./defenderMove.ts";
import { type Game, type Rules, type Side, turnOf } from "./Game.ts";
import type { CourtStruct, Move } from "./Move.ts";
import { rivalMove } from "./rivalMove.ts";
import type { TraceOracle } from "./TraceOracle.ts";

export type Player = {
  readonly oracle: TraceOracle;
  readonly program: CourtStruct;
  readonly rules: Pick<Rules, "fanout">;
};

/** undefined when it isn't that side's turn, or its history is not the one that the game is about. */
export async function nextMove(game: Game, side: Side, player: Player): Promise<Move | undefined> {
  if (turnOf(game) !== side) return undefined;
  return side === "defender" ? defenderMove(game, player) : rivalMove(game, player);
}
