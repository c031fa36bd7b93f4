// Trees over lists that are at hand: of roots, entries, and the partial sums of one element.
import type { TensorValue } from "../graph/TensorValue.ts";
import { hashLeaf } from "../Merkle.ts";
import { foldChunk, foldChunks } from "./folds.ts";
import { merkleTree } from "./MerkleTree.ts";
import type { NodeScope } from "./recomputeWord.ts";
import { wordOf, wordsAsLeaf } from "./TensorLayout.ts";
import type { LeafTree } from "./TreeSource.ts";

/** @param leaves what each holds; they must stay as they are */
export const listTree = (leaves: readonly Uint8Array[]): LeafTree => ({
  tree: merkleTree(leaves.map(hashLeaf)),
  leaf: (index) => leaves[index]!,
});

/**
 * Partial sums of an element of a fold, from its operands; the last one is the element as `own` has it, whatever a cheat made
 * of it.
 */
export function accsTreeOf(
  scope: NodeScope,
  element: number,
  { own, operands }: { readonly own: TensorValue; readonly operands: readonly TensorValue[] },
): LeafTree {
  const read = (operand: number, at: number) => wordOf(operands[operand]!, at);
  const accs: number[] = [];
  const chunks = foldChunks(scope);
  for (let chunk = 0; chunk < chunks; chunk++)
    accs.push(foldChunk(scope, { element, chunk }, { before: accs[chunk - 1], read }) ?? 0);
  accs[chunks - 1] = wordOf(own, element);
  return listTree(accs.map((acc) => wordsAsLeaf([acc]).subarray(0, 4)));
}
