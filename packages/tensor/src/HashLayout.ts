// The commitment layout above tensors (spec/tensor.md §6): state root, step root, history root, data root, written plainly
// over node:crypto. Not here: leaves and roots of tensors (commit/TensorLayout.ts), data roots by the kernels
// (commit/corpusRoot.ts), the segment commitment (@weft/protocol/Segment).

import { hashLeaf, merklePath, merkleRoot, verifyMerklePath } from "./Merkle.ts";
import { bitsOf } from "./recipes.ts";
import { sha256, uint64Bytes } from "./sha256.ts";

/** One-byte tags: 0 and 1 are leaf and node (Merkle.ts), 2 is a tensor. */
const STATE_TAG = Uint8Array.of(3);
const STEP_TAG = Uint8Array.of(4);
const DATA_TAG = Uint8Array.of(5);

/** fp32 elements of one leaf, along the last axis. */
export const LEAF_ELEMENTS = 32;
/** Bytes of one leaf, of tensors and of corpora alike. */
export const LEAF_BYTES = 128;

/** What the leaf of a state entry holds: name length u8 ‖ name ‖ tensor root. */
export function stateEntry(name: string, root: Uint8Array): Uint8Array {
  const bytes = new TextEncoder().encode(name);
  const data = new Uint8Array(1 + bytes.length + 32);
  data[0] = bytes.length;
  data.set(bytes, 1);
  data.set(root, 1 + bytes.length);
  return data;
}

/** SHA-256(0x03 ‖ nextStep u64 ‖ entry count u64 ‖ Merkle root of the entries). */
export function stateRootOver(nextStep: number, entries: number, entriesRoot: Uint8Array): Uint8Array {
  return sha256(STATE_TAG, uint64Bytes(nextStep), uint64Bytes(entries), entriesRoot);
}

/** SHA-256(0x03 ‖ nextStep u64 ‖ entry count u64 ‖ Merkle root of the entries in state order). */
export function stateRootFrom(nextStep: number, names: readonly string[], roots: readonly Uint8Array[]): Uint8Array {
  const entries = names.map((name, i) => hashLeaf(stateEntry(name, roots[i]!)));
  return stateRootOver(nextStep, entries.length, merkleRoot(entries));
}

/** SHA-256(0x04 ‖ programHash ‖ step u64 ‖ loss bits u32 ‖ state root after the step). */
export function stepRoot(programHash: Uint8Array, step: number, loss: number, stateRootAfter: Uint8Array): Uint8Array {
  const after = { lossWord: Number.isNaN(loss) ? 0x7fc00000 : bitsOf(loss), stateRoot: stateRootAfter };
  return stepRootFrom(programHash, step, after);
}

/** The same from the loss's word, in which a NaN is canonical. */
export function stepRootFrom(
  programHash: Uint8Array,
  step: number,
  { lossWord, stateRoot }: { readonly lossWord: number; readonly stateRoot: Uint8Array },
): Uint8Array {
  const word = new Uint8Array(4);
  new DataView(word.buffer).setUint32(0, lossWord);
  return sha256(STEP_TAG, programHash, uint64Bytes(step), word, stateRoot);
}

/** Merkle root over the step roots of one segment, first step first. */
export function historyRoot(stepRoots: readonly Uint8Array[]): Uint8Array {
  return merkleRoot(stepRoots.map(hashLeaf));
}

/** Path of step `index` (counted from the segment's first step) to the history root. */
export function proveStep(stepRoots: readonly Uint8Array[], index: number): Uint8Array[] {
  return merklePath(stepRoots.map(hashLeaf), index);
}

/** True when `root` of a step is entry `index` of the `count` steps under `history`. */
export function verifyStep(
  history: Uint8Array,
  count: number,
  index: number,
  root: Uint8Array,
  path: readonly Uint8Array[],
): boolean {
  return root.length === 32 && verifyMerklePath(history, count, index, hashLeaf(root), path);
}

function corpusLeaves(corpus: Uint8Array): Uint8Array[] {
  const leaves: Uint8Array[] = [];
  for (let at = 0; at < corpus.length; at += LEAF_BYTES) {
    const leaf = new Uint8Array(LEAF_BYTES);
    leaf.set(corpus.subarray(at, at + LEAF_BYTES));
    leaves.push(hashLeaf(leaf));
  }
  return leaves;
}

/** SHA-256(0x05 ‖ length u64 ‖ Merkle root of the 128-byte leaves, the last zero padded). A corpus has at least 1 byte. */
export function dataRoot(corpus: Uint8Array): Uint8Array {
  return dataRootFrom(corpus.length, merkleRoot(corpusLeaves(corpus)));
}

/** The same from the Merkle root. */
export function dataRootFrom(length: number, leavesRoot: Uint8Array): Uint8Array {
  return sha256(DATA_TAG, uint64Bytes(length), leavesRoot);
}
