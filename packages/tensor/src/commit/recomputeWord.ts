// One word of a value from words of its operands (spec/tensor.md §3, §6), or all words of a leaf of it. Whoever judges
// reads opened leaves; whoever proves reads the whole tensors and sees which leaves were read. The contracts of
// contracts/src/court/judges say the same word by word. Not here: products, sums and scatters, which go chunk by chunk
// (folds.ts).
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

/** True when `recomputeWord` knows the operator. */
export function isDirect(op: Node["op"]): boolean {
  return op in ELEMENTWISE || op in WORDS;
}

/** The 128 bytes of a leaf of the value; undefined as for a word. */
export function recomputeLeaf(scope: NodeScope, leaf: number, read: ReadWord): Uint8Array | undefined {
  const { first, count } = leafElements(scope.type, leaf);
  const words: number[] = [];
  for (let i = 0; i < count; i++) {
    const word = recomputeWord(scope, first + i, read);
    if (word === undefined) return undefined;
    words.push(word);
  }
  return wordsAsLeaf(words);
}

/** The word of an element; undefined when a read index is out of range: then the job must have ended. */
export function recomputeWord(scope: NodeScope, element: number, read: ReadWord): number | undefined {
  const { op } = scope.node;
  if (op in WORDS) return WORDS[op as keyof typeof WORDS](scope as never, element, read);
  const compute = ELEMENTWISE[op as ElementwiseOp] as (...x: number[]) => number;
  const numbers = scope.operands.map((_, i) => fromBits(broadcastWord(scope, i, { element, read })));
  return bitsOf(compute(...numbers));
}

/** The word of an operand that is broadcast to an element of the value. */
function broadcastWord(
  { type, operands }: NodeScope,
  operand: number,
  { element, read }: { readonly element: number; readonly read: ReadWord },
): number {
  return read(operand, broadcastSource(type.shape, operands[operand]!.shape, element));
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
    | ("select" | "toFloat" | "toInt8")]: Rule<K>;
} = {
  // What is not selected need not be opened.
  select(scope, element, read) {
    const chosen = fromBits(broadcastWord(scope, 0, { element, read })) !== 0 ? 1 : 2;
    return bitsOf(fromBits(broadcastWord(scope, chosen, { element, read })));
  },
  reshape: (_, element, read) => read(0, element),
  expand: (scope, element, read) => broadcastWord(scope, 0, { element, read }),
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
    // As it is committed: a fill that is a NaN is canonical.
    if (row === -1) return type.dtype === "f32" ? bitsOf(fromBits(node.fill)) : node.fill >>> 0;
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
