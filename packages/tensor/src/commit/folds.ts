// Values whose elements are sums or maxima of many terms, step by step (spec/tensor.md §6, partial sums). A fold of an
// element goes 32 terms at a time: products, and reductions over the last axis. A fold of a leaf goes term by term:
// reductions over another axis, and scatterAdd.
import { broadcastSource } from "../graph/broadcast.ts";
import { elementCount, type Node } from "../graph/Graph.ts";
import { LEAF_ELEMENTS } from "../HashLayout.ts";
import { bitsOf, fromBits } from "../recipes.ts";
import { ELEMENTWISE } from "../reference/elementwise.ts";
import type { NodeScope, ReadWord } from "./recomputeLeaf.ts";
import { leafElements } from "./TensorLayout.ts";

const f = Math.fround;

/** `element`: place is an element of the value, one acc word. `leaf`: place is a leaf, a word per element of it. */
export type FoldKind = "element" | "leaf";

/** Undefined for operators that fold nothing. */
export function foldKind({ node, operands }: NodeScope): FoldKind | undefined {
  if (node.op === "matmul" || node.op === "matmulInt8") return "element";
  if (node.op === "scatterAdd") return "leaf";
  if (node.op !== "reduceSum" && node.op !== "reduceMax") return undefined;
  return node.axis === operands[0]!.shape.length - 1 ? "element" : "leaf";
}

/** Terms of every fold of the value. */
export function foldTerms({ node, operands }: NodeScope): number {
  if (node.op === "reduceSum" || node.op === "reduceMax") return operands[0]!.shape[node.axis]!;
  if (node.op === "scatterAdd") return elementCount(operands[1]!.shape);
  return operands[0]!.shape.at(-1)!;
}

/** Steps of every fold: chunks of 32 terms, or single terms. */
export function foldSteps(scope: NodeScope): number {
  const terms = foldTerms(scope);
  return foldKind(scope) === "element" ? Math.ceil(terms / LEAF_ELEMENTS) : terms;
}

/** A step of the fold at a place of the value. */
export type FoldStep = { readonly place: number; readonly step: number };

/**
 * The acc words after a step, from those before it (ignored at step 0); undefined when an index is out of range: then the
 * job must have ended.
 */
export function foldStep(
  scope: NodeScope,
  { place, step }: FoldStep,
  { before, read }: { readonly before: readonly number[]; readonly read: ReadWord },
): number[] | undefined {
  if (foldKind(scope) === "element") {
    const first = step * LEAF_ELEMENTS;
    const last = Math.min(first + LEAF_ELEMENTS, foldTerms(scope));
    const term = elementTerms(scope, place, read);
    let acc = step === 0 ? undefined : before[0]!;
    for (let k = first; k < last; k++) acc = combine(scope.node, acc, term(k));
    return [acc!];
  }
  const { first, count } = leafElements(scope.type, place);
  if (scope.node.op === "scatterAdd") return scatterTerm(scope, { place, step }, { before, read });
  const { shape } = scope.operands[0]!;
  const axis = (scope.node as Extract<Node, { op: "reduceSum" }>).axis;
  const inner = elementCount(shape.slice(axis + 1));
  return Array.from({ length: count }, (_, i) => {
    const element = first + i;
    const source = (Math.floor(element / inner) * shape[axis]! + step) * inner + (element % inner);
    return combine(scope.node, step === 0 ? undefined : before[i]!, { x: read(0, source), y: 0 });
  });
}

type TermWords = { readonly x: number; readonly y: number };

/** One term more; `acc` is undefined before the first. */
function combine({ op }: Node, acc: number | undefined, { x, y }: TermWords): number {
  if (op === "matmulInt8") return ((acc ?? 0) + Math.imul(x | 0, y | 0)) >>> 0;
  if (op === "matmul") return bitsOf(f(fromBits(acc ?? 0) + f(fromBits(x) * fromBits(y))));
  if (op === "reduceMax") return bitsOf(acc === undefined ? fromBits(x) : ELEMENTWISE.max(fromBits(acc), fromBits(x)));
  return bitsOf(f(fromBits(acc ?? 0) + fromBits(x)));
}

/** Words of term k of an element. */
function elementTerms({ node, type, operands }: NodeScope, element: number, read: ReadWord) {
  const terms = operands[0]!.shape.at(-1)!;
  if (node.op === "reduceSum" || node.op === "reduceMax")
    return (k: number) => ({ x: read(0, element * terms + k), y: 0 });
  const [M, N] = [type.shape.at(-2)!, type.shape.at(-1)!];
  const lead = type.shape.slice(0, -2);
  const matrix = Math.floor(element / (M * N));
  const [row, column] = [Math.floor(element / N) % M, element % N];
  const [a, b] = operands.map(({ shape }) => broadcastSource(lead, shape.slice(0, -2), matrix)) as [number, number];
  return (k: number) => ({ x: read(0, (a * M + row) * terms + k), y: read(1, (b * N + column) * terms + k) });
}

function scatterTerm(
  { type, operands, node }: NodeScope,
  { place, step }: FoldStep,
  { before, read }: { readonly before: readonly number[]; readonly read: ReadWord },
): number[] | undefined {
  const { first, count } = leafElements(type, place);
  const width = type.shape[1]!;
  const row = read(1, step) | 0;
  const { rows } = node as Extract<Node, { op: "scatterAdd" }>;
  if (row < -1 || row >= rows) return undefined;
  const hit = row === Math.floor(first / width);
  return Array.from({ length: count }, (_, i) => {
    const acc = step === 0 ? 0 : before[i]!;
    if (!hit || operands[0]!.shape.at(-1) !== width) return acc;
    return bitsOf(f(fromBits(acc) + fromBits(read(0, step * width + ((first + i) % width)))));
  });
}
