// What happened in court, told from its log: each game move by move, with what is still in dispute after it, what the narrowing
// has come to know, both clocks and the gas; the verdict with the words that decided it, and what it cost whom. Pure: the same log
// tells the same. Nothing is checked: the chain has accepted it.
import type { DisputeEvent, DisputeEventBody, DisputeEventOf, Found } from "@weft/protocol/DisputeEvent";
import { rangeBelow } from "@weft/tensor/commit/HashTree";
import type { Hex } from "viem";
import { type CourtArguments, type CourtCall, type CourtLogEntry, grounds } from "./CourtLog.ts";
import { type EventName, followGame, type GameEvent } from "./followGame.ts";
import { chosenIn, foundAfter, foundIn, recordIn } from "./foundIn.ts";
import { type Game, type Level, levels, openGame, type Rules, type Side } from "./Game.ts";
import type { CourtOpening } from "./grounds.ts";
import type { Call, CourtStruct } from "./Move.ts";

export type Telling = {
  readonly rules: Rules;
  /** The node of a lease, lower case; undefined where the chain is not known that far. */
  nodeOf(leaseId: Hex): Hex | undefined;
  /** The node that has this operator or owner. */
  nodeWith(account: Hex): Hex | undefined;
};

/** The part of SegmentCommitment that is needed, as an ABI decoder gives it. */
type Committed = { firstStep: bigint; lastStep: bigint; startRoot: Hex; historyRoot: Hex };

/** A game as far as it was told. */
type Told = {
  readonly challenged: DisputeEventBody<"challenged">;
  /** Absent where its challenge or a move of it came through another contract: it is told without places and clocks then. */
  game: Game | undefined;
  readonly program: CourtStruct | undefined;
  readonly rival: Hex;
  readonly committed: Committed | undefined;
  found: Found;
  moves: number;
  readonly gasOf: { defender: number; rival: number };
};

const CALLS: { readonly [E in EventName]?: { readonly call: Call; readonly side: Side } } = {
  Revealed: { call: "reveal", side: "defender" },
  Chosen: { call: "choose", side: "rival" },
  StepChosen: { call: "chooseStep", side: "rival" },
  StepEntered: { call: "enterStep", side: "defender" },
  ValueChosen: { call: "chooseValue", side: "rival" },
  ValueEntered: { call: "enterValue", side: "defender" },
  WordChosen: { call: "chooseWord", side: "rival" },
  FoldEntered: { call: "enterFold", side: "defender" },
};

const common = ({ time, transaction, gas }: CourtLogEntry, game?: Hex) => ({
  ...(game === undefined ? {} : { game }),
  ...{ time, transaction, gas },
});

/** Everything that the log tells, in its order. `log` is complete from the first challenge on that is asked about. */
export async function tellDisputes(log: readonly CourtLogEntry[], telling: Telling): Promise<DisputeEvent[]> {
  const games = new Map<Hex, Told>();
  const told: DisputeEvent[] = [];
  let eliminated: CourtArguments["CommitmentEliminated"] | undefined;
  for (const entry of log) {
    if (entry.eventName === "Challenged") {
      const game = begun(entry, entry.args, telling);
      games.set(entry.args.game, game);
      told.push({ kind: "challenged", ...game.challenged });
    } else if (entry.eventName === "CommitmentEliminated") {
      const { commitment, leaseId, segment, nodeId, ground } = entry.args;
      // Of a ground that nobody claims, an earlier conviction in the lease, no punishment follows.
      eliminated = grounds[ground] === undefined ? undefined : entry.args;
      if (eliminated === undefined)
        told.push({ kind: "voided", ...common(entry), commitment, leaseId, segment, nodeId });
    } else if (entry.eventName === "Punished") {
      if (eliminated !== undefined) {
        const sponsor = sponsorOf(telling, eliminated.sponsor);
        told.push({ ...slashed(entry, eliminated, gameOf(games, eliminated)), ...sponsor });
      }
    } else {
      const event = await ofGame(entry, games.get(entry.args.game), telling);
      if (event !== undefined) told.push(event);
    }
  }
  return told;
}

/** The game that the elimination followed from; undefined where it was proven at once. */
const gameOf = (games: ReadonlyMap<Hex, Told>, { commitment, sponsor }: CourtArguments["CommitmentEliminated"]) =>
  [...games.values()].find(
    ({ challenged, game }) =>
      challenged.commitment === commitment && challenged.sponsor === sponsor && game?.outcome !== "defender",
  );

/** A challenge's arguments; those of `challengeStart` have the lease's first segment second. */
function challengeIn(call: CourtCall | undefined): { committed: Committed; program: CourtStruct } | undefined {
  if (call === undefined || (call.functionName !== "challenge" && call.functionName !== "challengeStart"))
    return undefined;
  const [committed, second, third] = call.args;
  const opening = (call.functionName === "challenge" ? second : third) as CourtOpening;
  return { committed: committed as Committed, program: opening.program };
}

function begun(entry: CourtLogEntry, args: CourtArguments["Challenged"], telling: Telling): Told {
  const { nodeOf, rules } = telling;
  const called = challengeIn(entry.call);
  const ground = grounds[args.ground]!;
  const steps = called && {
    ...{ firstStep: Number(called.committed.firstStep), lastStep: Number(called.committed.lastStep) },
  };
  return {
    challenged: {
      ...common(entry, args.game),
      ...{ commitment: args.commitment, leaseId: args.leaseId, segment: args.segment, ground, ...steps },
      ...{ nodeId: nodeOf(args.leaseId) ?? `0x${"0".repeat(40)}`, ...sponsorOf(telling, args.sponsor) },
      ...{ bond: args.bond.toString(), clockSeconds: rules.clockSeconds },
    },
    ...{ game: undefined, program: called?.program, rival: args.rival, committed: called?.committed },
    ...{ found: {}, moves: 0, gasOf: { defender: 0, rival: entry.gas } },
  };
}

function sponsorOf({ nodeWith }: Telling, sponsor: Hex): { sponsor: Hex; sponsorNode?: Hex } {
  const sponsorNode = nodeWith(sponsor);
  return sponsorNode === undefined ? { sponsor } : { sponsor, sponsorNode };
}

async function ofGame(
  entry: Exclude<CourtLogEntry, { eventName: "Challenged" | "CommitmentEliminated" | "Punished" }>,
  told: Told | undefined,
  telling: Telling,
): Promise<DisputeEvent | undefined> {
  if (entry.eventName === "RivalEliminated") return rivalLost(entry, entry.args, told);
  if (entry.eventName === "Reclaimed") return reclaimed(entry, entry.args, told);
  if (told === undefined) return undefined;
  if (entry.eventName === "GameOpened") {
    told.game = opened(told, entry.args.game);
    return undefined;
  }
  if (entry.eventName === "GameStarted") {
    await follow(told, entry, telling);
    return { kind: "gameBegan", ...common(entry, told.challenged.game) };
  }
  return entry.eventName === "GameEnded" ? verdict(entry, entry.args, told) : moved(entry, told, telling);
}

/** Only games between two histories have moves to follow. */
function opened({ challenged, committed, program, rival }: Told, id: Hex): Game | undefined {
  if (challenged.ground !== "history" || committed === undefined || program === undefined) return undefined;
  const { firstStep, lastStep, historyRoot: history, startRoot: before } = committed;
  const { nodeId: node, sponsor } = challenged;
  const steps = Number(lastStep - firstStep) + 1;
  return openGame(id, { node, sponsor, program: history, firstStep, history, before, rival, steps });
}

type GameEntry = CourtLogEntry & { readonly eventName: EventName };

async function follow(told: Told, entry: GameEntry, { rules }: Telling): Promise<void> {
  const { game, program } = told;
  if (game === undefined || program === undefined) return;
  const record = async () => recordIn(entry.call);
  // A move through another contract may hide the record that the rest of the game goes by.
  told.game = await followGame(game, entry as GameEvent, { rules, program, record, now: entry.time }).catch(
    () => undefined,
  );
}

async function moved(entry: GameEntry, told: Told, telling: Telling): Promise<DisputeEvent | undefined> {
  const known = CALLS[entry.eventName];
  if (known === undefined) return undefined;
  const before = told.game;
  await follow(told, entry, telling);
  told.moves += 1;
  told.gasOf[known.side] += entry.gas;
  told.found = { ...told.found, ...foundAfter(entry as GameEvent, { before, after: told.game, call: entry.call }) };
  const { game, found } = told;
  return {
    ...{ kind: "move", ...common(entry, told.challenged.game), ...known },
    ...(game && { place: placeOf(game, { before, call: entry.call }) }),
    ...(game && { defenderLeft: game.defenderLeft, rivalLeft: game.rivalLeft }),
    ...(Object.keys(found).length > 0 && { found }),
  };
}

type PlaceTold = DisputeEventBody<"move">["place"];

/** While the defender has still to enter a level, what is in dispute is a leaf of the level above. */
function placeOf(game: Game, { before, call }: { before: Game | undefined; call: CourtCall | undefined }): PlaceTold {
  const { level, height, index, count, stage, position } = game;
  if (level === "loss") return leafAt(level, 0, 1);
  if (stage === "enter" && level === "values") return leafAt("steps", index, count);
  if (stage === "enter" && level === "leaves")
    return leafAt("values", Number(position.facts.value), Number(position.facts.valueCount));
  if (stage === "enter" && level === "accs") return leafAt("leaves", chosenIn(call) ?? 0, before?.count ?? 1);
  const [first, end] = rangeBelow(count, { height, index }, 0);
  return { level, first, end, count };
}

const leafAt = (level: Level, first: number, count: number) => ({ level, first, end: first + 1, count });

function verdict(
  entry: CourtLogEntry,
  { outcome, level, silent }: { outcome: number; level: number; silent: boolean },
  told: Told,
): DisputeEvent {
  const winner = outcome === 1 ? "defender" : "rival";
  const proof = silent ? undefined : entry.call?.functionName;
  if (!silent) {
    told.moves += 1;
    told.gasOf[winner] += entry.gas;
    told.found = { ...told.found, ...foundIn(entry.call) };
  }
  if (told.game !== undefined) told.game = { ...told.game, outcome: winner };
  const { moves, gasOf, found, challenged } = told;
  return {
    ...{ kind: "verdict", ...common(entry, challenged.game), winner, level: levels[level]!, silent, moves },
    ...(proof === undefined ? {} : { proof }),
    ...(Object.keys(found).length > 0 && { found }),
    gasOf: { ...gasOf },
  };
}

function slashed(
  entry: CourtLogEntry & { eventName: "Punished" },
  { commitment, leaseId, segment, nodeId, sponsor, ground }: CourtArguments["CommitmentEliminated"],
  told: Told | undefined,
): DisputeEventOf<"slashed"> {
  const { bondToSponsor, bondToBuyer, stakeBurnt, pattern } = entry.args;
  return {
    ...{ kind: "slashed", ...common(entry, told?.challenged.game) },
    ...{ commitment, leaseId, segment, nodeId, sponsor, ground: grounds[ground]!, pattern },
    ...{ bondToSponsor: `${bondToSponsor}`, bondToBuyer: `${bondToBuyer}`, stakeBurnt: `${stakeBurnt}` },
  };
}

function rivalLost(
  entry: CourtLogEntry,
  { game, lost }: CourtArguments["RivalEliminated"],
  told: Told | undefined,
): DisputeEvent {
  return { kind: "rivalLost", ...common(entry, game), ...segmentOf(told), lost: lost.toString() };
}

function reclaimed(
  entry: CourtLogEntry,
  { game, bond }: CourtArguments["Reclaimed"],
  told: Told | undefined,
): DisputeEvent {
  return { kind: "reclaimed", ...common(entry, game), ...segmentOf(told), bond: bond.toString() };
}

const segmentOf = (told: Told | undefined): { leaseId?: Hex; segment?: number } =>
  told === undefined ? {} : { leaseId: told.challenged.leaseId, segment: told.challenged.segment };
