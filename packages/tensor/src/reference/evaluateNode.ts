// One operator on tensors, slowly: the readable form of spec/tensor.md §3 that the kernels are tested against.
import { broadcastSource } from "../graph/broadcast.ts";
import type { Dtype, Node, NodeOf, Op, ValueType } from "../graph/Graph.ts";
import { bitsView, createTensor, type TensorOf, type TensorValue } from "../graph/TensorValue.ts";
import { ELEMENTWISE, type ElementwiseOp, toFloat, toInt8 } from "./elementwise.ts";
import { checkIndices, gather, oneHot, scatterAdd } from "./indexed.ts";
import { concat, expand, type Side, slice, swapPairs, transpose } from "./moves.ts";
import { matmul, matmulInt8 } from "./products.ts";
import { reduceMax, reduceSum } from "./reductions.ts";

const CANONICAL_NAN = 0x7fc00000;

export type Call = {
  /** Begins the message of an error. */
  readonly place: string;
  readonly node: Node;
  readonly operands: readonly TensorValue[];
  /** What inference says of the result. */
  readonly type: ValueType;
};

type Evaluate<K extends Op> = (
  call: { readonly place: string; readonly node: NodeOf<K>; readonly operands: readonly TensorValue[] },
  out: TensorValue,
) => void;

/** Inference has checked the dtype. */
const as = <D extends Dtype>(value: TensorValue | undefined): TensorOf<D> => value as TensorOf<D>;
const side = (value: TensorValue | undefined): Side => ({ shape: value!.shape, bits: bitsView(value!) });

function each(x: TensorValue, out: TensorValue, compute: (element: number) => number): void {
  x.data.forEach((element, i) => {
    out.data[i] = compute(element);
  });
}

type MoveOp = "reshape" | "expand" | "transpose" | "slice" | "concat" | "swapPairs" | "gather";

/** Operators whose result holds the bits of an operand; every other operator writes its NaNs as 0x7fc00000. */
const MOVES: { readonly [K in MoveOp]: Evaluate<K> } = {
  reshape: ({ operands: [x] }, out) => bitsView(out).set(bitsView(x!)),
  expand: ({ operands: [x] }, out) => expand(side(x), side(out)),
  transpose: ({ node, operands: [x] }, out) => transpose(side(x), node.axes, side(out)),
  slice: ({ node, operands: [x] }, out) => slice(side(x), node, side(out)),
  concat: ({ node, operands }, out) => concat(operands.map(side), node.axis, side(out)),
  swapPairs: ({ operands: [x] }, out) => swapPairs(side(x), side(out)),
  gather: ({ place, node, operands: [table, index] }, out) => {
    checkIndices(place, as<"i32">(index), table!.shape[0]!);
    gather(side(table), { index: as<"i32">(index), fill: node.fill }, side(out));
  },
};

const COMPUTING: { readonly [K in Exclude<Op, MoveOp | ElementwiseOp>]: Evaluate<K> } = {
  matmul: ({ operands: [a, b] }, out) => matmul(as<"f32">(a), as<"f32">(b), as<"f32">(out)),
  matmulInt8: ({ operands: [a, b] }, out) => matmulInt8(as<"i8">(a), as<"i8">(b), as<"i32">(out)),
  toFloat: ({ operands: [x] }, out) => each(x!, out, toFloat),
  toInt8: ({ operands: [x] }, out) => each(x!, out, toInt8),
  reduceSum: ({ node, operands: [x] }, out) => reduceSum(as<"f32">(x), node.axis, as<"f32">(out)),
  reduceMax: ({ node, operands: [x] }, out) => reduceMax(as<"f32">(x), node.axis, as<"f32">(out)),
  oneHot: ({ place, node, operands: [index] }, out) => {
    checkIndices(place, as<"i32">(index), node.size);
    oneHot(as<"i32">(index), node.size, as<"f32">(out));
  },
  scatterAdd: ({ place, node, operands: [x, index] }, out) => {
    checkIndices(place, as<"i32">(index), node.rows);
    scatterAdd(as<"f32">(x), as<"i32">(index), as<"f32">(out));
  },
};

const OTHERS = { ...MOVES, ...COMPUTING };

/** The result of a node, of the given type. Throws TensorError `bad-index` that begins with `place`. */
export function evaluateNode(call: Call): TensorValue {
  const out = createTensor(call.type);
  const { op } = call.node;
  if (Object.hasOwn(ELEMENTWISE, op)) evaluateElementwise(op as ElementwiseOp, call.operands, out);
  else (OTHERS[op as keyof typeof OTHERS] as Evaluate<Op>)(call, out);
  if (!isMove(op)) canonicalise(out);
  return out;
}

/** True for operators that change no bit, not even of a NaN. */
export function isMove(op: Op): boolean {
  return Object.hasOwn(MOVES, op);
}

function evaluateElementwise(op: ElementwiseOp, operands: readonly TensorValue[], out: TensorValue): void {
  const compute = ELEMENTWISE[op] as (...elements: number[]) => number;
  for (let i = 0; i < out.data.length; i++)
    out.data[i] = compute(...operands.map((x) => x.data[broadcastSource(out.shape, x.shape, i)]!));
}

function canonicalise(value: TensorValue): void {
  if (value.dtype !== "f32") return;
  const bits = bitsView(value);
  value.data.forEach((element, i) => {
    if (Number.isNaN(element)) bits[i] = CANONICAL_NAN;
  });
}
