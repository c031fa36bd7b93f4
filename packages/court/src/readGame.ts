// A game as the chain's log tells it. Nothing is kept between two readings: a player that was killed, and one whose chain went
// back, read the same as any other.
import type { ChainClient } from "@weft/chain/ChainClient";
import { type GameLog, readGameLog } from "@weft/chain/courtReads";
import { WeftError } from "@weft/protocol/Errors";
import { type Following, followGame } from "@weft/verification/court/followGame";
import {
  type Game,
  type Opening,
  openGame,
  openResultGame,
  placeOf,
  type ResultOpening,
} from "@weft/verification/court/Game";
import type { CourtStruct } from "@weft/verification/court/Move";
import type { TraceOracle } from "@weft/verification/court/TraceOracle";
import type { Hex } from "viem";
import { gameRules } from "./gameRules.ts";

/** What the game is about, as whoever reads it knows; checked against what the chain says of its opening. */
export interface GameQuery {
  id: Hex;
  opening: Opening | ResultOpening;
  program: CourtStruct;
  /** Asked for records of the step graph. */
  oracle: Pick<TraceOracle, "leaves">;
  /** A block not after the one that opened it. */
  fromBlock: bigint;
}

/** @throws WeftError `game.unknown`, `game.other` when the chain's game was opened about something else */
export async function readGame(client: ChainClient, query: GameQuery): Promise<Game> {
  const log = await readGameLog(client, { game: query.id, fromBlock: query.fromBlock });
  return foldGame(log, { ...query, rules: gameRules(client.params) });
}

type Folding = Omit<GameQuery, "fromBlock"> & Pick<Following, "rules">;

/** The game after everything that its log has. */
export async function foldGame(log: GameLog, { id, opening, program, oracle, rules }: Folding): Promise<Game> {
  let game = "steps" in opening ? openGame(id, opening) : openResultGame(id, opening);
  const place = placeOf(game.position);
  const said = [log.place.facts, log.place.defender, log.place.rival, log.level];
  if ([place.facts, place.defender, place.rival, game.level].join() !== said.join() || log.count !== game.count)
    throw new WeftError("the game is about something else than it was taken for", {
      code: "game.other",
      details: { game: id },
      remedy: "check commitment, sponsor, rival and court program",
    });
  const record = async (value: number): Promise<Hex> => (await oracle.leaves({ of: "records" }, value, 1))[0]!;
  for (const { event, at } of log.entries) game = await followGame(game, event, { now: at, rules, program, record });
  return game;
}
