// The rival's moves: where the defender's history differs first, and in the end what would have been right.
import { zeroHash } from "@weft/protocol/fields";
import { foldChunk, foldChunks, isFold } from "@weft/tensor/commit/folds";
import { recomputeWord } from "@weft/tensor/commit/recomputeWord";
import { leafCount } from "@weft/tensor/commit/TensorLayout";
import { type Hex, hexToNumber, sliceHex } from "viem";
import { firstDifference } from "./firstDifference.ts";
import { type Game, placeOf } from "./Game.ts";
import { bytesOf, wordIn } from "./hashes.ts";
import type { Choice, Move, Record, TensorLeaf } from "./Move.ts";
import type { Player } from "./nextMove.ts";
import { openOperands } from "./openOperands.ts";
import { rootOf, treeAt } from "./ownTrees.ts";
import { type Computed, decodeRecord, type Given } from "./records.ts";
import type { TraceOracle, TreeName } from "./TraceOracle.ts";
import { firstWord, tokenPlace, type Word } from "./wordMoves.ts";

export async function rivalMove(game: Game, player: Player): Promise<Move | undefined> {
  if (game.level === "loss") return proveLoss(game, player);
  const choice = await firstDifference(game, player.oracle);
  if (choice === undefined) return undefined;
  if (game.shown > 0) return { call: "choose", place: placeOf(game.position), choice };
  if (game.level === "steps") return chooseStep(game, player, choice);
  if (game.level === "values") return atValue(game, player, choice);
  if (game.level === "entries") return proveEntry(game, player, choice);
  return game.level === "leaves" ? atWord(game, player, choice) : proveFold(game, player, choice);
}

async function chooseStep(game: Game, { oracle, program }: Player, choice: Choice): Promise<Move> {
  const step = Number(game.position.facts.firstStep) + choice.index;
  const { loss } = await oracle.after(step);
  const entriesRoot = await rootOf(oracle, { of: "entries", step }, Number(program.entries));
  const valuesRoot = await rootOf(oracle, { of: "values", step }, Number(program.values));
  return { call: "chooseStep", position: game.position, program, choice, claim: { loss, entriesRoot, valuesRoot } };
}

async function proveLoss({ position }: Game, { oracle, program }: Player): Promise<Move> {
  const step = Number(position.facts.step);
  const value = Number(program.lossValue);
  const [leaf] = (await oracle.leaves({ of: "leaves", step, value }, 0, 1)) as [Hex];
  return { call: "proveLoss", position, program, leaf, valuePath: await oracle.path({ of: "values", step }, value) };
}

/** A name and what follows it in an entry of the state or of the court program. */
const nameIn = (entry: Hex): { name: Hex; rest: Hex } => {
  const length = hexToNumber(sliceHex(entry, 0, 1));
  // A slice of nothing is refused by viem; names have at least one character.
  return { name: sliceHex(entry, 1, 1 + length), rest: sliceHex(entry, 1 + length) };
};

async function proveEntry(game: Game, { oracle, program }: Player, choice: Choice): Promise<Move> {
  const { position } = game;
  const step = Number(position.facts.step);
  const [entry] = (await oracle.leaves({ of: "schema" }, choice.index, 1)) as [Hex];
  const { name, rest } = nameIn(entry);
  const value = hexToNumber(rest);
  const rule = { name, value, path: await oracle.path({ of: "schema" }, choice.index) };
  const [tensorRoot] = (await oracle.leaves({ of: "values", step }, value, 1)) as [Hex];
  const valuePath = await oracle.path({ of: "values", step }, value);
  return { call: "proveEntry", position, program, choice, rule, tensorRoot, valuePath };
}

// ---- values --------------------------------------------------------------------------------------------------------

async function atValue(game: Game, player: Player, choice: Choice): Promise<Move> {
  const { oracle } = player;
  const [data] = (await oracle.leaves({ of: "records" }, choice.index, 1)) as [Hex];
  const record: Record = { data, path: await oracle.path({ of: "records" }, choice.index) };
  const value = decodeRecord(data);
  const { position } = game;
  if (value.kind === "constant") return { call: "proveConstant", position, choice, record };
  if (value.kind === "state") return proveState(game, player, { choice, record, entry: value.source });
  if (value.kind === "scalar") return proveRate(game, player, { choice, record });
  const tree = { of: "leaves", step: Number(position.facts.step), value: choice.index } as const;
  const leavesRoot = await rootOf(oracle, tree, leafCount(value.type));
  return { call: "chooseValue", position, choice, record, leavesRoot };
}

type Given1 = { choice: Choice; record: Record };

async function proveState(
  { position }: Game,
  { oracle, program }: Player,
  { choice, record, entry: place }: Given1 & { entry: number },
): Promise<Move> {
  const tree: TreeName = { of: "entries", step: Number(position.facts.step) - 1 };
  const [bytes] = (await oracle.leaves(tree, place, 1)) as [Hex];
  const { name, rest: tensorRoot } = nameIn(bytes);
  const entriesRoot = await rootOf(oracle, tree, Number(program.inputs));
  const entry = { name, tensorRoot, entriesRoot, path: await oracle.path(tree, place) };
  return { call: "proveState", position, program, choice, record, entry };
}

async function proveRate({ position }: Game, { oracle, program }: Player, { choice, record }: Given1): Promise<Move> {
  const at = Number(position.facts.step);
  const rate = await openWord(oracle, { of: "rates" }, { length: Number(program.totalSteps), at });
  return { call: "proveRate", position, program, choice, record, rate };
}

/** The leaf with word `at` of a tensor of one dimension. */
async function openWord(
  oracle: TraceOracle,
  tree: TreeName,
  { length, at }: { readonly length: number; readonly at: number },
): Promise<TensorLeaf> {
  const leaf = Math.floor(at / 32);
  const [data] = (await oracle.leaves(tree, leaf, 1)) as [Hex];
  return { data, leavesRoot: await rootOf(oracle, tree, Math.ceil(length / 32)), path: await oracle.path(tree, leaf) };
}

// ---- words ---------------------------------------------------------------------------------------------------------

async function atWord(game: Game, player: Player, choice: Choice): Promise<Move> {
  const { oracle } = player;
  const { position } = game;
  const [record] = (await oracle.leaves({ of: "records" }, Number(position.facts.value), 1)) as [Hex];
  const value = decodeRecord(record);
  const word = firstWord(value.type, choice);
  if (value.kind !== "node") return proveToken(game, player, { record, choice, word, value });
  // What lies past the end of a row is 0, whatever the operands are.
  if (word.isPadding) return { call: "proveWord", position, record, choice, openings: [] };
  const { scope } = value;
  if (isFold(scope.node.op)) return chooseWord(game, player, { record, choice, word, value });
  const compute = (read: Parameters<typeof recomputeWord>[2]) => recomputeWord(scope, word.element, read);
  const openings = await openOperands(game, oracle, { scope, compute });
  return { call: "proveWord", position, record, choice, openings };
}

type AtWord<V> = { record: Hex; choice: Choice; word: Word; value: V };

async function proveToken({ position }: Game, player: Player, at: AtWord<Given>): Promise<Move> {
  const { oracle, program } = player;
  const { record, choice, word, value } = at;
  const step = Number(position.facts.step);
  const nothing = { data: "0x", leavesRoot: zeroHash, path: [] } as const;
  if (word.isPadding) return { call: "proveToken", position, program, record, choice, token: nothing };
  const place = tokenPlace(program, { step, source: value.source, element: word.element });
  const token = await openWord(oracle, { of: "tokens" }, { length: Number(program.tokens), at: place });
  return { call: "proveToken", position, program, record, choice, token };
}

async function chooseWord(game: Game, { oracle }: Player, at: AtWord<Computed>): Promise<Move> {
  const { record, choice, word, value } = at;
  const { facts } = game.position;
  const chunks = foldChunks(value.scope);
  const tree: TreeName = {
    ...{ of: "accs", step: Number(facts.step), value: Number(facts.value), element: word.element },
  };
  const claim = { root: await rootOf(oracle, tree, chunks), lastPath: await oracle.path(tree, chunks - 1) };
  return { call: "chooseWord", position: game.position, record, choice, claim };
}

async function proveFold(game: Game, { oracle }: Player, choice: Choice): Promise<Move | undefined> {
  const { position } = game;
  const { facts } = position;
  const tree = treeAt("accs", game);
  const [record] = (await oracle.leaves({ of: "records" }, Number(facts.value), 1)) as [Hex];
  const value = decodeRecord(record);
  if (value.kind !== "node" || bytesOf(choice.defender) !== 4) return undefined;
  const { index, siblings } = choice;
  const before = { word: 0, path: [] as Hex[] };
  if (index > 0) {
    const [acc] = (await oracle.leaves(tree, index - 1, 1)) as [Hex];
    before.word = wordIn(acc, 0);
    before.path = await oracle.path(tree, index - 1);
  }
  const { scope } = value;
  const place = { element: Number(facts.element), chunk: index };
  const openings = await openOperands(game, oracle, {
    scope,
    compute: (read) => foldChunk(scope, place, { before: before.word, read }),
  });
  const words = { index, defender: wordIn(choice.defender, 0), rival: wordIn(choice.rival, 0), siblings };
  return { call: "proveFold", position, record, choice: words, before, openings };
}
