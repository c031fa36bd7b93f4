// spec/vectors/tensor/commitment.json: tensor roots of every dtype and rank, elements of constants, partial sums.
import { foldChunk, foldChunks, termsPerChunk } from "../commit/folds.ts";
import { accLeaf } from "../commit/judge.ts";
import type { ReadWord } from "../commit/recomputeWord.ts";
import { leafHashes, tensorRoot, wordOf } from "../commit/TensorLayout.ts";
import { constantValue } from "../graph/constants.ts";
import { type Constant, elementCount, type Node, type Shape, type ValueType } from "../graph/Graph.ts";
import { attributesOf, inferOperator } from "../graph/operators.ts";
import { bitsView, createTensor, type TensorValue, tensorFrom } from "../graph/TensorValue.ts";
import { merkleRoot } from "../Merkle.ts";
import { seedWords } from "../seedStream.ts";
import { sha256, toHex } from "../sha256.ts";
import { hexWord, tensorText } from "./vectorText.ts";

const draw = (label: string, shape: Shape) =>
  seedWords(new Uint8Array(32).fill(42), `vectors/commitment/${label}`, 0, elementCount(shape));

/** In [-2, 2), but for i8: any byte; i32: any word. */
function made(label: string, { dtype, shape }: ValueType): TensorValue {
  const words = draw(label, shape);
  if (dtype === "i32") return tensorFrom("i32", shape, words);
  if (dtype === "i8") return tensorFrom("i8", shape, words);
  return tensorFrom(dtype, shape, Float32Array.from(words, (word) => ((word >>> 8) * 2 ** -23 - 1) * 2));
}

const TENSORS: readonly ValueType[] = [
  ...([[1], [7], [33], [2, 3, 5], [2, 1, 2, 40], [1, 2, 1, 2, 1, 3]] as Shape[]).map(
    (shape) => ({ dtype: "f32", shape }) as const,
  ),
  { dtype: "i32", shape: [3, 34] },
  { dtype: "i8", shape: [2, 35] },
];

function tensors() {
  const nans = createTensor({ dtype: "f32", shape: [6] });
  bitsView(nans).set([0x7fc00000, 0xffc00001, 0x7f800001, 0xff800000, 0x80000000, 0x00000001]);
  const all = [...TENSORS.map((type, i) => made(`tensor/${i}`, type)), nans];
  return all.map((value) => ({
    ...tensorText(value),
    leafHashes: leafHashes(value).map(toHex),
    tensorRoot: toHex(tensorRoot(value)),
  }));
}

const imported = Uint8Array.of(0, 0, 0x80, 0x3f, 1, 0, 0xc0, 0xff);
const CONSTANTS: readonly Constant[] = [
  { kind: "scalar", word: 0x80000000 },
  { kind: "fill", shape: [2, 3], word: 0xff800000 },
  { kind: "causal", size: 4 },
  { kind: "iota", size: 5 },
  {
    ...({ kind: "window", batch: 2, height: 4, width: 5, kernel: [2, 3], stride: [2, 1] } as const),
    ...({ pads: [1, 2, 0, 1], dilation: [2, 2] } as const),
  },
  {
    ...({ kind: "window", batch: 1, height: 5, width: 3, kernel: [2, 2], stride: [2, 2] } as const),
    ...({ pads: [0, 0, 0, 0], dilation: [1, 1] } as const),
  },
  { kind: "data", name: "imported", dtype: "f32", shape: [2], sha256: toHex(sha256(imported)) },
];

function constants() {
  const data = new Map([[toHex(sha256(imported)), imported]]);
  return CONSTANTS.map((constant) => {
    const value = constantValue(constant, data);
    return { constant, value: tensorText(value), tensorRoot: toHex(tensorRoot(value)) };
  });
}

type FoldCase = { readonly node: Node; readonly operands: readonly TensorValue[]; readonly elements: readonly number[] };

const f32 = (label: string, ...shape: number[]) => made(label, { dtype: "f32", shape });
const rows = tensorFrom("i32", [4], [1, -1, 0, 1]);
const FOLDS: readonly FoldCase[] = [
  { node: { op: "matmul", in: [] }, operands: [f32("a", 2, 1, 2, 70), f32("b", 3, 70)], elements: [0, 11] },
  {
    node: { op: "matmulInt8", in: [] },
    operands: [made("i8/a", { dtype: "i8", shape: [2, 33] }), made("i8/b", { dtype: "i8", shape: [2, 33] })],
    elements: [3],
  },
  { node: { op: "reduceSum", in: [], axis: 1 }, operands: [f32("sum", 2, 65)], elements: [1] },
  { node: { op: "reduceMax", in: [], axis: 1 }, operands: [f32("most", 2, 64)], elements: [0] },
  { node: { op: "reduceSum", in: [], axis: 0 }, operands: [f32("down", 3, 2, 34)], elements: [1, 67] },
  { node: { op: "reduceMax", in: [], axis: 1 }, operands: [f32("up", 2, 3, 5)], elements: [8] },
  { node: { op: "scatterAdd", in: [], rows: 2 }, operands: [f32("scatter", 4, 34), rows], elements: [33, 35] },
];

/** Acc words of elements after every chunk, and the root of their tree. */
function fold({ node, operands, elements }: FoldCase) {
  const type = inferOperator("fold", operands, { op: node.op, attributes: attributesOf(node) });
  const scope = { node, type, operands };
  const read: ReadWord = (operand, element) => wordOf(operands[operand]!, element);
  const sums = elements.map((element) => {
    const accs: number[] = [];
    for (let chunk = 0; chunk < foldChunks(scope); chunk++)
      accs.push(foldChunk(scope, { element, chunk }, { before: accs.at(-1), read })!);
    return { element, accs: accs.map(hexWord).join(" "), root: toHex(merkleRoot(accs.map(accLeaf))) };
  });
  const { in: _, ...written } = node;
  return { node: written, termsPerChunk: termsPerChunk(scope), operands: operands.map(tensorText), sums };
}

/** Tensors with their leaves and roots, constants with their elements, sums with their accs. */
export function commitVectors() {
  return { tensors: tensors(), constants: constants(), partialSums: FOLDS.map(fold) };
}
