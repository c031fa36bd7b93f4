// What the owner of a node lets it do in disputes, where nothing is said.
import type { CourtLimits } from "../NodeContext.ts";
import { gamesKept } from "./shareWorkers.ts";

export const defaultCourtLimits: CourtLimits = {
  ...{ bonds: undefined, gasPerGame: 6_000_000n, games: undefined, workers: 2 },
};

/** Games of one worker before any replay was measured. */
const gamesPerWorker = 8;
/** However short a replay is: each is looked at after every block. */
const mostGames = 128;

/**
 * Rivals of its own that may be in at a time: what the owner says, else as many as the workers keep up with by what replays took
 * so far and a side's clock, both in seconds.
 */
export function mostRivalsOf(
  { games, workers }: Pick<CourtLimits, "games" | "workers">,
  measured?: { seconds: number; clock: number },
): number {
  if (games !== undefined) return games;
  if (measured === undefined || measured.seconds === 0) return gamesPerWorker * workers;
  return Math.min(mostGames, gamesKept({ ...measured, workers }));
}
