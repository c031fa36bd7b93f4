// From the values of a step to the leaves of one, and values that no operator computes (contracts/src/court/ValueMoves.sol).
import { leafCount } from "@weft/tensor/commit/TensorLayout";
import type { ValueType } from "@weft/tensor/graph/Graph";
import type { Hex } from "viem";
import { keccak256 } from "viem";
import type { Facts, Game, Rules } from "./Game.ts";
import {
  bytesOf,
  entryLeaf,
  leafOf,
  mustBe,
  rootFrom,
  scalarRoot,
  stateRootOf,
  tensorRootOf,
  wordIn,
} from "./hashes.ts";
import type { Choice, MoveOf, Record, TensorLeaf } from "./Move.ts";
import { checkFirst, checkReveal, withReveal } from "./narrowing.ts";
import { decodeRecord, type Given } from "./records.ts";
import { refuse } from "./refuse.ts";
import { checkProgram, choiceAt, over, refute, turnAt } from "./turns.ts";

const leafWords = 32;

/** A choice of the first value that differs, with its record. */
function checkValue(game: Game, { index, defender, rival, siblings }: Choice, record: Record): void {
  choiceAt(game, "values");
  checkFirst(game, game.position, { index, siblings, defender: leafOf(defender), rival: leafOf(rival) });
  const { records, valueCount } = game.position.facts;
  mustBe(records, rootFrom(Number(valueCount), index, leafOf(record.data), record.path));
}

function givenAt(game: Game, move: { choice: Choice; record: Record }, kind: Given["kind"]): Given {
  checkValue(game, move.choice, move.record);
  const given = decodeRecord(move.record.data);
  return given.kind === kind ? (given as Given) : refuse("RecordInvalid", { kind: given.kind });
}

export function chooseValue(game: Game, { choice, record, leavesRoot }: MoveOf<"chooseValue">): Game {
  checkValue(game, choice, record);
  const { kind, type } = decodeRecord(record.data);
  if (kind !== "node" && kind !== "batch") refuse("RecordInvalid", { kind });
  mustBe(choice.rival, tensorRootOf(type, leavesRoot));
  const facts: Facts = { ...game.position.facts, value: BigInt(choice.index), record: keccak256(record.data) };
  const position = { facts, defender: choice.defender, rival: leavesRoot };
  return { ...over(game, "leaves", leafCount(type)), stage: "enter", position };
}

export function enterValue(game: Game, { record, leavesRoot, content }: MoveOf<"enterValue">, { fanout }: Rules): Game {
  turnAt(game, "leaves", "enter");
  const { facts, defender } = game.position;
  mustBe(facts.record, keccak256(record));
  mustBe(defender, tensorRootOf(decodeRecord(record).type, leavesRoot));
  const next = { ...game, position: { ...game.position, defender: leavesRoot } };
  return withReveal(next, checkReveal(game, leavesRoot, { content, fanout }));
}

export function proveConstant(game: Game, move: MoveOf<"proveConstant">): Game {
  const { tensorRoot } = givenAt(game, move, "constant");
  return refute(game, move.choice.defender === tensorRoot);
}

export function proveState(game: Game, move: MoveOf<"proveState">): Game {
  const { source } = givenAt(game, move, "state");
  const { program, entry, choice } = move;
  const { facts } = game.position;
  checkProgram(program, facts.program);
  mustBe(facts.before, stateRootOf(facts.step, program.inputs, entry.entriesRoot));
  const leaf = entryLeaf(entry.name, entry.tensorRoot);
  mustBe(entry.entriesRoot, rootFrom(Number(program.inputs), source, leaf, entry.path));
  return refute(game, choice.defender === entry.tensorRoot);
}

export function proveRate(game: Game, move: MoveOf<"proveRate">): Game {
  givenAt(game, move, "scalar");
  const { program, rate, choice } = move;
  const { facts } = game.position;
  checkProgram(program, facts.program);
  const type = { dtype: "f32", shape: [Number(program.totalSteps)] } as const;
  const word = openedWord({ type, root: program.ratesRoot, at: Number(facts.step) }, rate);
  return refute(game, choice.defender === scalarRoot(word));
}

/** Word `at` of a tensor of one dimension, from its leaf. */
export function openedWord(
  { type, root, at }: { readonly type: ValueType; readonly root: Hex; readonly at: number },
  { data, leavesRoot, path }: TensorLeaf,
): number {
  const [length] = type.shape as [number];
  if (at >= length) refuse("IndexOutside", { index: at, first: 0, end: length });
  if (bytesOf(data) !== 128) refuse("ContentLength", { length: bytesOf(data), expected: 128 });
  mustBe(root, tensorRootOf(type, leavesRoot));
  mustBe(leavesRoot, rootFrom(leafCount(type), Math.floor(at / leafWords), leafOf(data), path));
  return wordIn(data, at % leafWords);
}
