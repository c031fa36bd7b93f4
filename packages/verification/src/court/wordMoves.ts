// From the leaves of a value to one word, and from that word to what it follows from (contracts/src/court/WordMoves.sol).

import { zeroHash } from "@weft/protocol/fields";
import { foldChunk, foldChunks, isFold } from "@weft/tensor/commit/folds";
import { type NodeScope, type ReadWord, recomputeWord } from "@weft/tensor/commit/recomputeWord";
import { columnsOf, leafCount, leavesPerRow, leafOf as placeOfElement } from "@weft/tensor/commit/TensorLayout";
import type { ValueType } from "@weft/tensor/graph/Graph";
import { seedWords, wordBelow } from "@weft/tensor/seedStream";
import { type Hex, hexToBytes, keccak256 } from "viem";
import type { Facts, Game, Rules } from "./Game.ts";
import { accLeaf, bytesOf, leafOf, mustBe, rootFrom, tensorRootOf, wordIn } from "./hashes.ts";
import type { Choice, CourtStruct, LeafOpening, MoveOf } from "./Move.ts";
import { checkFirst, checkReveal, withReveal } from "./narrowing.ts";
import { type Computed, decodeRecord, type Given } from "./records.ts";
import { refuse } from "./refuse.ts";
import { checkProgram, choiceAt, over, refute, turnAt } from "./turns.ts";
import { openedWord } from "./valueMoves.ts";

const leafBytes = 128;
const leafWords = 32;
const mostOpenings = 4;
const dataOrder = "weft/data-order/2";

/** The first word in which two leaves differ: where it is, and both sides' words. */
export type Word = { element: number; isPadding: boolean; defender: number; rival: number };

/** Of two leaves at an index, which differ. */
export function firstWord(type: ValueType, { index, defender, rival }: Omit<Choice, "siblings">): Word {
  let at = 0;
  while (wordIn(defender, at) === wordIn(rival, at)) at++;
  const [columns, perRow] = [columnsOf(type), leavesPerRow(type)];
  const column = (index % perRow) * leafWords + at;
  return {
    element: Math.floor(index / perRow) * columns + column,
    isPadding: column >= columns,
    defender: wordIn(defender, at),
    rival: wordIn(rival, at),
  };
}

/** A choice of the first leaf that differs, and in it of the first word. */
function wordAt(
  game: Game,
  { choice, record }: { choice: Choice; record: Hex },
): { word: Word; value: Given | Computed } {
  choiceAt(game, "leaves");
  const { index, defender, rival, siblings } = choice;
  for (const leaf of [defender, rival])
    if (bytesOf(leaf) !== leafBytes) refuse("ContentLength", { length: bytesOf(leaf), expected: leafBytes });
  checkFirst(game, game.position, { index, siblings, defender: leafOf(defender), rival: leafOf(rival) });
  mustBe(game.position.facts.record, keccak256(record));
  const value = decodeRecord(record);
  return { word: firstWord(value.type, choice), value };
}

function scopeOf(value: Given | Computed): NodeScope {
  return value.kind === "node" ? value.scope : refuse("RecordInvalid", { kind: value.kind });
}

export function chooseWord(game: Game, move: MoveOf<"chooseWord">): Game {
  const { word, value } = wordAt(game, move);
  if (word.isPadding) refuse("IsPadding", { element: word.element });
  const scope = scopeOf(value);
  if (!isFold(scope.node.op)) refuse("OperatorFolds", { op: scope.node.op });
  const chunks = foldChunks(scope);
  const { root, lastPath } = move.claim;
  mustBe(root, rootFrom(chunks, chunks - 1, accLeaf(word.rival), lastPath));
  const facts: Facts = { ...game.position.facts, element: BigInt(word.element), word: word.defender, accs: root };
  return { ...over(game, "accs", chunks), stage: "enter", position: { facts, defender: zeroHash, rival: root } };
}

export function enterFold(game: Game, { claim, content }: MoveOf<"enterFold">, { fanout }: Rules): Game {
  turnAt(game, "accs", "enter");
  const { count, position } = game;
  const { root, lastPath } = claim;
  mustBe(root, rootFrom(count, count - 1, accLeaf(position.facts.word), lastPath));
  const next = { ...game, position: { ...position, defender: root } };
  return withReveal(next, checkReveal(game, root, { content, fanout }));
}

export function proveFold(game: Game, { record, choice, before, openings }: MoveOf<"proveFold">): Game {
  choiceAt(game, "accs");
  const { facts } = game.position;
  const { index, defender, rival, siblings } = choice;
  checkFirst(game, game.position, { index, siblings, defender: accLeaf(defender), rival: accLeaf(rival) });
  mustBe(facts.record, keccak256(record));
  if (index !== 0) mustBe(facts.accs, rootFrom(game.count, index - 1, accLeaf(before.word), before.path));
  return refute(game, rightFold({ position: game.position, record, choice, before, openings }) === defender);
}

/** The partial sum that follows from the one before and the operands opened; undefined where no word is defined. */
export function rightFold(move: Omit<MoveOf<"proveFold">, "call">): number | undefined {
  const { facts } = move.position;
  const scope = scopeOf(decodeRecord(move.record));
  const read = openedReader(facts, scope, move.openings);
  const place = { element: Number(facts.element), chunk: move.choice.index };
  return foldChunk(scope, place, { before: move.before.word, read });
}

export function proveWord(game: Game, move: MoveOf<"proveWord">): Game {
  const { word } = wordAt(game, move);
  return refute(game, rightWord({ ...move, position: game.position }) === word.defender);
}

/** The word that follows from the operands opened; undefined where none is defined. */
export function rightWord({ position, record, choice, openings }: MoveOf<"proveWord">): number | undefined {
  const value = decodeRecord(record);
  const word = firstWord(value.type, choice);
  if (word.isPadding) return 0;
  const scope = scopeOf(value);
  if (isFold(scope.node.op)) refuse("OperatorFolds", { op: scope.node.op });
  return recomputeWord(scope, word.element, openedReader(position.facts, scope, openings));
}

export function proveToken(game: Game, move: MoveOf<"proveToken">): Game {
  const { word, value } = wordAt(game, move);
  if (!word.isPadding) {
    if (value.kind !== "batch") refuse("RecordInvalid", { kind: value.kind });
    checkProgram(move.program, game.position.facts.program);
  }
  return refute(game, rightToken({ ...move, position: game.position }) === word.defender);
}

/** The token that is drawn for the place. */
export function rightToken({ position, program, record, choice, token }: MoveOf<"proveToken">): number {
  const value = decodeRecord(record);
  const word = firstWord(value.type, choice);
  if (word.isPadding) return 0;
  if (value.kind !== "batch") refuse("RecordInvalid", { kind: value.kind });
  const type = { dtype: "i32", shape: [Number(program.tokens)] } as const;
  const at = tokenPlace(program, { step: Number(position.facts.step), source: value.source, element: word.element });
  return openedWord({ type, root: program.tokensRoot, at }, token);
}

/** The token that an element of a batch input is (spec/tensor.md §7.6). */
export function tokenPlace(
  program: CourtStruct,
  { step, source, element }: { readonly step: number; readonly source: number; readonly element: number },
): number {
  const context = Number(program.context);
  const isTargets = source === 1;
  const onlyLast = isTargets && program.targets === 1;
  const [row, column] = onlyLast ? [element, context] : [Math.floor(element / context), element % context];
  const word = seedWords(hexToBytes(program.seed), dataOrder, step, row + 1)[row]!;
  return wordBelow(word, Number(program.tokens) - context) + column + (isTargets && !onlyLast ? 1 : 0);
}

/** Words of operands, from leaves opened under the values root. Those values have lower numbers than the one in dispute. */
function openedReader(facts: Facts, { node, operands }: NodeScope, openings: readonly LeafOpening[]): ReadWord {
  if (openings.length > mostOpenings) refuse("TooManyOpenings", { length: openings.length, limit: mostOpenings });
  const opened = new Map<string, Hex>();
  for (const { operand, leaf, data, leavesRoot, path, valuePath } of openings) {
    const [type, value] = [operands[operand], node.in[operand]];
    if (type === undefined || value === undefined) refuse("OperandUnknown", { operand });
    if (value >= facts.value) refuse("OperandUnknown", { operand: value });
    if (bytesOf(data) !== leafBytes) refuse("ContentLength", { length: bytesOf(data), expected: leafBytes });
    const leaves = leafCount(type);
    if (leaves >= 2 ** 32) refuse("CountInvalid", { count: leaves });
    mustBe(leavesRoot, rootFrom(leaves, Number(leaf), leafOf(data), path));
    const root = leafOf(tensorRootOf(type, leavesRoot));
    mustBe(facts.values, rootFrom(Number(facts.valueCount), value, root, valuePath));
    opened.set(`${value} ${leaf}`, data);
  }
  return (operand, element) => {
    const { leaf, at } = placeOfElement(operands[operand]!, element);
    const data = opened.get(`${node.in[operand]} ${leaf}`) ?? refuse("NotOpened", { operand, leaf });
    return wordIn(data, at);
  };
}
