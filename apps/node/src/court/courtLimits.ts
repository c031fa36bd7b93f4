// What the owner of a node lets it do in disputes, where nothing is said.
import type { CourtLimits } from "../NodeContext.ts";

export const defaultCourtLimits: CourtLimits = {
  ...{ bonds: undefined, gasPerGame: 6_000_000n, games: undefined, workers: 2 },
};

/** Games that one worker with a history keeps up with: on any preset a replay takes a small part of a side's clock. */
const gamesPerWorker = 8;

/** Rivals of its own that may be in at a time. */
export const mostRivalsOf = ({ games, workers }: CourtLimits): number => games ?? gamesPerWorker * workers;
