// One leaf of a value from elements of its operands (spec/tensor.md §3, §6): for operators whose leaves need few operand
// leaves. Whoever judges reads opened leaves; whoever proves reads the whole tensors and sees which leaves were read.
// Not here: products, sums and scatters, which go term by term (folds.ts).
import { broadcastSource } from "../graph/broadcast.ts";
import { elementCount, type Node, type ValueType } from "../graph/Graph.ts";
import { bitsOf, fromBits } from "../recipes.ts";
import { ELEMENTWISE, type ElementwiseOp, toFloat, toInt8 } from "../reference/elementwise.ts";
import { leafElements, wordsAsLeaf } from "./TensorLayout.ts";

/** The committed word of an element of operand number `operand`. */
export type ReadWord = (operand: number, element: number) => number;

/** An operator with the types around it. */
export type NodeScope = { readonly node: Node; readonly type: ValueType; readonly operands: readonly ValueType[] };

const ONE = bitsOf(1);

/** True when `recomputeLeaf` knows the operator. */
export function isDirect(op: Node["op"]): boolean {
  return op in ELEMENTWISE || op in WORDS;
}

/** The 128 bytes of a leaf of the value; a read index out of range gives undefined: then the job must have ended. */
export function recomputeLeaf(scope: NodeScope, leaf: number, read: ReadWord): Uint8Array | undefined {
  const { first, count } = leafElements(scope.type, leaf);
  const words: number[] = [];
  for (let i = 0; i < count; i++) {
    const word = elementWord(scope, first + i, read);
    if (word === undefined) return undefined;
    words.push(word);
  }
  return wordsAsLeaf(words);
}

function elementWord(scope: NodeScope, element: number, read: ReadWord): number | undefined {
  const { node, operands, type } = scope;
  if (Object.hasOwn(ELEMENTWISE, node.op)) {
    const compute = ELEMENTWISE[node.op as ElementwiseOp] as (...x: number[]) => number;
    const numbers = operands.map(({ shape }, i) => fromBits(read(i, broadcastSource(type.shape, shape, element))));
    return bitsOf(compute(...numbers));
  }
  return WORDS[node.op as keyof typeof WORDS](scope as never, element, read);
}

type Rule<K extends Node["op"]> = (
  scope: NodeScope & { readonly node: Extract<Node, { op: K }> },
  element: number,
  read: ReadWord,
) => number | undefined;

/** Shape as strides of its axes. */
function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
}

/** Coordinate of an element on an axis, and the elements within one step of that axis. */
function along(shape: readonly number[], axis: number, element: number) {
  const inner = elementCount(shape.slice(axis + 1));
  const size = shape[axis]!;
  return {
    inner,
    outer: Math.floor(element / (size * inner)),
    at: Math.floor(element / inner) % size,
    rest: element % inner,
  };
}

const WORDS: {
  readonly [K in
    | ("reshape" | "expand" | "transpose" | "slice" | "concat" | "swapPairs" | "gather" | "oneHot")
    | ("toFloat" | "toInt8")]: Rule<K>;
} = {
  reshape: (_, element, read) => read(0, element),
  expand: ({ type, operands }, element, read) => read(0, broadcastSource(type.shape, operands[0]!.shape, element)),
  transpose({ node, type, operands }, element, read) {
    const strides = stridesOf(operands[0]!.shape);
    let source = 0;
    let rest = element;
    for (let d = node.axes.length - 1; d >= 0; d--) {
      source += (rest % type.shape[d]!) * strides[node.axes[d]!]!;
      rest = Math.floor(rest / type.shape[d]!);
    }
    return read(0, source);
  },
  slice({ node, type, operands }, element, read) {
    const { inner, outer, at, rest } = along(type.shape, node.axis, element);
    return read(0, (outer * operands[0]!.shape[node.axis]! + node.start + at) * inner + rest);
  },
  concat({ node, type, operands }, element, read) {
    const { inner, outer, at, rest } = along(type.shape, node.axis, element);
    let start = 0;
    let operand = 0;
    while (at >= start + operands[operand]!.shape[node.axis]!) start += operands[operand++]!.shape[node.axis]!;
    return read(operand, (outer * operands[operand]!.shape[node.axis]! + at - start) * inner + rest);
  },
  swapPairs: (_, element, read) => read(0, element % 2 === 0 ? element + 1 : element - 1),
  gather({ node, type, operands }, element, read) {
    const width = type.shape.at(-1)!;
    const row = read(1, Math.floor(element / width)) | 0;
    if (row === -1) return node.fill >>> 0;
    return row < 0 || row >= operands[0]!.shape[0]! ? undefined : read(0, row * width + (element % width));
  },
  oneHot({ node }, element, read) {
    const column = read(0, Math.floor(element / node.size)) | 0;
    if (column < -1 || column >= node.size) return undefined;
    return column === element % node.size ? ONE : 0;
  },
  toFloat: (_, element, read) => bitsOf(toFloat(read(0, element) | 0)),
  toInt8: (_, element, read) => toInt8(fromBits(read(0, element))) >>> 0,
};
