// The commitment layout's hashes over 0x-hex, as contracts/src/court/Tree.sol and Layout.sol have them: from anywhere in the
// middle of a tree, for both sides at once where they share what lies left.
import { treeHeight, treeWidth } from "@weft/tensor/commit/HashTree";
import { tensorRootFrom } from "@weft/tensor/commit/TensorLayout";
import type { ValueType } from "@weft/tensor/graph/Graph";
import { stateRootOver, stepRootFrom } from "@weft/tensor/HashLayout";
import * as Merkle from "@weft/tensor/Merkle";
import { bytesToHex, concat, type Hex, hexToBytes, numberToHex, sliceHex, toHex } from "viem";
import { refuse } from "./refuse.ts";

/** Bytes of 0x-hex. */
export const bytesOf = (hex: Hex): number => (hex.length - 2) / 2;

/** SHA-256(00 ‖ data). */
export const leafOf = (data: Hex): Hex => bytesToHex(Merkle.hashLeaf(hexToBytes(data)));

/** SHA-256(01 ‖ left ‖ right). */
export const parentOf = (left: Hex, right: Hex): Hex =>
  bytesToHex(Merkle.hashNode(hexToBytes(left), hexToBytes(right)));

/** The four bytes of a word, little-endian, as a leaf holds them. */
export const accBytes = (word: number): Hex => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, word, true);
  return bytesToHex(bytes);
};

/** SHA-256(00 ‖ acc word, little-endian). */
export const accLeaf = (word: number): Hex => leafOf(accBytes(word));

/** Word `at` of a leaf's bytes. */
export function wordIn(leaf: Hex, at: number): number {
  const bytes = hexToBytes(sliceHex(leaf, 4 * at, 4 * at + 4));
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

/** Pieces of `size` bytes. */
export const itemsOf = (content: Hex, size: number): Hex[] =>
  Array.from({ length: bytesOf(content) / size }, (_, i) => sliceHex(content, i * size, (i + 1) * size));

/** The node above neighbours that are aligned to a power of two not below their number. */
export const rootAbove = (nodes: readonly Hex[]): Hex =>
  bytesToHex(Merkle.merkleRoot(nodes.map((node) => hexToBytes(node))));

export function mustBe(expected: Hex, actual: Hex): void {
  if (expected !== actual) refuse("HashMismatch", { expected, actual });
}

/** Where a node is in a tree of `leaves` leaves, and how far up one goes. */
export type Climb = { readonly leaves: number; readonly index: number; readonly from: number; readonly to: number };

/**
 * Both sides' nodes at height `to`, from theirs at height `from` with the siblings: a left one serves both, of a right one the
 * defender's comes first. So the choice that passes is the first difference.
 */
export function climb(
  { leaves, index, from, to }: Climb,
  nodes: { readonly defender: Hex; readonly rival: Hex },
  siblings: readonly Hex[],
): { defender: Hex; rival: Hex } {
  let { defender, rival } = nodes;
  let used = 0;
  const next = (): Hex => siblings[used++] ?? refuse("SiblingsWrong", { length: siblings.length });
  for (let height = from, at = index; height < to; height++, at = Math.floor(at / 2)) {
    if (at % 2 === 1) {
      const left = next();
      [defender, rival] = [parentOf(left, defender), parentOf(left, rival)];
    } else if (at + 1 < treeWidth(leaves, height)) {
      const [one, other] = [next(), next()];
      [defender, rival] = [parentOf(defender, one), parentOf(rival, other)];
    }
  }
  if (used !== siblings.length) refuse("SiblingsWrong", { length: siblings.length });
  return { defender, rival };
}

/** The root above leaf `index` of a tree of `leaves` leaves. */
export function rootFrom(leaves: number, index: number, leaf: Hex, path: readonly Hex[]): Hex {
  if (index >= leaves) refuse("IndexOutside", { index, leaves });
  let node = leaf;
  let used = 0;
  const next = (): Hex => path[used++] ?? refuse("SiblingsWrong", { length: path.length });
  for (let height = 0, at = index; height < treeHeight(leaves); height++, at = Math.floor(at / 2))
    if (at % 2 === 1) node = parentOf(next(), node);
    else if (at + 1 < treeWidth(leaves, height)) node = parentOf(node, next());
  if (used !== path.length) refuse("SiblingsWrong", { length: path.length });
  return node;
}

export const tensorRootOf = (type: ValueType, leavesRoot: Hex): Hex =>
  bytesToHex(tensorRootFrom(type, hexToBytes(leavesRoot)));

/** Root of f32 [1] with that word. */
export const scalarRoot = (word: number): Hex =>
  tensorRootOf({ dtype: "f32", shape: [1] }, leafOf(concat([accBytes(word), toHex(new Uint8Array(124))])));

export const stateRootOf = (nextStep: bigint, entries: bigint, entriesRoot: Hex): Hex =>
  bytesToHex(stateRootOver(Number(nextStep), Number(entries), hexToBytes(entriesRoot)));

export const stepRootOf = (program: Hex, step: bigint, after: { loss: number; state: Hex }): Hex =>
  bytesToHex(
    stepRootFrom(hexToBytes(program), Number(step), { lossWord: after.loss, stateRoot: hexToBytes(after.state) }),
  );

/** Leaf of a state's tree; the name as its bytes. */
export const entryLeaf = (name: Hex, tensorRoot: Hex): Hex =>
  leafOf(concat([numberToHex(bytesOf(name), { size: 1 }), name, tensorRoot]));

/** Leaf of the court program's entries: which value an entry takes. */
export const ruleLeaf = (name: Hex, value: number): Hex =>
  leafOf(concat([numberToHex(bytesOf(name), { size: 1 }), name, numberToHex(value, { size: 4 })]));
