// What a court does with openings of a step: recomputes one leaf, or one step of a sum, from committed operands, and
// compares. Pure and small; everything it is given is untrusted. `wrong` means that the commitment contradicts itself at
// this place, whoever made it; `unproven` that the openings do not show either.
import type { Node } from "../graph/Graph.ts";
import { firstNodeValue } from "../graph/inferTypes.ts";
import { hashLeaf, verifyMerklePath } from "../Merkle.ts";
import { foldKind, foldStep, foldSteps } from "./folds.ts";
import {
  type LeafOpening,
  type OperatorsCommitment,
  scopeOf,
  type TypedGraph,
  verifyLeaf,
} from "./OperatorsCommitment.ts";
import { isDirect, type NodeScope, type ReadWord, recomputeLeaf } from "./recomputeLeaf.ts";
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
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(4 * at, true);
  };
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

/** The partial sums of one element, or of one leaf, of a value: a Merkle tree over its acc words after each step. */
export type FoldCommitment = { readonly value: number; readonly place: number; readonly root: Uint8Array };

/** The acc words after a step. */
export type AccOpening = { readonly words: readonly number[]; readonly path: readonly Uint8Array[] };

/** Leaf of the tree of partial sums: 00 ‖ acc word, or 00 ‖ the 128 bytes of a leaf. */
export function accLeaf(scope: NodeScope, words: readonly number[]): Uint8Array {
  const bytes = wordsAsLeaf(words);
  return hashLeaf(foldKind(scope) === "element" ? bytes.subarray(0, 4) : bytes);
}

export type FoldStepOpening = {
  readonly step: number;
  /** Absent at step 0. */
  readonly before?: AccOpening;
  readonly after: AccOpening;
  readonly operands: readonly LeafOpening[];
};

function hasAcc(
  scope: NodeScope,
  fold: FoldCommitment,
  at: { readonly step: number; readonly acc: AccOpening },
): boolean {
  const { step, acc } = at;
  if (acc.words.length < 1 || acc.words.length > 32) return false;
  return verifyMerklePath(fold.root, foldSteps(scope), step, accLeaf(scope, acc.words), acc.path);
}

/** One step of a sum: the acc after it, from the acc before it and the operands' terms. */
export function judgeFoldStep(
  step: TypedGraph,
  commitment: OperatorsCommitment,
  { fold, opening }: { readonly fold: FoldCommitment; readonly opening: FoldStepOpening },
): Verdict {
  const scope = scopeOf(step, fold.value);
  if (scope === undefined || foldKind(scope) === undefined) return "unproven";
  const { before, after } = opening;
  if (!hasAcc(scope, fold, { step: opening.step, acc: after })) return "unproven";
  if (opening.step > 0 && (!before || !hasAcc(scope, fold, { step: opening.step - 1, acc: before }))) return "unproven";
  const read = openedReader(step, commitment, { node: scope.node, openings: opening.operands });
  const place = { place: fold.place, step: opening.step };
  const found = read && attempt(() => foldStep(scope, place, { before: before?.words ?? [], read }));
  if (found === undefined) return "unproven";
  const right = found.result !== undefined && equal(wordsAsLeaf(found.result), wordsAsLeaf(after.words));
  return right ? "right" : "wrong";
}

/** The last acc of a sum, against the leaf of the value that must hold it. */
export function judgeFoldEnd(
  step: TypedGraph,
  commitment: OperatorsCommitment,
  { fold, last, claim }: { readonly fold: FoldCommitment; readonly last: AccOpening; readonly claim: LeafOpening },
): Verdict {
  const scope = scopeOf(step, fold.value);
  if (scope === undefined || foldKind(scope) === undefined || claim.value !== fold.value) return "unproven";
  if (!verifyLeaf(step, commitment, claim)) return "unproven";
  if (!hasAcc(scope, fold, { step: foldSteps(scope) - 1, acc: last })) return "unproven";
  if (foldKind(scope) === "leaf") {
    if (claim.leaf !== fold.place) return "unproven";
    return equal(claim.bytes, wordsAsLeaf(last.words)) ? "right" : "wrong";
  }
  const { leaf, at } = leafOf(scope.type, fold.place);
  if (claim.leaf !== leaf) return "unproven";
  const word = new DataView(claim.bytes.buffer, claim.bytes.byteOffset).getUint32(4 * at, true);
  return word === last.words[0] ? "right" : "wrong";
}

/** True for values that no operator computes: a court takes them from state, data or graph. */
export function isGiven({ graph }: TypedGraph, value: number): boolean {
  return value < firstNodeValue(graph);
}
