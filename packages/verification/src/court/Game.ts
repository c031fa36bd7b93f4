// A game between two roots as the contract keeps it and its log tells it (spec/court.md §3; contracts/src/interfaces/IGames.sol
// has the same structs by the same names). Numbers of 64 bits are bigint, smaller ones are numbers, bytes are 0x-hex.
import { zeroHash } from "@weft/protocol/fields";
import { treeHeight } from "@weft/tensor/commit/HashTree";
import { encodeAbiParameters, type Hex, keccak256 } from "viem";

export type Side = "defender" | "rival";

/** In the contract's order. */
export const levels = ["steps", "values", "entries", "leaves", "accs", "loss", "outside"] as const;
export type Level = (typeof levels)[number];

/** The defender enters and reveals, the rival chooses. */
export const stages = ["enter", "reveal", "choose"] as const;
export type Stage = (typeof stages)[number];

export type Outcome = "none" | Side;

/** What both sides agree on so far; what isn't known yet, or needed no more, is 0. */
export type Facts = {
  node: Hex;
  sponsor: Hex;
  program: Hex;
  firstStep: bigint;
  history: Hex;
  before: Hex;
  step: bigint;
  loss: number;
  entries: Hex;
  values: Hex;
  valueCount: bigint;
  numericsId: number;
  records: Hex;
  value: bigint;
  record: Hex;
  element: bigint;
  word: number;
  accs: Hex;
};

/** Hash of the facts and the two hashes of the place. */
export type Place = { facts: Hex; defender: Hex; rival: Hex };
export type Position = { facts: Facts; defender: Hex; rival: Hex };

/** Nodes that a defender showed: those `shown` high below node (height, index), or what the leaves hold where shown is 0. */
export type Reveal = {
  readonly level: Level;
  readonly height: number;
  readonly index: number;
  readonly shown: number;
  readonly content: Hex;
};

export type Game = {
  readonly id: Hex;
  readonly level: Level;
  readonly stage: Stage;
  readonly outcome: Outcome;
  /** The place, in a tree of `count` leaves. */
  readonly height: number;
  readonly index: number;
  readonly count: number;
  /** Height of the nodes revealed last; only at a choice. */
  readonly shown: number;
  /** Seconds left to each side when the turn began. */
  readonly defenderLeft: number;
  readonly rivalLeft: number;
  /** Unix seconds of the turn's begin; 0 while the game waits. */
  readonly since: number;
  readonly position: Position;
  /** The defender's last. */
  readonly revealed: Reveal | undefined;
};

/** What games go by; the court's parameters. */
export type Rules = {
  /** A power of two, at least 8. */
  readonly fanout: number;
  readonly clockSeconds: number;
  readonly extensionSeconds: number;
  readonly inclusionSeconds: number;
};

/** Whose turn it is; undefined while the game waits and when it is over. */
export function turnOf({ stage, outcome, since }: Pick<Game, "stage" | "outcome" | "since">): Side | undefined {
  if (outcome !== "none" || since === 0) return undefined;
  return stage === "choose" ? "rival" : "defender";
}

/** The last second in which the side to move can. */
export function deadlineOf(game: Game, { inclusionSeconds }: Pick<Rules, "inclusionSeconds">): number {
  return game.since + (game.stage === "choose" ? game.rivalLeft : game.defenderLeft) + inclusionSeconds;
}

const factTypes = [
  ...[{ type: "bytes20" }, { type: "address" }, { type: "bytes32" }, { type: "uint64" }, { type: "bytes32" }],
  ...[{ type: "bytes32" }, { type: "uint64" }, { type: "uint32" }, { type: "bytes32" }, { type: "bytes32" }],
  ...[{ type: "uint64" }, { type: "uint8" }, { type: "bytes32" }, { type: "uint64" }, { type: "bytes32" }],
  ...[{ type: "uint64" }, { type: "uint32" }, { type: "bytes32" }],
];

/** keccak256(abi.encode(facts)). */
export function factsHash(f: Facts): Hex {
  const values = [
    ...[f.node, f.sponsor, f.program, f.firstStep, f.history, f.before, f.step, f.loss, f.entries, f.values],
    ...[f.valueCount, f.numericsId, f.records, f.value, f.record, f.element, f.word, f.accs],
  ];
  return keccak256(encodeAbiParameters(factTypes, values));
}

export function placeOf({ facts, defender, rival }: Position): Place {
  return { facts: factsHash(facts), defender, rival };
}

const placeTypes = [{ type: "bytes32" }, { type: "bytes32" }, { type: "bytes32" }] as const;

/** keccak256(abi.encode(facts hash, defender, rival)): all that the contract keeps of a position. */
export function placeHash({ facts, defender, rival }: Place): Hex {
  return keccak256(encodeAbiParameters(placeTypes, [facts, defender, rival]));
}

/** What is at stake between two histories of the segment before anything is agreed. */
export type Opening = Pick<Facts, "node" | "sponsor" | "program" | "firstStep" | "history" | "before"> & {
  readonly rival: Hex;
  readonly steps: number;
};

const unknown = {
  ...{ firstStep: 0n, history: zeroHash, step: 0n, loss: 0, entries: zeroHash, values: zeroHash },
  ...{ valueCount: 0n, numericsId: 0, records: zeroHash },
  ...{ value: 0n, record: zeroHash, element: 0n, word: 0, accs: zeroHash },
};

const waiting = {
  ...({ outcome: "none", index: 0, shown: 0, revealed: undefined } as const),
  ...{ defenderLeft: 0, rivalLeft: 0, since: 0 },
};

/** A game of ground `history`; it waits for its start. */
export function openGame(id: Hex, { rival, steps, ...known }: Opening): Game {
  return {
    ...{ ...waiting, id, level: "steps", stage: "reveal", height: treeHeight(steps), count: steps },
    position: { facts: { ...unknown, ...known }, defender: known.history, rival },
  };
}

/**
 * What is at stake over a result of an epoch: a run of one step without a loss. `defender` is its step root; the rival has
 * said what is behind its own.
 */
export type ResultOpening = Pick<Facts, "node" | "sponsor" | "program" | "before" | "entries" | "values"> & {
  readonly defender: Hex;
};

/** The game of a result; it waits for its start. It begins where others are once a step was chosen. */
export function openResultGame(id: Hex, { defender, ...known }: ResultOpening): Game {
  return {
    ...{ ...waiting, id, level: "values", stage: "enter", height: 0, count: 1 },
    position: { facts: { ...unknown, ...known }, defender, rival: zeroHash },
  };
}

/** Both clocks start; the defender moves first. */
export function startGame(game: Game, { clockSeconds }: Rules, now: number): Game {
  return { ...game, defenderLeft: clockSeconds, rivalLeft: clockSeconds, since: now };
}
