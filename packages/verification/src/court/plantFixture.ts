// For tests and benches: one fault planted in a history, at any depth. What a liar must say above it follows: the leaf, the
// value's tensor root, the partial sums, and a loss that makes another step root.

import { foldChunks } from "@weft/tensor/commit/folds";
import { rootOf } from "@weft/tensor/commit/HashTree";
import type { NodeScope } from "@weft/tensor/commit/recomputeWord";
import { tensorRootFrom } from "@weft/tensor/commit/TensorLayout";
import type { TreeName, TreeSource } from "@weft/tensor/commit/TreeSource";
import type { ValueType } from "@weft/tensor/graph/Graph";
import { keyOf, type Leaves, overlay, overlayTree, type Run } from "./overlayFixture.ts";

export type Fault = {
  readonly step: number;
  readonly value: number;
  readonly type: ValueType;
  /** Where the wrong word is. */
  readonly leaf: number;
  readonly at: number;
  /** Its bits that are flipped. */
  readonly flip: number;
  /** Of an element that is a fold: the first chunk whose acc is wrong; all after it are. */
  readonly fold?: { readonly scope: NodeScope; readonly element: number; readonly chunk: number };
};

/** Bytes with the bits of one little-endian word flipped. */
function flipped(bytes: Uint8Array, at: number, flip: number): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  view.setUint32(4 * at, view.getUint32(4 * at, true) ^ flip, true);
  return copy;
}

/** The leaves of the value, and of its tensor root among the values, with the fault in them. */
async function wrongValue(base: TreeSource, fault: Fault): Promise<[TreeName, Leaves][]> {
  const { step, value, type, leaf, at, flip } = fault;
  const name: TreeName = { of: "leaves", step, value };
  const tree = await base.tree(name);
  const leaves = new Map([[leaf, flipped(tree.leaf(leaf), at, flip)]]);
  const root = tensorRootFrom(type, rootOf(overlayTree(tree, leaves).tree));
  return [
    [name, leaves],
    [{ of: "values", step }, new Map([[value, root]])],
  ];
}

async function wrongAccs(base: TreeSource, fault: Fault): Promise<[TreeName, Leaves][]> {
  const { step, value, flip, fold } = fault;
  if (fold === undefined) return [];
  const name: TreeName = { of: "accs", step, value, element: fold.element };
  const tree = await base.tree(name);
  const chunks = foldChunks(fold.scope);
  const wrong = Array.from({ length: chunks - fold.chunk }, (_, i) => fold.chunk + i);
  return [[name, new Map(wrong.map((chunk) => [chunk, flipped(tree.leaf(chunk), 0, flip)]))]];
}

/** The history with that word wrong and everything above it to match; its step says another loss. */
export async function plant(base: TreeSource, run: Run, fault: Fault): Promise<TreeSource> {
  const changed = [...(await wrongValue(base, fault)), ...(await wrongAccs(base, fault))];
  const { lossWord, stateRoot } = await base.after(fault.step);
  return overlay(base, run, {
    after: new Map([[fault.step, { lossWord: lossWord ^ 1, stateRoot }]]),
    trees: new Map(changed.map(([name, leaves]) => [keyOf(name), leaves])),
  });
}
