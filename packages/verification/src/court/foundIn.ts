// What a move's calldata shows of the place in dispute: step, value, operator, element, and the words that the sides differ in.
import type { Found } from "@weft/protocol/DisputeEvent";
import { type Hex, hexToString } from "viem";
import type { CourtCall } from "./CourtLog.ts";
import type { GameEvent } from "./followGame.ts";
import type { Game } from "./Game.ts";
import { wordIn } from "./hashes.ts";
import { type Call, type Choice, type Move, moveOf, order } from "./Move.ts";
import { type Computed, decodeRecord, type Given } from "./records.ts";
import { firstWord, rightFold, rightToken, rightWord } from "./wordMoves.ts";

const isCall = (name: string): name is Call => Object.hasOwn(order, name);

const moveIn = (call: CourtCall | undefined): Move | undefined =>
  call !== undefined && isCall(call.functionName) ? moveOf(call.functionName, call.args) : undefined;

/** The record that a move carries. @throws Error where it carries none */
export function recordIn(call: CourtCall | undefined): Hex {
  const move = moveIn(call);
  if (move === undefined || !("record" in move)) throw new Error("the move carries no record");
  return typeof move.record === "string" ? move.record : move.record.data;
}

/** The leaf that a move chooses; undefined where it chooses none. */
export function chosenIn(call: CourtCall | undefined): number | undefined {
  const move = moveIn(call);
  return move !== undefined && "choice" in move ? move.choice.index : undefined;
}

const valueIn = (record: Hex): Found => {
  const value = decodeRecord(record);
  return { operator: operatorOf(value), shape: [...value.type.shape] };
};

const operatorOf = (value: Given | Computed): string => (value.kind === "node" ? value.scope.node.op : value.kind);

type Around = {
  readonly before: Game | undefined;
  readonly after: Game | undefined;
  readonly call: CourtCall | undefined;
};

/** What a move that goes on has come to know. */
export function foundAfter({ eventName, args }: GameEvent, { before, call }: Around): Found {
  if (eventName === "StepChosen" && before !== undefined)
    return { step: Number(before.position.facts.firstStep) + args.index };
  if (eventName === "ValueChosen") return { value: args.value, ...attempt(() => valueIn(recordIn(call))) };
  if (eventName === "WordChosen") {
    const dtype = attempt(() => dtypeOf(recordIn(call))) ?? "f32";
    return { element: Number(args.element), words: { dtype, defender: args.defender, rival: args.rival } };
  }
  return {};
}

/** Nothing where the calldata isn't what is read as. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** What the proof at the end shows, with the word that follows from what both sides agree on. */
export function foundIn(call: CourtCall | undefined): Found {
  return attempt(() => proven(moveIn(call))) ?? {};
}

function proven(move: Move | undefined): Found {
  switch (move?.call) {
    case "proveWord":
      return wordFound(move, rightWord(move));
    case "proveToken":
      return wordFound(move, rightToken(move));
    case "proveFold": {
      const { defender, rival, index: chunk } = move.choice;
      return { chunk, words: { dtype: dtypeOf(move.record), defender, rival, ...defined(rightFold(move)) } };
    }
    case "proveState":
      return { value: move.choice.index, ...valueIn(move.record.data), entry: hexToString(move.entry.name) };
    case "proveRate":
    case "proveConstant":
      return { value: move.choice.index, ...valueIn(move.record.data) };
    case "proveEntry":
      return { entry: hexToString(move.rule.name), value: move.rule.value };
    case "proveLoss":
      return { words: { dtype: "f32", defender: move.position.facts.loss, right: wordIn(move.leaf, 0) } };
    default:
      return {};
  }
}

function wordFound({ record, choice }: { record: Hex; choice: Choice }, right: number | undefined): Found {
  const { type } = decodeRecord(record);
  const { element, defender, rival } = firstWord(type, choice);
  return { element, words: { dtype: type.dtype, defender, rival, ...defined(right) } };
}

const dtypeOf = (record: Hex) => decodeRecord(record).type.dtype;
const defined = (right: number | undefined): { right?: number } => (right === undefined ? {} : { right });
