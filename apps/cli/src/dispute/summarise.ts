// The disputes of a network, one by one, out of everything that there is to tell. Pure.
import type { DisputeEvent } from "@weft/protocol/DisputeEvent";
import { WeftError } from "@weft/protocol/Errors";
import type { Told } from "../render/disputeWords.ts";

/** One rival of one segment, or a proof at once. */
export interface DisputeSummary {
  /** Absent where something was proven at once. */
  game: string | undefined;
  leaseId: string;
  segment: number;
  ground: string;
  nodeId: string;
  sponsor: string;
  /** The node whose key that is, where it is one. */
  sponsorNode: string | undefined;
  bond: string | undefined;
  state: "waiting" | "playing" | "over";
  winner: string | undefined;
  /** The level it is on, or got to. */
  level: string | undefined;
  /** Whose turn it is. */
  turn: "defender" | "rival" | undefined;
  /** Seconds that side has left, inclusion not counted. */
  left: number | undefined;
  moves: number;
  gas: number;
}

/** Events by game, in the order of their challenges; what was proven at once stands by itself. */
export function byGame(events: readonly DisputeEvent[]): DisputeEvent[][] {
  const games = new Map<string, DisputeEvent[]>();
  for (const event of events) {
    const key = event.game ?? `${event.kind}/${event.transaction}`;
    games.set(key, [...(games.get(key) ?? []), event]);
  }
  return [...games.values()];
}

/** The latest dispute last. @param now of the chain, Unix seconds */
export const summaries = (events: readonly DisputeEvent[], now: number): DisputeSummary[] =>
  byGame(events).flatMap((one) => summary(one, now) ?? []);

function summary(events: readonly DisputeEvent[], now: number): DisputeSummary | undefined {
  const challenged = events.find((event) => event.kind === "challenged");
  const slashed = events.find((event) => event.kind === "slashed");
  const about = challenged ?? slashed;
  if (about === undefined) return undefined;
  const moves = events.filter((event) => event.kind === "move");
  const verdict = events.find((event) => event.kind === "verdict");
  const { game, leaseId, segment, ground, nodeId, sponsor, sponsorNode } = about;
  const isOver = verdict !== undefined || isConcluded(events);
  return {
    ...{ game, leaseId, segment, ground, nodeId, sponsor, sponsorNode, bond: challenged?.bond },
    state: isOver ? "over" : "playing",
    winner: verdict?.winner ?? (isOver ? "rival" : undefined),
    level: verdict?.level ?? moves.at(-1)?.place?.level,
    ...(isOver || challenged === undefined ? { turn: undefined, left: undefined } : turnOf(challenged, moves, now)),
    moves: verdict?.moves ?? moves.length,
    gas: [...new Map(events.map(({ transaction, gas }) => [transaction, gas])).values()].reduce((a, b) => a + b, 0),
  };
}

function turnOf(
  challenged: Told<"challenged">,
  moves: readonly Told<"move">[],
  now: number,
): Pick<DisputeSummary, "turn" | "left"> {
  const last = moves.at(-1);
  const turn = last?.side === "defender" ? "rival" : "defender";
  const left = (turn === "rival" ? last?.rivalLeft : last?.defenderLeft) ?? challenged.clockSeconds;
  return { turn, left: Math.max(0, left - Math.max(0, now - (last?.time ?? challenged.time))) };
}

/**
 * The events of the dispute that a person names: by its game, or by its lease, of which it is the last one; beginnings will do.
 * @throws WeftError `dispute.unknown`
 */
export function disputeNamed(events: readonly DisputeEvent[], named: string): DisputeEvent[] {
  const wanted = named.toLowerCase();
  const begins = (text: string | undefined) => wanted.length >= 4 && text?.startsWith(wanted) === true;
  const games = byGame(events);
  const found = games.filter((one) => begins(one[0]?.game));
  if (found.length > 1) throw unknown(`${found.length} games begin with ${named}`);
  const ofLease = games.filter((one) =>
    one.some((event) => event.kind !== "move" && "leaseId" in event && begins(event.leaseId)),
  );
  const chosen = found[0] ?? ofLease.at(-1);
  if (chosen === undefined) throw unknown(`there is no dispute ${named}`);
  return chosen;
}

const unknown = (message: string) =>
  new WeftError(message, { code: "dispute.unknown", remedy: "take a game or a lease from: weft dispute list --json" });

/** Nothing more will come: it was concluded, or stands proven. */
export const isConcluded = (events: readonly DisputeEvent[]): boolean =>
  events.some(({ kind }) => kind === "slashed" || kind === "rivalLost" || kind === "reclaimed");
