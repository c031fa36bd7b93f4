// Values whose elements are sums or maxima of many terms, chunk by chunk (spec/tensor.md §6, partial sums). A fold is of
// one element and its acc is one word. Chunks hold 32 terms where the fold runs along the last axis of its operands, so
// that a chunk needs one leaf of each; elsewhere (another axis, scatterAdd) a chunk is one term.
import { broadcastSource } from "../graph/broadcast.ts";
import { elementCount, type Node } from "../graph/Graph.ts";
import { LEAF_ELEMENTS } from "../HashLayout.ts";
import { bitsOf, fromBits } from "../recipes.ts";
import { ELEMENTWISE } from "../reference/elementwise.ts";
import type { NodeScope, ReadWord } from "./recomputeWord.ts";

const f = Math.fround;

type FoldOp = "matmul" | "matmulInt8" | "reduceSum" | "reduceMax" | "scatterAdd";
type NodeFor<K extends FoldOp> = Extract<Node, { op: K }>;

/** True for operators whose elements are folds; every other operator is direct (recomputeWord.ts). */
export function isFold(op: Node["op"]): op is FoldOp {
  return op in TERMS;
}

/** Terms of every fold of the value. */
export function foldTerms({ node, operands }: NodeScope): number {
  if (node.op === "reduceSum" || node.op === "reduceMax") return operands[0]!.shape[node.axis]!;
  if (node.op === "scatterAdd") return elementCount(operands[1]!.shape);
  return operands[0]!.shape.at(-1)!;
}

/** Terms of a chunk, the last one's excepted: 32 or 1. */
export function termsPerChunk({ node, operands }: NodeScope): number {
  if (node.op === "scatterAdd") return 1;
  if (node.op !== "reduceSum" && node.op !== "reduceMax") return LEAF_ELEMENTS;
  return node.axis === operands[0]!.shape.length - 1 ? LEAF_ELEMENTS : 1;
}

/** Chunks of every fold of the value. */
export function foldChunks(scope: NodeScope): number {
  return Math.ceil(foldTerms(scope) / termsPerChunk(scope));
}

/** A chunk of the fold of an element. */
export type FoldChunk = { readonly element: number; readonly chunk: number };

/** What a chunk starts from: the acc word before it (ignored at chunk 0) and the operands. */
export type FoldFrom = { readonly before: number | undefined; readonly read: ReadWord };

/** The acc word after a chunk; undefined when an index is out of range: then the job must have ended. */
export function foldChunk(
  scope: NodeScope,
  { element, chunk }: FoldChunk,
  { before, read }: FoldFrom,
): number | undefined {
  const each = termsPerChunk(scope);
  const first = chunk * each;
  const last = Math.min(first + each, foldTerms(scope));
  const next = TERMS[scope.node.op as FoldOp](scope as never, element, read);
  let acc = chunk === 0 ? undefined : before!;
  for (let k = first; k < last; k++) {
    acc = next(acc, k);
    if (acc === undefined) return undefined;
  }
  return acc;
}

/** The acc after term k; `acc` is undefined before the first. */
type Next = (acc: number | undefined, k: number) => number | undefined;
type Fold<K extends FoldOp> = (
  scope: NodeScope & { readonly node: NodeFor<K> },
  element: number,
  read: ReadWord,
) => Next;

const add = (acc: number, term: number): number => bitsOf(f(fromBits(acc) + term));

/** Where term k of a product is in each operand: its first term's element plus k. */
export function productRows({ type, operands }: NodeScope, element: number): [number, number] {
  const terms = operands[0]!.shape.at(-1)!;
  const [M, N] = [type.shape.at(-2)!, type.shape.at(-1)!];
  const lead = type.shape.slice(0, -2);
  const matrix = Math.floor(element / (M * N));
  const [row, column] = [Math.floor(element / N) % M, element % N];
  const [a, b] = operands.map(({ shape }) => broadcastSource(lead, shape.slice(0, -2), matrix)) as [number, number];
  return [(a * M + row) * terms, (b * N + column) * terms];
}

/** The operand's element that is term k of a reduction. */
function reducedTerm({ node, operands }: NodeScope & { readonly node: { readonly axis: number } }, element: number) {
  const { shape } = operands[0]!;
  const inner = elementCount(shape.slice(node.axis + 1));
  const start = Math.floor(element / inner) * shape[node.axis]! * inner + (element % inner);
  return (k: number) => start + k * inner;
}

const TERMS: { readonly [K in FoldOp]: Fold<K> } = {
  matmul(scope, element, read) {
    const [a, b] = productRows(scope, element);
    return (acc, k) => add(acc ?? 0, f(fromBits(read(0, a + k)) * fromBits(read(1, b + k))));
  },
  matmulInt8(scope, element, read) {
    const [a, b] = productRows(scope, element);
    return (acc, k) => ((acc ?? 0) + Math.imul(read(0, a + k), read(1, b + k))) >>> 0;
  },
  reduceSum(scope, element, read) {
    const at = reducedTerm(scope, element);
    return (acc, k) => add(acc ?? 0, fromBits(read(0, at(k))));
  },
  reduceMax(scope, element, read) {
    const at = reducedTerm(scope, element);
    return (acc, k) => {
      const x = fromBits(read(0, at(k)));
      return bitsOf(acc === undefined ? x : ELEMENTWISE.max(fromBits(acc), x));
    };
  },
  scatterAdd({ type, node }, element, read) {
    const width = type.shape[1]!;
    const [row, column] = [Math.floor(element / width), element % width];
    return (acc, i) => {
      const index = read(1, i) | 0;
      if (index < -1 || index >= node.rows) return undefined;
      return index === row ? add(acc ?? 0, fromBits(read(0, i * width + column))) : (acc ?? 0);
    };
  },
};
