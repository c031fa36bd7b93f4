// When standing offers are worth repeating early: a node that just started gossips before it has neighbours, and whoever
// connects next would wait a whole interval. Pure; well-connected nodes repeat by the clock alone.

export interface Audience {
  /** Unix ms when each present neighbour was first seen. */
  since: ReadonlyMap<string, number>;
  /** Those that were there when the offers last went out. */
  told: ReadonlySet<string>;
}

export const nobody: Audience = { since: new Map(), told: new Set() };

/** With so many told, the others hear it from them. */
const enough = 4;
/** After connecting, neighbours still have to say which topics they follow. */
const settledMs = 1000;

/** The audience now, and whether somebody in it should be told without waiting for the interval. */
export function lookAround(
  before: Audience,
  now: { peers: readonly string[]; atMs: number },
): { audience: Audience; repeat: boolean } {
  const since = new Map(now.peers.map((peer) => [peer, before.since.get(peer) ?? now.atMs]));
  const told = new Set([...before.told].filter((peer) => since.has(peer)));
  const settled = settledOf(since, now.atMs);
  return {
    audience: { since, told },
    repeat: told.size < enough && settled.some((peer) => !told.has(peer)),
  };
}

/** After the offers went out. */
export const toldAll = ({ since }: Audience, atMs: number): Audience => ({
  since,
  told: new Set(settledOf(since, atMs)),
});

const settledOf = (since: Audience["since"], atMs: number): string[] =>
  [...since].filter(([, first]) => atMs - first >= settledMs).map(([peer]) => peer);
