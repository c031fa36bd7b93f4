// What a court does with openings of a step: recomputes one word or leaf, or one chunk of a sum, from committed operands,
// and compares. Pure and small; everything it is given is untrusted. `wrong` means that the commitment contradicts itself at
// this place, whoever made it; `unproven` that the openings do not show either.
import { elementCount, type Node } from "../graph/Graph.ts";
import { firstNodeValue } from "../graph/inferTypes.ts";
import { hashLeaf, verifyMerklePath } from "../Merkle.ts";
import { foldChunk, foldChunks, isFold } from "./folds.ts";
import {
  type LeafOpening,
  type OperatorsCommitment,
  scopeOf,
  type TypedGraph,
  verifyLeaf,
} from "./OperatorsCommitment.ts";
import { isDirect, type NodeScope, type ReadWord, recomputeLeaf, recomputeWord } from "./recomputeWord.ts";
import { leafOf, wordsAsLeaf } from "./TensorLayout.ts";

export type Verdict = "right" | "wrong" | "unproven";

/** Read elements that no opening shows. */
class NotOpened extends Error {}

/** Words of operands, from leaves opened under the commitment. Undefined when an opening is false. */
function openedReader(
  step: TypedGraph,
  commitment: OperatorsCommitment,
  { node, openings }: Opened,
): ReadWord | undefined {
  const leaves = new Map<string, Uint8Array>();
  for (const opening of openings) {
    if (!verifyLeaf(step, commitment, opening)) return undefined;
    leaves.set(`${opening.value} ${opening.leaf}`, opening.bytes);
  }
  return (operand, element) => {
    const value = node.in[operand]!;
    const { leaf, at } = leafOf(step.types[value]!, element);
    const bytes = leaves.get(`${value} ${leaf}`);
    if (bytes === undefined) throw new NotOpened();
    return wordAt(bytes, at);
  };
}

/** Word number `at` of a leaf. */
function wordAt(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(4 * at, true);
}

type Opened = { readonly node: Node; readonly openings: readonly LeafOpening[] };

/** Runs a recomputation; undefined when it reads what was not opened. */
function attempt<T>(compute: () => T): { readonly result: T } | undefined {
  try {
    return { result: compute() };
  } catch (error) {
    if (error instanceof NotOpened) return undefined;
    throw error;
  }
}

const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

/** One leaf of a value whose operator needs few operand leaves, against those leaves. */
export function judgeLeaf(
  step: TypedGraph,
  commitment: OperatorsCommitment,
  { claim, operands }: { readonly claim: LeafOpening; readonly operands: readonly LeafOpening[] },
): Verdict {
  const scope = scopeOf(step, claim.value);
  if (scope === undefined || !isDirect(scope.node.op) || !verifyLeaf(step, commitment, claim)) return "unproven";
  const read = openedReader(step, commitment, { node: scope.node, openings: operands });
  const found = read && attempt(() => recomputeLeaf(scope, claim.leaf, read));
  if (found === undefined) return "unproven";
  // An index out of range: no value follows from it, so whatever is claimed is wrong.
  return found.result !== undefined && equal(found.result, claim.bytes) ? "right" : "wrong";
}

/** One word of a value whose operator is direct: that of `element`, claimed by the leaf that holds it. */
export function judgeWord(
  step: TypedGraph,
  commitment: OperatorsCommitment,
  { claim, element, operands }: WordOpening,
): Verdict {
  const scope = scopeOf(step, claim.value);
  if (scope === undefined || !isDirect(scope.node.op) || !verifyLeaf(step, commitment, claim)) return "unproven";
  const claimed = claimedWord(scope, claim, element);
  const read = openedReader(step, commitment, { node: scope.node, openings: operands });
  const found = read && claimed !== undefined && attempt(() => recomputeWord(scope, element, read));
  if (!found) return "unproven";
  return found.result === claimed ? "right" : "wrong";
}

export type WordOpening = {
  readonly claim: LeafOpening;
  readonly element: number;
  readonly operands: readonly LeafOpening[];
};

/** The word of an element in the leaf that is said to hold it; undefined when another leaf does. */
function claimedWord(scope: NodeScope, claim: LeafOpening, element: number): number | undefined {
  if (!Number.isInteger(element) || element < 0 || element >= elementCount(scope.type.shape)) return undefined;
  const { leaf, at } = leafOf(scope.type, element);
  return claim.leaf === leaf ? wordAt(claim.bytes, at) : undefined;
}

/** The partial sums of one element of a value: a Merkle tree over its acc after each chunk. */
export type FoldCommitment = { readonly value: number; readonly element: number; readonly root: Uint8Array };

/** The acc word after a chunk. */
export type AccOpening = { readonly word: number; readonly path: readonly Uint8Array[] };

/** Leaf of the tree of partial sums: 00 ‖ acc word, little-endian. */
export function accLeaf(word: number): Uint8Array {
  return hashLeaf(wordsAsLeaf([word]).subarray(0, 4));
}

export type FoldChunkOpening = {
  readonly chunk: number;
  /** Absent at chunk 0. */
  readonly before?: AccOpening;
  readonly after: AccOpening;
  readonly operands: readonly LeafOpening[];
};

type AccAt = { readonly chunk: number; readonly acc: AccOpening };

function hasAcc(scope: NodeScope, { root }: FoldCommitment, { chunk, acc }: AccAt): boolean {
  return verifyMerklePath(root, foldChunks(scope), chunk, accLeaf(acc.word), acc.path);
}

/** One chunk of a sum: the acc after it, from the acc before it and the operands' terms. */
export function judgeFoldChunk(
  step: TypedGraph,
  commitment: OperatorsCommitment,
  { fold, opening }: { readonly fold: FoldCommitment; readonly opening: FoldChunkOpening },
): Verdict {
  const scope = scopeOf(step, fold.value);
  if (scope === undefined || !isFold(scope.node.op)) return "unproven";
  const { chunk, before, after } = opening;
  if (!hasAcc(scope, fold, { chunk, acc: after })) return "unproven";
  if (chunk > 0 && (!before || !hasAcc(scope, fold, { chunk: chunk - 1, acc: before }))) return "unproven";
  const read = openedReader(step, commitment, { node: scope.node, openings: opening.operands });
  const place = { element: fold.element, chunk };
  const found = read && attempt(() => foldChunk(scope, place, { before: before?.word, read }));
  if (found === undefined) return "unproven";
  return found.result === after.word ? "right" : "wrong";
}

/** The last acc of a sum, against the leaf of the value that must hold it. */
export function judgeFoldEnd(
  step: TypedGraph,
  commitment: OperatorsCommitment,
  { fold, last, claim }: { readonly fold: FoldCommitment; readonly last: AccOpening; readonly claim: LeafOpening },
): Verdict {
  const scope = scopeOf(step, fold.value);
  if (scope === undefined || !isFold(scope.node.op) || claim.value !== fold.value) return "unproven";
  if (!verifyLeaf(step, commitment, claim)) return "unproven";
  if (!hasAcc(scope, fold, { chunk: foldChunks(scope) - 1, acc: last })) return "unproven";
  const claimed = claimedWord(scope, claim, fold.element);
  if (claimed === undefined) return "unproven";
  return claimed === last.word ? "right" : "wrong";
}

/** True for values that no operator computes: a court takes them from state, data or graph. */
export function isGiven({ graph }: TypedGraph, value: number): boolean {
  return value < firstNodeValue(graph);
}
