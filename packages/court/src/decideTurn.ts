// What is due in a game for one of its sides. Pure but for what the oracle is asked: the same game and history give the same.
import { WeftError } from "@weft/protocol/Errors";
import { applyMove, isSilent } from "@weft/verification/court/applyMove";
import { deadlineOf, type Game, type Rules, type Side, turnOf } from "@weft/verification/court/Game";
import type { CourtStruct, Move } from "@weft/verification/court/Move";
import { nextMove } from "@weft/verification/court/nextMove";
import type { TraceOracle } from "@weft/verification/court/TraceOracle";

export type Turn =
  /** Own move, with the last second in which it counts. */
  | { readonly act: "move"; readonly move: Move; readonly deadline: number }
  /** The other side let its clock run out: anyone ends the game. */
  | { readonly act: "timeout" }
  /** The other side's turn until then; undefined: the game hasn't begun. */
  | { readonly act: "wait"; readonly until: number | undefined }
  /** No move is justified: this side's history is not what the game is about, or the other one is right. */
  | { readonly act: "stuck"; readonly why: string }
  /** Own clock is over. */
  | { readonly act: "late" }
  | { readonly act: "over"; readonly won: boolean };

/** One side of a game and its history. */
export interface Seat {
  readonly side: Side;
  readonly program: CourtStruct;
  readonly oracle: TraceOracle;
}

/** `now`: the chain's time, Unix seconds. Rejects as the oracle does. */
export async function decideTurn(
  game: Game,
  { side, program, oracle }: Seat,
  { now, rules }: { readonly now: number; readonly rules: Rules },
): Promise<Turn> {
  if (game.outcome !== "none") return { act: "over", won: game.outcome === side };
  const turn = turnOf(game);
  if (turn === undefined) return { act: "wait", until: undefined };
  const deadline = deadlineOf(game, rules);
  if (isSilent(game, rules, now)) return { act: turn === side ? "late" : "timeout" };
  if (turn !== side) return { act: "wait", until: deadline };
  const move = await nextMove(game, side, { oracle, program, rules });
  if (move === undefined) return { act: "stuck", why: "noMove" };
  const why = refusalOf(game, move, { now, by: side, rules });
  return why === undefined ? { act: "move", move, deadline } : { act: "stuck", why };
}

/** The contract's error that the move would meet; undefined for none. */
function refusalOf(game: Game, move: Move, sent: Parameters<typeof applyMove>[2]): string | undefined {
  try {
    applyMove(game, move, sent);
    return undefined;
  } catch (error) {
    if (error instanceof WeftError && error.code.startsWith("games.")) return error.code.slice("games.".length);
    throw error;
  }
}
