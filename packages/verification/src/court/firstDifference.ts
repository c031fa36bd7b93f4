// The rival's choice: of what the defender revealed last the first that differs from its own, with the siblings of both.
import { pathIn, rangeBelow } from "@weft/tensor/commit/HashTree";
import { type MerkleTree, merkleTree } from "@weft/tensor/commit/MerkleTree";
import { bytesToHex, type Hex, hexToBytes } from "viem";
import type { Game } from "./Game.ts";
import { leafOf } from "./hashes.ts";
import type { Choice } from "./Move.ts";
import { revealedNodes } from "./narrowing.ts";
import { itemsBelow, revealedItems, treeAt } from "./ownTrees.ts";
import type { TraceOracle } from "./TraceOracle.ts";

const treeOver = (nodes: readonly Hex[]): MerkleTree => merkleTree(nodes.map((node) => hexToBytes(node)));

/** Siblings from below: a left one is the same on both sides, of a right one the defender's comes first. */
function siblingsOf(trees: { defender: MerkleTree; rival: MerkleTree }, index: number): Hex[] {
  const at = { height: 0, index };
  const theirs = pathIn(trees.defender, at);
  const own = pathIn(trees.rival, at);
  return theirs.flatMap((sibling, i) => {
    const right = bytesToHex(own[i]!);
    const left = bytesToHex(sibling);
    return isLeft(trees.defender.leaves, index, i) ? [left] : [left, right];
  });
}

/** True when sibling number `nth` of a path lies left. */
function isLeft(leaves: number, index: number, nth: number): boolean {
  let used = -1;
  for (let at = index, width = leaves; width > 1; at = Math.floor(at / 2), width = Math.ceil(width / 2)) {
    if (at % 2 === 1 || at + 1 < width) used++;
    if (used === nth) return at % 2 === 1;
  }
  return false;
}

/**
 * The choice, with nodes or with what the leaves hold. undefined when nothing differs, or a difference is not all: then this
 * is not the history that the game is about.
 */
export async function firstDifference(game: Game, oracle: TraceOracle): Promise<Choice | undefined> {
  const { level, count, height, index, shown, position } = game;
  const reveal = game.revealed!;
  const at = { height, index };
  const own = await itemsBelow(oracle, { level, tree: treeAt(level, game), count }, { at, shown });
  const isTagged = shown === 0 && level !== "entries";
  const trees = { defender: treeOver(revealedNodes(reveal)), rival: treeOver(isTagged ? own.map(leafOf) : own) };
  if (bytesToHex(trees.rival.root) !== position.rival) return undefined;
  const theirs = revealedItems(reveal);
  const i = theirs.findIndex((item, k) => item !== own[k]);
  if (i < 0) return undefined;
  const [first] = rangeBelow(count, at, shown);
  return { index: first + i, defender: theirs[i]!, rival: own[i]!, siblings: siblingsOf(trees, i) };
}
