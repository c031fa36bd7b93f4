// A player's own trees at the place of a game.
import { type NodeAt, rangeBelow, treeHeight } from "@weft/tensor/commit/HashTree";
import { concat, type Hex } from "viem";
import type { Game, Level } from "./Game.ts";
import { itemsOf } from "./hashes.ts";
import { itemBytes } from "./narrowing.ts";
import type { TraceOracle, TreeName } from "./TraceOracle.ts";

/** The tree of a level at the step, value and element of a game. */
export function treeAt(level: Level, { position: { facts } }: Game): TreeName {
  const step = Number(facts.step);
  const value = Number(facts.value);
  if (level === "values" || level === "entries") return { of: level, step };
  if (level === "leaves") return { of: level, step, value };
  if (level === "accs") return { of: level, step, value, element: Number(facts.element) };
  return { of: "steps" };
}

/** The root of a tree of `leaves` leaves. */
export async function rootOf(oracle: TraceOracle, tree: TreeName, leaves: number): Promise<Hex> {
  const at = { height: treeHeight(leaves), index: 0 };
  return (await oracle.nodes(tree, at, at.height))[0]!;
}

/** What a level's tree shows of itself at height `shown` below a place: hashes, or what its leaves hold. */
export async function itemsBelow(
  oracle: TraceOracle,
  { level, tree, count }: { readonly level: Level; readonly tree: TreeName; readonly count: number },
  { at, shown }: { readonly at: NodeAt; readonly shown: number },
): Promise<Hex[]> {
  if (shown > 0 || level === "entries") return oracle.nodes(tree, at, shown);
  const [first, end] = rangeBelow(count, at, 0);
  return oracle.leaves(tree, first, end - first);
}

/** Items of a reveal as they were sent. */
export const revealedItems = ({ level, shown, content }: { level: Level; shown: number; content: Hex }): Hex[] =>
  itemsOf(content, itemBytes(level, shown));

/** Items as they are sent. */
export const contentOf = (items: readonly Hex[]): Hex => concat(items);
