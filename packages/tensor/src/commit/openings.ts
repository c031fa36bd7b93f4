// What a player of a dispute opens from a trace or a committed inference: a leaf, a leaf or a word with the operand leaves it
// follows from, the partial sums of one element with every chunk of them. judge.ts checks what comes out of here.
import { elementCount } from "../graph/Graph.ts";
import type { TensorValue } from "../graph/TensorValue.ts";
import { TensorError } from "../TensorError.ts";
import { foldChunk, foldChunks, isFold } from "./folds.ts";
import { type AccOpening, accLeaf, type FoldChunkOpening, type FoldCommitment, type WordOpening } from "./judge.ts";
import { type MerkleTree, merkleTree } from "./MerkleTree.ts";
import { type LeafOpening, scopeOf } from "./OperatorsCommitment.ts";
import { isDirect, type NodeScope, type ReadWord, recomputeLeaf, recomputeWord } from "./recomputeWord.ts";
import { leafBytes, leafCount, leafHashes, leafOf, wordOf } from "./TensorLayout.ts";
import type { Trace } from "./Trace.ts";

/** What openings are made from: a trace of a step, or a committed inference. */
export type Opened = Pick<Trace, "step" | "openValue" | "read">;

function refuse(problem: string, remedy: string): never {
  throw new TensorError("bad-option", problem, remedy);
}

function needScope({ step }: Opened, value: number): NodeScope {
  const scope = scopeOf(step, value);
  return scope ?? refuse(`value ${value} is computed by no operator`, "open the value of a node");
}

function needPlace(place: number, count: number): void {
  if (!Number.isInteger(place) || place < 0 || place >= count) refuse(`place is ${place}`, `use 0..${count - 1}`);
}

/** A value at hand, its leaves hashed when one is first opened. */
type Held = { readonly value: number; readonly tensor: TensorValue; tree?: MerkleTree };

function openHeld(trace: Opened, held: Held, leaf: number): LeafOpening {
  const { value, tensor } = held;
  held.tree ??= merkleTree(leafHashes(tensor));
  const { valuePath } = trace.openValue(value);
  const { tree } = held;
  return { value, leaf, bytes: leafBytes(tensor, leaf), leafPath: tree.path(leaf), leavesRoot: tree.root, valuePath };
}

/** One leaf of a value. Throws TensorError `bad-option`. */
export async function openLeaf(trace: Opened, value: number, leaf: number): Promise<LeafOpening> {
  const [tensor] = await trace.read([value]);
  needPlace(leaf, leafCount(tensor!));
  return openHeld(trace, { value, tensor: tensor! }, leaf);
}

/** Operands of a node, and the reader that notes which of their leaves were read. */
async function holdOperands(trace: Opened, scope: NodeScope, also: readonly number[]) {
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
export async function openOperator(trace: Opened, value: number, leaf: number): Promise<OperatorOpening> {
  const scope = needScope(trace, value);
  if (!isDirect(scope.node.op)) refuse(`${scope.node.op} goes chunk by chunk`, "open its partial sums");
  needPlace(leaf, leafCount(scope.type));
  const { held, read, openRead } = await holdOperands(trace, scope, [value]);
  const operands = openRead(() => recomputeLeaf(scope, leaf, read));
  return { claim: openHeld(trace, held.get(value)!, leaf), operands };
}

/** One word with the operand leaves it follows from, for judgeWord. Throws TensorError `bad-option`. */
export async function openWord(trace: Opened, value: number, element: number): Promise<WordOpening> {
  const scope = needScope(trace, value);
  if (!isDirect(scope.node.op)) refuse(`${scope.node.op} goes chunk by chunk`, "open its partial sums");
  needPlace(element, elementCount(scope.type.shape));
  const { held, read, openRead } = await holdOperands(trace, scope, [value]);
  const operands = openRead(() => recomputeWord(scope, element, read));
  return { claim: openHeld(trace, held.get(value)!, leafOf(scope.type, element).leaf), element, operands };
}

export type OpenFold = {
  readonly fold: FoldCommitment;
  readonly chunks: number;
  /** The acc word after each chunk. */
  readonly accs: readonly number[];
  /** For judgeFoldChunk. */
  openChunk(chunk: number): FoldChunkOpening;
  /** For judgeFoldEnd. */
  openEnd(): { readonly last: AccOpening; readonly claim: LeafOpening };
};

/** The partial sums behind one element of a value. Throws TensorError `bad-option`. */
export async function openFold(trace: Opened, value: number, element: number): Promise<OpenFold> {
  const scope = needScope(trace, value);
  if (!isFold(scope.node.op)) refuse(`${scope.node.op} has no partial sums`, "open the word with its operands");
  needPlace(element, elementCount(scope.type.shape));
  const { held, read, openRead } = await holdOperands(trace, scope, [value]);
  const chunks = foldChunks(scope);
  const accs: number[] = [];
  const run = (chunk: number) => foldChunk(scope, { element, chunk }, { before: accs[chunk - 1], read })!;
  for (let chunk = 0; chunk < chunks; chunk++) accs.push(run(chunk));
  const tree = merkleTree(accs.map(accLeaf));
  const accAt = (chunk: number): AccOpening => ({ word: accs[chunk]!, path: tree.path(chunk) });
  return {
    fold: { value, element, root: tree.root },
    chunks,
    accs,
    openChunk(chunk) {
      needPlace(chunk, chunks);
      const around = { chunk, after: accAt(chunk), operands: openRead(() => run(chunk)) };
      return chunk === 0 ? around : { ...around, before: accAt(chunk - 1) };
    },
    openEnd: () => ({
      last: accAt(chunks - 1),
      claim: openHeld(trace, held.get(value)!, leafOf(scope.type, element).leaf),
    }),
  };
}
