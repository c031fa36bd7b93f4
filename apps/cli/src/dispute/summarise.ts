// The disputes of a network, one by one, out of everything that there is to tell. Pure.
import type { DisputeEvent } from "@weft/protocol/DisputeEvent";
import { WeftError } from "@weft/protocol/Errors";
import type { Told } from "../render/disputeWords.ts";

/**
 * `waiting` for rivals before it; `playing`; `won`: the segment is false; `lost`: this rival is out, the segment stands against it;
 * `final`: the same, and nobody else can challenge the segment any more.
 */
export type DisputeStanding = "waiting" | "playing" | "won" | "lost" | "final";

/** One rival of one segment, or a proof at once. What isn't known is null, so that a row always has the same keys. */
export interface DisputeSummary {
  /** Null where something was proven at once. */
  game: string | null;
  commitment: string | null;
  leaseId: string;
  segment: number;
  ground: string;
  nodeId: string;
  sponsor: string;
  /** The node whose key that is, where it is one. */
  sponsorNode: string | null;
  bond: string | null;
  state: DisputeStanding;
  /** Of this game; null also where another rival's game showed the segment to be false. */
  winner: "defender" | "rival" | null;
  /** The court has taken note of the end. */
  concluded: boolean;
  /** The level it is on, or got to. */
  level: string | null;
  /** Whose turn it is. */
  turn: "defender" | "rival" | null;
  /** Seconds that side has left, inclusion not counted. */
  left: number | null;
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

export interface Standing {
  /** Of the chain, Unix seconds. */
  now: number;
  /** Commitments that nobody can challenge any more, where that is known. */
  closed?: ReadonlySet<string>;
}

/** The latest dispute last. */
export const summaries = (events: readonly DisputeEvent[], standing: Standing): DisputeSummary[] => {
  const eliminated = new Set(
    events.flatMap((event) => (event.kind === "slashed" || event.kind === "voided" ? [event.commitment] : [])),
  );
  return byGame(events).flatMap((one) => summary(one, { ...standing, eliminated }) ?? []);
};

type Known = Standing & { eliminated: ReadonlySet<string | undefined> };

function summary(events: readonly DisputeEvent[], known: Known): DisputeSummary | undefined {
  const challenged = events.find((event) => event.kind === "challenged");
  const slashed = events.find((event) => event.kind === "slashed");
  const about = challenged ?? slashed;
  if (about === undefined) return undefined;
  const moves = events.filter((event) => event.kind === "move");
  const verdict = events.find((event) => event.kind === "verdict");
  const { game = null, commitment = null, leaseId, segment, ground, nodeId, sponsor, sponsorNode = null } = about;
  const state = stateOf(events, { ...known, commitment });
  const clock = state === "playing" && challenged !== undefined ? turnOf(challenged, events, known.now) : undefined;
  return {
    ...{ game, commitment, leaseId, segment, ground, nodeId, sponsor, sponsorNode, bond: challenged?.bond ?? null },
    ...{ state, winner: verdict?.winner ?? (slashed === undefined ? null : "rival"), concluded: isConcluded(events) },
    level: verdict?.level ?? moves.at(-1)?.place?.level ?? null,
    ...{ turn: clock?.turn ?? null, left: clock?.left ?? null },
    moves: verdict?.moves ?? moves.length,
    gas: [...new Map(events.map(({ transaction, gas }) => [transaction, gas])).values()].reduce((a, b) => a + b, 0),
  };
}

function stateOf(
  events: readonly DisputeEvent[],
  { closed, eliminated, commitment }: Known & { commitment: string | null },
): DisputeStanding {
  const has = (kind: DisputeEvent["kind"]) => events.some((event) => event.kind === kind);
  const verdict = events.find((event) => event.kind === "verdict");
  if (verdict?.winner === "defender" || has("rivalLost"))
    return commitment !== null && closed?.has(commitment) === true ? "final" : "lost";
  if (verdict !== undefined || has("slashed") || has("reclaimed")) return "won";
  if (commitment !== null && eliminated.has(commitment)) return "won";
  // A log from before a game's beginning was told has its moves.
  return has("gameBegan") || has("move") ? "playing" : "waiting";
}

/** A clock runs from the last move on, or from the game's beginning. */
function turnOf(
  challenged: Told<"challenged">,
  events: readonly DisputeEvent[],
  now: number,
): { turn: "defender" | "rival"; left: number } {
  const last = events.findLast((event) => event.kind === "move");
  const began = events.find((event) => event.kind === "gameBegan")?.time ?? challenged.time;
  const turn = last?.side === "defender" ? "rival" : "defender";
  const left = (turn === "rival" ? last?.rivalLeft : last?.defenderLeft) ?? challenged.clockSeconds;
  return { turn, left: Math.max(0, left - Math.max(0, now - (last?.time ?? began))) };
}

/** Of an id at most; fewer digits than the least could be anybody's. */
const [leastDigits, mostDigits] = [2, 64];

/** Lower case. @throws WeftError `cli.usage` when it can't be the beginning of an id */
export function idNamed(named: string, what: string): string {
  const digits = /^0x([0-9a-f]*)$/i.exec(named)?.[1];
  if (digits !== undefined && digits.length >= leastDigits && digits.length <= mostDigits) return named.toLowerCase();
  throw new WeftError(`"${named}" is not the id of a ${what}`, {
    code: "cli.usage",
    remedy: `write 0x and at least ${leastDigits} digits of it, as \`weft dispute list --json\` has it`,
  });
}

const mostNamed = 5;

/**
 * The events of the dispute that a person names: by its game, or by its lease, of which it is the last one; beginnings will do.
 * @throws WeftError `cli.usage`, `dispute.unknown`, `dispute.ambiguous`
 */
export function disputeNamed(events: readonly DisputeEvent[], named: string): DisputeEvent[] {
  const wanted = idNamed(named, "game or lease");
  const begins = (text: string | undefined) => text?.startsWith(wanted) === true;
  const games = byGame(events);
  const found = games.filter((one) => begins(one[0]?.game));
  if (found.length > 1) throw ambiguous(named, "games", [...new Set(found.map((one) => one[0]?.game as string))]);
  const ofLease = games.filter((one) => begins(leaseOf(one)));
  const leases = [...new Set(ofLease.map((one) => leaseOf(one) as string))];
  if (found.length === 0 && leases.length > 1) throw ambiguous(named, "leases", leases);
  const chosen = found[0] ?? ofLease.at(-1);
  if (chosen !== undefined) return chosen;
  throw new WeftError(`there is no dispute ${named}`, {
    code: "dispute.unknown",
    remedy:
      games.length === 0
        ? "nobody has challenged a segment on this network so far"
        : "take a game or a lease from: weft dispute list --json",
  });
}

const leaseOf = (events: readonly DisputeEvent[]): string | undefined =>
  events.flatMap((event) => ("leaseId" in event && event.leaseId !== undefined ? [event.leaseId] : []))[0];

const ambiguous = (named: string, what: string, ids: readonly string[]) =>
  new WeftError(`${ids.length} ${what} begin with ${named}`, {
    code: "dispute.ambiguous",
    details: { ids: `${ids.slice(0, mostNamed).join(", ")}${ids.length > mostNamed ? ", …" : ""}` },
    remedy: "write more of the id",
  });

/** Nothing more will come: it was concluded, or stands proven. */
export const isConcluded = (events: readonly DisputeEvent[]): boolean =>
  events.some(({ kind }) => kind === "slashed" || kind === "rivalLost" || kind === "reclaimed");
