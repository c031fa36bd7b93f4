// The leaves of operands that a word, or a chunk of a sum, follows from: found by computing it, so that an index decides what is
// opened next.

import type { NodeScope, ReadWord } from "@weft/tensor/commit/recomputeWord";
import { leafCount, leafOf as placeOfElement } from "@weft/tensor/commit/TensorLayout";
import type { Hex } from "viem";
import type { Game } from "./Game.ts";
import { wordIn } from "./hashes.ts";
import type { LeafOpening } from "./Move.ts";
import { rootOf } from "./ownTrees.ts";
import type { TraceOracle } from "./TraceOracle.ts";

/** Leaves that one word may need; more is no operator's. */
const mostLeaves = 8;

class Unread extends Error {
  readonly operand: number;
  readonly leaf: number;

  constructor(operand: number, leaf: number) {
    super(`leaf ${leaf} of operand ${operand} is not open yet`);
    this.operand = operand;
    this.leaf = leaf;
  }
}

/** Openings of what `compute` reads, under one's own values root. */
export async function openOperands(
  game: Game,
  oracle: TraceOracle,
  { scope, compute }: { readonly scope: NodeScope; readonly compute: (read: ReadWord) => unknown },
): Promise<LeafOpening[]> {
  const step = Number(game.position.facts.step);
  const opened = new Map<string, LeafOpening>();
  const read: ReadWord = (operand, element) => {
    const { leaf, at } = placeOfElement(scope.operands[operand]!, element);
    const found = opened.get(`${scope.node.in[operand]} ${leaf}`);
    if (found === undefined) throw new Unread(operand, leaf);
    return wordIn(found.data, at);
  };
  while (opened.size < mostLeaves) {
    try {
      compute(read);
      break;
    } catch (unread) {
      if (!(unread instanceof Unread)) throw unread;
      const value = scope.node.in[unread.operand]!;
      opened.set(`${value} ${unread.leaf}`, await openLeaf(oracle, { step, value, scope, ...unread }));
    }
  }
  return [...opened.values()];
}

type Wanted = { step: number; value: number; operand: number; leaf: number; scope: NodeScope };

async function openLeaf(oracle: TraceOracle, wanted: Wanted): Promise<LeafOpening> {
  const { step, value, operand, leaf, scope } = wanted;
  const tree = { of: "leaves", step, value } as const;
  const [data] = (await oracle.leaves(tree, leaf, 1)) as [Hex];
  const leavesRoot = await rootOf(oracle, tree, leafCount(scope.operands[operand]!));
  const path = await oracle.path(tree, leaf);
  const valuePath = await oracle.path({ of: "values", step }, value);
  return { operand, leaf: BigInt(leaf), data, leavesRoot, path, valuePath };
}
