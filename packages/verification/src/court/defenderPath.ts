// Paths in the defender's trees of leaves left of the dispute. What lies left of it is the same on both sides; what lies
// right of it the defender has revealed on the way, for it is beside the way.
import { rangeBelow, treeHeight, treeWidth } from "@weft/tensor/commit/HashTree";
import { merkleTree } from "@weft/tensor/commit/MerkleTree";
import { bytesToHex, type Hex, hexToBytes } from "viem";
import type { Game, Level } from "./Game.ts";
import { revealedNodes } from "./narrowing.ts";
import type { TraceOracle, TreeName } from "./TraceOracle.ts";

const keyOf = (height: number, index: number): string => `${height}/${index}`;

/** The defender's nodes of a tree of `leaves` leaves, as far as its reveals show them. */
function shownNodes({ reveals }: Game, level: Level, leaves: number): Map<string, Hex> {
  const known = new Map<string, Hex>();
  for (const reveal of reveals.filter((one) => one.level === level)) {
    const tree = merkleTree(revealedNodes(reveal).map((node) => hexToBytes(node)));
    for (let height = reveal.shown; height < reveal.height; height++) {
      const [first, end] = rangeBelow(leaves, reveal, height);
      // A narrow window ends below its place: its root is carried up.
      const level = Math.min(height - reveal.shown, treeHeight(tree.leaves));
      for (let index = first; index < end; index++)
        known.set(keyOf(height, index), bytesToHex(tree.node(level, index - first)));
    }
  }
  return known;
}

/** Siblings of a leaf, left of the one in dispute, up to the defender's root. */
export async function defenderPath(
  game: Game,
  oracle: TraceOracle,
  of: { readonly level: Level; readonly tree: TreeName; readonly leaves: number; readonly leaf: number },
): Promise<Hex[]> {
  const { level, tree, leaves, leaf } = of;
  const known = shownNodes(game, level, leaves);
  const own = await oracle.path(tree, leaf);
  const path: Hex[] = [];
  for (let height = 0, at = leaf; height < treeHeight(leaves); height++, at = Math.floor(at / 2)) {
    const sibling = at % 2 === 1 ? at - 1 : at + 1;
    if (sibling >= treeWidth(leaves, height)) continue;
    path.push(known.get(keyOf(height, sibling)) ?? own[path.length]!);
  }
  return path;
}
