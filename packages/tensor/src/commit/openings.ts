// What a player of a dispute opens from a trace: a leaf, a leaf with the operand leaves it follows from, the partial sums
// of one element with every step of them. judge.ts checks what comes out of here.
import type { TensorValue } from "../graph/TensorValue.ts";
import { TensorError } from "../TensorError.ts";
import { foldKind, foldStep, foldSteps } from "./folds.ts";
import { type AccOpening, accLeaf, type FoldCommitment, type FoldStepOpening } from "./judge.ts";
import { type MerkleTree, merkleTree } from "./MerkleTree.ts";
import { type LeafOpening, scopeOf } from "./OperatorsCommitment.ts";
import { isDirect, type NodeScope, type ReadWord, recomputeLeaf } from "./recomputeLeaf.ts";
import { leafBytes, leafCount, leafHashes, leafOf, wordOf } from "./TensorLayout.ts";
import type { Trace } from "./Trace.ts";

function refuse(problem: string, remedy: string): never {
  throw new TensorError("bad-option", problem, remedy);
}

function needScope({ step }: Trace, value: number): NodeScope {
  const scope = scopeOf(step, value);
  return scope ?? refuse(`value ${value} is computed by no operator`, "open the value of a node");
}

function needPlace(place: number, count: number): void {
  if (!Number.isInteger(place) || place < 0 || place >= count) refuse(`place is ${place}`, `use 0..${count - 1}`);
}

/** A value at hand, its leaves hashed when one is first opened. */
type Held = { readonly value: number; readonly tensor: TensorValue; tree?: MerkleTree };

function openHeld(trace: Trace, held: Held, leaf: number): LeafOpening {
  const { value, tensor } = held;
  held.tree ??= merkleTree(leafHashes(tensor));
  const { valuePath } = trace.openValue(value);
  const { tree } = held;
  return { value, leaf, bytes: leafBytes(tensor, leaf), leafPath: tree.path(leaf), leavesRoot: tree.root, valuePath };
}

/** One leaf of a value. Throws TensorError `bad-option`. */
export async function openLeaf(trace: Trace, value: number, leaf: number): Promise<LeafOpening> {
  const [tensor] = await trace.read([value]);
  needPlace(leaf, leafCount(tensor!));
  return openHeld(trace, { value, tensor: tensor! }, leaf);
}

/** Operands of a node, and the reader that notes which of their leaves were read. */
async function holdOperands(trace: Trace, scope: NodeScope, also: readonly number[]) {
  const numbers = [...new Set([...scope.node.in, ...also])];
  const tensors = await trace.read(numbers);
  const held = new Map(numbers.map((value, i): [number, Held] => [value, { value, tensor: tensors[i]! }]));
  const touched = new Map<string, { value: number; leaf: number }>();
  const read: ReadWord = (operand, element) => {
    const value = scope.node.in[operand]!;
    const { tensor } = held.get(value)!;
    const { leaf } = leafOf(tensor, element);
    touched.set(`${value} ${leaf}`, { value, leaf });
    return wordOf(tensor, element);
  };
  /** Openings of what was read by `compute`. */
  const openRead = (compute: () => void) => {
    touched.clear();
    compute();
    return Array.from(touched.values(), ({ value, leaf }) => openHeld(trace, held.get(value)!, leaf));
  };
  return { held, read, openRead };
}

export type OperatorOpening = { readonly claim: LeafOpening; readonly operands: readonly LeafOpening[] };

/** A leaf with the operand leaves it follows from, for judgeLeaf. Throws TensorError `bad-option`. */
export async function openOperator(trace: Trace, value: number, leaf: number): Promise<OperatorOpening> {
  const scope = needScope(trace, value);
  if (!isDirect(scope.node.op)) refuse(`${scope.node.op} goes term by term`, "open its partial sums");
  needPlace(leaf, leafCount(scope.type));
  const { held, read, openRead } = await holdOperands(trace, scope, [value]);
  const operands = openRead(() => recomputeLeaf(scope, leaf, read));
  return { claim: openHeld(trace, held.get(value)!, leaf), operands };
}

export type OpenFold = {
  readonly fold: FoldCommitment;
  readonly steps: number;
  /** Acc words after each step. */
  readonly accs: readonly (readonly number[])[];
  /** For judgeFoldStep. */
  openStep(step: number): FoldStepOpening;
  /** For judgeFoldEnd. */
  openEnd(): { readonly last: AccOpening; readonly claim: LeafOpening };
};

/**
 * The partial sums behind one element of a value (a product, or a reduction over the last axis) or behind one leaf of it
 * (a reduction over another axis, a scatterAdd). Throws TensorError `bad-option`.
 */
export async function openFold(trace: Trace, value: number, place: number): Promise<OpenFold> {
  const scope = needScope(trace, value);
  const kind = foldKind(scope);
  if (kind === undefined) refuse(`${scope.node.op} has no partial sums`, "open the leaf with its operands");
  const { held, read, openRead } = await holdOperands(trace, scope, [value]);
  const own = held.get(value)!;
  needPlace(place, kind === "leaf" ? leafCount(scope.type) : own.tensor.data.length);
  const steps = foldSteps(scope);
  const accs: number[][] = [];
  const runStep = (step: number) => foldStep(scope, { place, step }, { before: accs[step - 1] ?? [], read })!;
  for (let step = 0; step < steps; step++) accs.push(runStep(step));
  const tree = merkleTree(accs.map((words) => accLeaf(scope, words)));
  const accAt = (step: number): AccOpening => ({ words: accs[step]!, path: tree.path(step) });
  return {
    fold: { value, place, root: tree.root },
    steps,
    accs,
    openStep(step) {
      needPlace(step, steps);
      const around = { step, after: accAt(step), operands: openRead(() => runStep(step)) };
      return step === 0 ? around : { ...around, before: accAt(step - 1) };
    },
    openEnd() {
      const leaf = kind === "leaf" ? place : leafOf(scope.type, place).leaf;
      return { last: accAt(steps - 1), claim: openHeld(trace, own, leaf) };
    },
  };
}
