// A game as its log tells it: each event of contracts/src/interfaces/IGames.sol makes of the game what the move behind it did. So
// a player needs the log alone, whoever sent the moves. What the chain has accepted is not checked again.
import { zeroHash } from "@weft/protocol/fields";
import { foldChunks } from "@weft/tensor/commit/folds";
import { treeHeight } from "@weft/tensor/commit/HashTree";
import { leafCount } from "@weft/tensor/commit/TensorLayout";
import { type Hex, keccak256 } from "viem";
import { pressed } from "./applyMove.ts";
import { type Facts, type Game, type Level, type Rules, type Side, startGame } from "./Game.ts";
import type { CourtStruct, StepClaim } from "./Move.ts";
import { shownBelow, withReveal } from "./narrowing.ts";
import { decodeRecord } from "./records.ts";
import { refuse } from "./refuse.ts";

/** Arguments as an ABI decoder gives them, the game's id left out. */
export type EventArguments = {
  GameStarted: Record<never, never>;
  Revealed: { content: Hex };
  Chosen: { index: number; defender: Hex; rival: Hex };
  StepChosen: { index: number; defender: Hex; claim: StepClaim };
  StepEntered: { before: Hex; claim: StepClaim; content: Hex };
  ValueChosen: { value: number; defender: Hex; leavesRoot: Hex };
  ValueEntered: { leavesRoot: Hex; content: Hex };
  WordChosen: { element: bigint; defender: number; rival: number; accsRoot: Hex };
  FoldEntered: { accsRoot: Hex; content: Hex };
  /** Numbers of the contract's enums. */
  GameEnded: { outcome: number; level: number; silent: boolean };
};
export type EventName = keyof EventArguments;
export type GameEvent = {
  [E in EventName]: { readonly eventName: E; readonly args: Readonly<EventArguments[E]> };
}[EventName];

export type Following = {
  readonly rules: Rules;
  readonly program: CourtStruct;
  /** The record of a value of the step graph. */
  record(value: number): Promise<Hex>;
};

type Follower<E extends EventName> = (
  game: Game,
  args: EventArguments[E],
  following: Following,
) => Game | Promise<Game>;

const placed = (game: Game, level: Level, count: number): Game => ({
  ...game,
  ...{ level, count, height: treeHeight(count), index: 0, shown: 0 },
});

const at = (game: Game, facts: Partial<Facts>, { defender, rival }: { defender: Hex; rival: Hex }): Game => ({
  ...game,
  position: { facts: { ...game.position.facts, ...facts }, defender, rival },
});

function revealed(game: Game, content: Hex, { rules: { fanout } }: Following): Game {
  const { level, height, index } = game;
  return withReveal(game, { level, height, index, shown: shownBelow(level, height, fanout), content });
}

const FOLLOWERS: { readonly [E in Exclude<EventName, "GameStarted" | "GameEnded">]: Follower<E> } = {
  Revealed: (game, { content }, following) => revealed(game, content, following),
  Chosen: (game, { index, defender, rival }) => ({
    ...at(game, {}, { defender, rival }),
    ...{ stage: "reveal", height: game.shown, index, shown: 0 },
  }),
  StepChosen(game, { index, defender, claim }) {
    const { loss, entriesRoot: entries, valuesRoot: values } = claim;
    const step = game.position.facts.firstStep + BigInt(index);
    const next = at(game, { step, loss, entries, values }, { defender, rival: zeroHash });
    return { ...next, level: "values", stage: "enter", height: 0, index, shown: 0 };
  },
  StepEntered(game, { before, claim, content }, following) {
    const { entries, values } = game.position.facts;
    const { program } = following;
    const facts: Partial<Facts> = {
      ...{ before, loss: claim.loss, entries: zeroHash, firstStep: 0n, history: zeroHash },
      ...{ valueCount: program.values, numericsId: program.numericsId, records: program.recordsRoot },
    };
    if (claim.valuesRoot !== values) {
      const next = at(game, facts, { defender: claim.valuesRoot, rival: values });
      return revealed(placed(next, "values", Number(program.values)), content, following);
    }
    if (claim.entriesRoot !== entries) {
      const next = at(game, facts, { defender: claim.entriesRoot, rival: entries });
      return revealed(placed(next, "entries", Number(program.entries)), content, following);
    }
    return { ...at(game, facts, { defender: zeroHash, rival: zeroHash }), level: "loss", stage: "choose" };
  },
  async ValueChosen(game, { value, defender, leavesRoot }, following) {
    const record = await following.record(value);
    const next = at(game, { value: BigInt(value), record: keccak256(record) }, { defender, rival: leavesRoot });
    return { ...placed(next, "leaves", leafCount(decodeRecord(record).type)), stage: "enter" };
  },
  ValueEntered: (game, { leavesRoot, content }, following) =>
    revealed(at(game, {}, { ...game.position, defender: leavesRoot }), content, following),
  async WordChosen(game, { element, defender, accsRoot }, following) {
    const record = decodeRecord(await following.record(Number(game.position.facts.value)));
    if (record.kind !== "node") return refuse("RecordInvalid", { kind: record.kind });
    const next = at(game, { element, word: defender, accs: accsRoot }, { defender: zeroHash, rival: accsRoot });
    return { ...placed(next, "accs", foldChunks(record.scope)), stage: "enter" };
  },
  FoldEntered: (game, { accsRoot, content }, following) =>
    revealed(at(game, {}, { ...game.position, defender: accsRoot }), content, following),
};

const outcomes: readonly ("none" | Side)[] = ["none", "defender", "rival"];

/** The game after an event of a block at `now`, Unix seconds. */
export async function followGame(game: Game, event: GameEvent, following: Following & { now: number }): Promise<Game> {
  const { now, rules } = following;
  if (event.eventName === "GameStarted") return startGame(game, rules, now);
  if (event.eventName === "GameEnded") return { ...game, outcome: outcomes[event.args.outcome]! };
  const follow = FOLLOWERS[event.eventName] as Follower<EventName>;
  return pressed(game, await follow(game, event.args as never, following), { now, rules });
}
