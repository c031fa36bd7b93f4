// The moves of a game with all that a contract is called with, by the names of contracts/src/interfaces/IGames.sol.
import type { CourtProgram } from "@weft/tensor/commit/courtProgram";
import { bytesToHex, type Hex } from "viem";
import type { Level, Place, Position, Side } from "./Game.ts";

/** tensor's CourtProgram as a contract reads it. */
export type CourtStruct = {
  readonly [K in keyof CourtProgram]: CourtProgram[K] extends Uint8Array
    ? Hex
    : K extends "numericsId" | "targets"
      ? number
      : bigint;
};

/** Of the nodes just revealed, the first that differs, with siblings from below: see `climb`. */
export type Choice = { index: number; defender: Hex; rival: Hex; siblings: readonly Hex[] };
/** The same for acc words. */
export type AccChoice = { index: number; defender: number; rival: number; siblings: readonly Hex[] };
/** What is behind a side's step root, and the root of all values of that step. */
export type StepClaim = { loss: number; entriesRoot: Hex; valuesRoot: Hex };
/** What is behind the step root before, and its path in the defender's history. Empty for a segment's first step. */
export type StepBefore = { loss: number; state: Hex; path: readonly Hex[] };
/** A value's record, opened under the court program's records root. */
export type Record = { data: Hex; path: readonly Hex[] };
/** The root over the partial sums of an element, and the path of the last one. */
export type AccsClaim = { root: Hex; lastPath: readonly Hex[] };
/** The partial sum before a chunk; empty for the first chunk. */
export type AccBefore = { word: number; path: readonly Hex[] };
/** An entry of the state before a step. */
export type EntryOpening = { name: Hex; tensorRoot: Hex; entriesRoot: Hex; path: readonly Hex[] };
/** An entry of the state after a step, as the court program says it: the value that it takes. */
export type EntryRule = { name: Hex; value: number; path: readonly Hex[] };
/** One leaf of a tensor whose root is known. */
export type TensorLeaf = { data: Hex; leavesRoot: Hex; path: readonly Hex[] };
/** One leaf of operand number `operand` of the value in dispute, up to the values root. */
export type LeafOpening = {
  operand: number;
  leaf: bigint;
  data: Hex;
  leavesRoot: Hex;
  path: readonly Hex[];
  valuePath: readonly Hex[];
};

/** What each call takes between the game's id and the signature. */
export type Arguments = {
  reveal: { place: Place; content: Hex };
  choose: { place: Place; choice: Choice };
  chooseStep: { position: Position; program: CourtStruct; choice: Choice; claim: StepClaim };
  enterStep: { position: Position; program: CourtStruct; before: StepBefore; claim: StepClaim; content: Hex };
  chooseValue: { position: Position; choice: Choice; record: Record; leavesRoot: Hex };
  enterValue: { position: Position; record: Hex; leavesRoot: Hex; content: Hex };
  chooseWord: { position: Position; record: Hex; choice: Choice; claim: AccsClaim };
  enterFold: { position: Position; claim: AccsClaim; content: Hex };
  proveState: { position: Position; program: CourtStruct; choice: Choice; record: Record; entry: EntryOpening };
  proveRate: { position: Position; program: CourtStruct; choice: Choice; record: Record; rate: TensorLeaf };
  proveConstant: { position: Position; choice: Choice; record: Record };
  proveEntry: {
    position: Position;
    program: CourtStruct;
    choice: Choice;
    rule: EntryRule;
    tensorRoot: Hex;
    valuePath: readonly Hex[];
  };
  proveLoss: { position: Position; program: CourtStruct; leaf: Hex; valuePath: readonly Hex[] };
  proveToken: { position: Position; program: CourtStruct; record: Hex; choice: Choice; token: TensorLeaf };
  proveWord: { position: Position; record: Hex; choice: Choice; openings: readonly LeafOpening[] };
  proveFold: {
    position: Position;
    record: Hex;
    choice: AccChoice;
    before: AccBefore;
    openings: readonly LeafOpening[];
  };
};
export type Call = keyof Arguments;
export type MoveOf<C extends Call> = { readonly call: C } & Readonly<Arguments[C]>;
export type Move = { [C in Call]: MoveOf<C> }[Call];

/** The root that a move claims of its side's own, which nothing so far determines; undefined for moves that prove themselves. */
export function deepClaimOf(
  move: Move,
): { readonly side: Side; readonly level: Level; readonly root: Hex } | undefined {
  switch (move.call) {
    case "chooseStep":
      return { side: "rival", level: "values", root: move.claim.valuesRoot };
    case "enterStep":
      return { side: "defender", level: "values", root: move.claim.valuesRoot };
    case "chooseWord":
      return { side: "rival", level: "accs", root: move.claim.root };
    case "enterFold":
      return { side: "defender", level: "accs", root: move.claim.root };
    default:
      return undefined;
  }
}

/** Of each call, what it takes between the game's id and the signature, in order. */
export const order: { readonly [C in Call]: readonly (keyof Arguments[C])[] } = {
  reveal: ["place", "content"],
  choose: ["place", "choice"],
  chooseStep: ["position", "program", "choice", "claim"],
  enterStep: ["position", "program", "before", "claim", "content"],
  chooseValue: ["position", "choice", "record", "leavesRoot"],
  enterValue: ["position", "record", "leavesRoot", "content"],
  chooseWord: ["position", "record", "choice", "claim"],
  enterFold: ["position", "claim", "content"],
  proveState: ["position", "program", "choice", "record", "entry"],
  proveRate: ["position", "program", "choice", "record", "rate"],
  proveConstant: ["position", "choice", "record"],
  proveEntry: ["position", "program", "choice", "rule", "tensorRoot", "valuePath"],
  proveLoss: ["position", "program", "leaf", "valuePath"],
  proveToken: ["position", "program", "record", "choice", "token"],
  proveWord: ["position", "record", "choice", "openings"],
  proveFold: ["position", "record", "choice", "before", "openings"],
};

/** Arguments of the contract's call. `signature` is the side's own under a deep claim, empty where that side sends. */
export function callOf(game: Hex, move: Move, signature: Hex = "0x"): { functionName: Call; args: readonly unknown[] } {
  const given = order[move.call].map((name) => (move as unknown as Readonly<{ [name: string]: unknown }>)[name]);
  const claimed = deepClaimOf(move) === undefined ? [] : [signature];
  return { functionName: move.call, args: [game, ...given, ...claimed] };
}

/** The move that a call of the contract is: the reverse of `callOf`. */
export function moveOf(functionName: Call, [, ...args]: readonly unknown[]): Move {
  const fields = order[functionName].map((name, i) => [name, args[i]]);
  return { call: functionName, ...Object.fromEntries(fields) } as Move;
}

/** Numbers become bigint where the contract has 64 bits. */
export function courtStruct(program: CourtProgram): CourtStruct {
  const small = new Set(["numericsId", "targets"]);
  const entries = Object.entries(program).map(([field, value]) => {
    if (value instanceof Uint8Array) return [field, bytesToHex(value)];
    return [field, small.has(field) ? value : BigInt(value as number)];
  });
  return Object.fromEntries(entries) as CourtStruct;
}
