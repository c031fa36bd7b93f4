// Every operator of spec/tensor.md §3 in ONNX operators of set 18. Where ONNX's own operator treats NaN, ties or index -1
// in another way (Max, Min, OneHot, Gather), it is written out; sums and products may be added in another order there.
import type { Node, NodeOf, Op, ValueType } from "../../graph/Graph.ts";
import { bitsView, createTensor, tensorFrom } from "../../graph/TensorValue.ts";
import { DATA_TYPES } from "./messages.ts";
import type { OnnxWriter } from "./OnnxWriter.ts";

type WrittenOperand = ValueType & { readonly name: string };
export type Written<K extends Op> = {
  readonly node: NodeOf<K>;
  readonly operands: readonly WrittenOperand[];
  /** Type of the result. */
  readonly type: ValueType;
};

/** Writes a node; returns the name of its result. */
type Write<K extends Op> = (w: OnnxWriter, written: Written<K>) => string;

const names = (operands: readonly WrittenOperand[]) => operands.map(({ name }) => name);
const real = (w: OnnxWriter, value: number) => w.constant(tensorFrom("f32", [1], [value]));

/** ONNX has an operator that means the same. */
function same<K extends Op>(opType: string): Write<K> {
  return (w, { operands }) => w.node(opType, names(operands));
}

function turned(w: OnnxWriter, { name, shape }: WrittenOperand): string {
  const axes = shape.map((_, axis) => axis);
  return w.node("Transpose", [name], { perm: [...axes.slice(0, -2), axes.length - 1, axes.length - 2] });
}

const matmul: Write<"matmul"> = (w, { operands: [a, b] }) =>
  a!.shape.length === 2 && b!.shape.length === 2
    ? w.node("Gemm", [a!.name, b!.name], { transB: 1 })
    : w.node("MatMul", [a!.name, turned(w, b!)]);

const toInt8: Write<"toInt8"> = (w, { operands: [x] }) => {
  const number = w.node("Where", [w.node("IsNaN", [x!.name]), real(w, 0), x!.name]);
  const [low, high] = [-127, 127].map((bound) => w.constant(tensorFrom("f32", [1], [bound])));
  const least = w.node("Max", [number, low!]);
  return w.node("Cast", [w.node("Round", [w.node("Min", [least, high!])])], { to: DATA_TYPES.INT8 });
};

/** `first < second ? second : first` with the operands in either order. */
function chosen(w: OnnxWriter, less: readonly [string, string], other: readonly [string, string]): string {
  return w.node("Where", [w.node("Less", less), ...other]);
}

const swapPairs: Write<"swapPairs"> = (w, { operands: [x], type: { shape } }) => {
  const pairs = [...shape.slice(0, -1), shape.at(-1)! / 2, 2];
  const split = w.node("Reshape", [x!.name, w.integers(pairs)]);
  const swapped = w.node("Gather", [split, w.integers([1, 0])], { axis: pairs.length - 1 });
  return w.node("Reshape", [swapped, w.integers(shape)]);
};

/** Index -1 is ONNX's last row: a row of the fill is put there. */
const gather: Write<"gather"> = (w, { node, operands: [table, index] }) => {
  const row = createTensor({ dtype: table!.dtype, shape: [1, table!.shape[1]!] });
  bitsView(row).fill(node.fill);
  const filled = w.node("Concat", [table!.name, w.constant(row)], { axis: 0 });
  return w.node("Gather", [filled, index!.name], { axis: 0 });
};

const oneHot: Write<"oneHot"> = (w, { node, operands: [index] }) => {
  const places = w.constant(
    tensorFrom(
      "i32",
      [node.size],
      Array.from({ length: node.size }, (_, i) => i),
    ),
  );
  const columns = w.node("Reshape", [index!.name, w.integers([...index!.shape, 1])]);
  return w.node("Cast", [w.node("Equal", [columns, places])], { to: DATA_TYPES.FLOAT });
};

/** Rows of index -1 go to a row behind the last, which is cut off. */
const scatterAdd: Write<"scatterAdd"> = (w, { node, operands: [x, index] }) => {
  const width = x!.shape.at(-1)!;
  const zeros = w.node("Expand", [real(w, 0), w.integers([node.rows + 1, width])]);
  const rows = w.node("Reshape", [x!.name, w.integers([-1, width])]);
  const places = w.node("Reshape", [w.node("Cast", [index!.name], { to: DATA_TYPES.INT64 }), w.integers([-1, 1])]);
  const sums = w.node("ScatterND", [zeros, places, rows], { reduction: "add" });
  return w.node("Slice", [sums, w.integers([0]), w.integers([node.rows]), w.integers([0])]);
};

const WRITERS: { readonly [K in Op]: Write<K> } = {
  matmul,
  matmulInt8: (w, { operands: [a, b] }) => w.node("MatMulInteger", [a!.name, turned(w, b!)]),
  toFloat: (w, { operands }) => w.node("Cast", names(operands), { to: DATA_TYPES.FLOAT }),
  toInt8,
  add: same("Add"),
  sub: same("Sub"),
  mul: same("Mul"),
  div: same("Div"),
  max: (w, { operands: [a, b] }) => chosen(w, [a!.name, b!.name], [b!.name, a!.name]),
  min: (w, { operands: [a, b] }) => chosen(w, [b!.name, a!.name], [b!.name, a!.name]),
  gt: (w, { operands }) => w.node("Cast", [w.node("Greater", names(operands))], { to: DATA_TYPES.FLOAT }),
  select: (w, { operands: [condition, a, b] }) =>
    w.node("Where", [w.node("Equal", [condition!.name, real(w, 0)]), b!.name, a!.name]),
  neg: same("Neg"),
  abs: same("Abs"),
  sqrt: same("Sqrt"),
  exp: same("Exp"),
  log: same("Log"),
  tanh: same("Tanh"),
  reduceSum: (w, { node, operands }) =>
    w.node("ReduceSum", [...names(operands), w.integers([node.axis])], { keepdims: 1 }),
  reduceMax: (w, { node, operands }) =>
    w.node("ReduceMax", [...names(operands), w.integers([node.axis])], { keepdims: 1 }),
  reshape: (w, { node, operands }) => w.node("Reshape", [...names(operands), w.integers(node.shape)]),
  expand: (w, { node, operands }) => w.node("Expand", [...names(operands), w.integers(node.shape)]),
  transpose: (w, { node, operands }) => w.node("Transpose", names(operands), { perm: node.axes }),
  slice: (w, { node, operands }) =>
    w.node("Slice", [
      ...names(operands),
      w.integers([node.start]),
      w.integers([node.start + node.length]),
      w.integers([node.axis]),
    ]),
  concat: (w, { node, operands }) => w.node("Concat", names(operands), { axis: node.axis }),
  swapPairs,
  gather,
  oneHot,
  scatterAdd,
};

export function writeOperator(
  w: OnnxWriter,
  written: { node: Node; operands: readonly WrittenOperand[]; type: ValueType },
) {
  return (WRITERS[written.node.op] as Write<Op>)(w, written as Written<Op>);
}
