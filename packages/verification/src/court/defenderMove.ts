// The defender's moves: it shows what its commitment commits to, and nothing else.
import { zeroHash } from "@weft/protocol/fields";
import { type NodeAt, treeHeight } from "@weft/tensor/commit/HashTree";
import type { Hex } from "viem";
import { type Game, type Level, placeOf } from "./Game.ts";
import { stateRootOf, stepRootOf, tensorRootOf } from "./hashes.ts";
import type { Move, StepBefore } from "./Move.ts";
import { shownBelow } from "./narrowing.ts";
import type { Player } from "./nextMove.ts";
import { contentOf, itemsBelow, rootOf, treeAt } from "./ownTrees.ts";
import { decodeRecord } from "./records.ts";

/** What it would reveal below a place of a level's tree. */
async function contentBelow(
  game: Game,
  { oracle, rules }: Player,
  { level, count, at }: { level: Level; count: number; at: NodeAt },
): Promise<Hex> {
  const shown = shownBelow(level, at.height, rules.fanout);
  const tree = treeAt(level, game);
  return contentOf(await itemsBelow(oracle, { level, tree, count }, { at, shown }));
}

const whole = (count: number): NodeAt => ({ height: treeHeight(count), index: 0 });

export async function defenderMove(game: Game, player: Player): Promise<Move | undefined> {
  if (game.stage === "reveal") return reveal(game, player);
  if (game.level === "values") return enterStep(game, player);
  if (game.level === "leaves") return enterValue(game, player);
  return game.level === "accs" ? enterFold(game, player) : undefined;
}

async function reveal(game: Game, player: Player): Promise<Move | undefined> {
  const { level, height, index, count, position } = game;
  const at = { height, index };
  const [own] = await player.oracle.nodes(treeAt(level, game), at, height);
  if (own !== position.defender) return undefined;
  const content = await contentBelow(game, player, { level, count, at });
  return { call: "reveal", place: placeOf(position), content };
}

async function enterStep(game: Game, player: Player): Promise<Move | undefined> {
  const { oracle, program } = player;
  const { facts, defender } = game.position;
  const step = Number(facts.step);
  const [values, entries] = [Number(program.values), Number(program.entries)];
  const { loss } = await oracle.after(step);
  const entriesRoot = await rootOf(oracle, { of: "entries", step }, entries);
  const state = stateRootOf(facts.step + 1n, program.entries, entriesRoot);
  if (stepRootOf(program.programHash, facts.step, { loss, state }) !== defender) return undefined;
  const valuesRoot = await rootOf(oracle, { of: "values", step }, values);
  const shown = (level: "values" | "entries", count: number) =>
    contentBelow(game, player, { level, count, at: whole(count) });
  let content: Hex = "0x";
  if (valuesRoot !== facts.values) content = await shown("values", values);
  else if (entriesRoot !== facts.entries) content = await shown("entries", entries);
  const before = await stepBefore(game, player);
  return {
    call: "enterStep",
    position: game.position,
    program,
    before,
    claim: { loss, entriesRoot, valuesRoot },
    content,
  };
}

async function stepBefore({ index, position: { facts } }: Game, { oracle }: Player): Promise<StepBefore> {
  if (index === 0) return { loss: 0, state: zeroHash, path: [] };
  return { ...(await oracle.after(Number(facts.step) - 1)), path: await oracle.path({ of: "steps" }, index - 1) };
}

async function enterValue(game: Game, player: Player): Promise<Move | undefined> {
  const { count, position } = game;
  const [record] = (await player.oracle.leaves({ of: "records" }, Number(position.facts.value), 1)) as [Hex];
  const leavesRoot = await rootOf(player.oracle, treeAt("leaves", game), count);
  if (tensorRootOf(decodeRecord(record).type, leavesRoot) !== position.defender) return undefined;
  const content = await contentBelow(game, player, { level: "leaves", count, at: whole(count) });
  return { call: "enterValue", position, record, leavesRoot, content };
}

async function enterFold(game: Game, player: Player): Promise<Move> {
  const { count, position } = game;
  const tree = treeAt("accs", game);
  const root = await rootOf(player.oracle, tree, count);
  const lastPath = await player.oracle.path(tree, count - 1);
  const content = await contentBelow(game, player, { level: "accs", count, at: whole(count) });
  return { call: "enterFold", position, claim: { root, lastPath }, content };
}
