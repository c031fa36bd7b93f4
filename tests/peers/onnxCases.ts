// One small ONNX model per operator and way of using it, for comparison with onnxruntime.
import type { GivenModel, GivenNode } from "@weft/tensor/formats/onnx/onnxFixture";
import { type TensorValue, tensorFrom } from "@weft/tensor/graph/TensorValue";

/** Values between -1 and 1 that differ from each other, the same every time. */
export function wave(shape: readonly number[], phase = 0): TensorValue {
  const count = shape.reduce((product, size) => product * size, 1);
  const values = Float32Array.from({ length: count }, (_, i) => Math.sin(1.7 * i + phase) * Math.cos(0.13 * i + 0.4));
  return tensorFrom("f32", shape.length === 0 ? [1] : shape, values);
}

type Case = GivenModel & { readonly name: string };
type Attributes = NonNullable<GivenNode["attributes"]>;

/** `y = op(x, weights …)`. */
function one(
  op: string,
  x: readonly number[],
  { attributes = {}, weights = {}, opset = 13, out = ["y"] }: OneOptions = {},
): Case {
  const detail = JSON.stringify({
    ...attributes,
    ...Object.fromEntries(Object.keys(weights).map((key) => [key, "…"])),
  });
  return {
    name: `${op} ${opset} [${x}] ${detail}`,
    opset,
    inputs: { x },
    weights,
    nodes: [{ op, in: ["x", ...Object.keys(weights)], out, attributes }],
    outputs: out,
  };
}
type OneOptions = {
  readonly attributes?: Attributes;
  readonly weights?: GivenModel["weights"];
  readonly opset?: number;
  readonly out?: readonly string[];
};

/** `y = op(a, b)` with both live. */
function two(op: string, a: readonly number[], b: readonly number[], attributes: Attributes = {}): Case {
  const name = `${op} [${a}] [${b}] ${JSON.stringify(attributes)}`;
  return { name, inputs: { a, b }, nodes: [{ op, in: ["a", "b"], out: ["y"], attributes }], outputs: ["y"] };
}

const IMAGE = [2, 4, 7, 6];
const conv = (x: readonly number[], w: readonly number[], attributes: Attributes, bias = true) =>
  one("Conv", x, { attributes, weights: { w: wave(w, 2), ...(bias ? { b: wave([w[0]!], 3) } : {}) } });

const convolutions: Case[] = [
  conv(IMAGE, [5, 4, 3, 3], {}),
  conv(IMAGE, [5, 4, 3, 2], { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 2, 1] }),
  conv(IMAGE, [5, 4, 3, 3], { dilations: [2, 1], pads: [2, 1, 2, 1] }, false),
  conv(IMAGE, [6, 2, 3, 3], { group: 2 }),
  conv(IMAGE, [4, 1, 3, 3], { group: 4, pads: [1, 1, 1, 1] }),
  conv(IMAGE, [8, 1, 2, 2], { group: 4, strides: [2, 2] }),
  conv(IMAGE, [3, 4, 1, 1], {}),
  conv(IMAGE, [3, 4, 1, 1], { strides: [2, 3] }),
  conv(IMAGE, [3, 4, 4, 3], { auto_pad: "SAME_UPPER", strides: [2, 2] }),
  conv(IMAGE, [3, 4, 4, 3], { auto_pad: "SAME_LOWER", strides: [2, 2] }),
  conv(IMAGE, [3, 4, 3, 3], { auto_pad: "VALID" }),
  conv([2, 3, 9], [4, 3, 3], { strides: [2], pads: [1, 2] }),
  conv([1, 4, 5], [4, 1, 2], { group: 4 }),
];

const pooling: Case[] = (["MaxPool", "AveragePool"] as const).flatMap((op) => [
  one(op, IMAGE, { attributes: { kernel_shape: [2, 2] } }),
  one(op, IMAGE, { attributes: { kernel_shape: [3, 2], strides: [2, 2], pads: [1, 0, 1, 1] } }),
  one(op, IMAGE, { attributes: { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 } }),
  one(op, IMAGE, { attributes: { kernel_shape: [2, 2], strides: [3, 3], ceil_mode: 1, pads: [1, 1, 0, 0] } }),
  one(op, IMAGE, { attributes: { kernel_shape: [2, 2], strides: [3, 3], ceil_mode: 1, pads: [0, 0, 1, 1] } }),
  one(op, IMAGE, { attributes: { kernel_shape: [3, 3], strides: [2, 2], auto_pad: "SAME_UPPER" } }),
  one(op, [2, 3, 8], { attributes: { kernel_shape: [3], strides: [2] } }),
]);
const average: Case[] = [
  one("MaxPool", IMAGE, { attributes: { kernel_shape: [2, 2], dilations: [2, 2] } }),
  one("AveragePool", IMAGE, { attributes: { kernel_shape: [3, 2], pads: [1, 0, 1, 1], count_include_pad: 1 } }),
  one("GlobalAveragePool", IMAGE),
  one("GlobalAveragePool", [2, 3, 5]),
  one("GlobalMaxPool", IMAGE),
];

const elementwise: Case[] = [
  ...["Relu", "Sigmoid", "Tanh", "Exp", "Neg", "Abs", "Reciprocal"].map((op) => one(op, [3, 4])),
  ...["Add", "Sub", "Mul", "Div"].flatMap((op) => [
    two(op, [2, 3, 4], [2, 3, 4]),
    two(op, [2, 3, 4], [3, 1]),
    two(op, [4], [2, 1, 4]),
    one(op, [2, 3], { weights: { w: wave([1], 1) } }),
  ]),
  {
    name: "Where, Less and Greater, as numbers and as conditions",
    inputs: { a: [2, 3], b: [3] },
    weights: { mask: tensorFrom("f32", [2, 1], [0, 1]) },
    nodes: [
      { op: "Less", in: ["a", "b"], out: ["l"] },
      { op: "Greater", in: ["a", "b"], out: ["g"] },
      { op: "Where", in: ["l", "a", "b"], out: ["y"] },
      { op: "Cast", in: ["g"], out: ["z"], attributes: { to: 1 } },
      { op: "Cast", in: ["mask"], out: ["m"], attributes: { to: 9 } },
      { op: "Where", in: ["m", "a", "b"], out: ["w"] },
    ],
    outputs: ["y", "z", "w"],
  },
  two("Max", [2, 3], [3]),
  two("Min", [2, 3], [2, 1]),
  one("LeakyRelu", [3, 4], { attributes: { alpha: { f: 0.2 } } }),
  one("LeakyRelu", [3, 4]),
  one("Clip", [3, 4], { attributes: { min: { f: -0.3 }, max: { f: 0.4 } }, opset: 7 }),
  one("Clip", [3, 4], { weights: { low: wave([], 4), high: wave([], 0.9) } }),
  ...[2, 3, 0.5, -1].map((exponent) => {
    return one("Pow", [3, 4], { weights: { e: tensorFrom("f32", [1], [exponent]) } });
  }),
];

const moves: Case[] = [
  one("Reshape", [2, 3, 4], { weights: { s: [0, -1] } }),
  one("Reshape", [2, 3, 4], { weights: { s: [4, 3, 2] } }),
  one("Flatten", [2, 3, 4]),
  one("Flatten", [2, 3, 4], { attributes: { axis: 0 } }),
  one("Flatten", [2, 3, 4], { attributes: { axis: -1 } }),
  one("Squeeze", [1, 3, 1], { weights: { a: [-1] } }),
  one("Squeeze", [1, 3, 1], { attributes: { axes: [0, 2] }, opset: 11 }),
  one("Squeeze", [1, 3, 1]),
  one("Unsqueeze", [3, 4], { weights: { a: [0, -1] } }),
  one("Unsqueeze", [3, 4], { attributes: { axes: [1] }, opset: 11 }),
  one("Transpose", [2, 3, 4]),
  one("Transpose", [2, 3, 4], { attributes: { perm: [1, 2, 0] } }),
  two("Concat", [2, 3], [2, 5], { axis: -1 }),
  two("Concat", [2, 3], [1, 3], { axis: 0 }),
  one("Concat", [2, 3], { attributes: { axis: 0 }, weights: { w: wave([4, 3], 1) } }),
  one("Gather", [4, 3, 2], { weights: { i: [2, -1, 0] } }),
  one("Gather", [4, 3, 2], { attributes: { axis: 1 }, weights: { i: [2, -3] } }),
  one("Gather", [4, 3, 2], { attributes: { axis: -1 }, weights: { i: [1] } }),
  one("Slice", [5, 6], { weights: { s: [1, -4], e: [4, 2 ** 53 - 1], a: [0, 1] } }),
  one("Slice", [5, 6], { weights: { s: [-1], e: [-100], a: [0], t: [-2] } }),
  one("Slice", [5, 6], { attributes: { starts: [1], ends: [-1], axes: [1] }, opset: 9 }),
  one("Split", [5, 6], { attributes: { axis: 1 }, out: ["y", "z"] }),
  one("Split", [5, 6], { weights: { s: [1, 3, 1] }, out: ["y", "z", "w"] }),
  one("Expand", [3, 1], { weights: { s: [2, 1, 4] } }),
  one("Pad", [2, 3], { weights: { p: [1, 0, 2, 1], v: wave([], 3) } }),
  one("Pad", [2, 3], { attributes: { pads: [0, 1, 0, 2], value: { f: 0.5 } }, opset: 9 }),
  one("Identity", [2, 3]),
  one("Dropout", [2, 3]),
];

const vector = (op: string, a: readonly number[], b: readonly number[]) => two(op, a, b);
const products: Case[] = [
  vector("MatMul", [3, 4], [4, 5]),
  vector("MatMul", [2, 3, 4], [4, 5]),
  vector("MatMul", [2, 1, 3, 4], [5, 4, 2]),
  vector("MatMul", [4], [4, 5]),
  vector("MatMul", [2, 3, 4], [4]),
  vector("MatMul", [4], [4]),
  one("MatMul", [3, 4], { weights: { w: wave([4, 2], 1) } }),
  one("Gemm", [3, 4], { weights: { w: wave([4, 2], 1) } }),
  one("Gemm", [3, 4], {
    attributes: { transB: 1, beta: { f: 0.5 } },
    weights: { w: wave([2, 4], 1), b: wave([2], 2) },
  }),
  one("Gemm", [4, 3], {
    attributes: { transA: 1, alpha: { f: 0.5 } },
    weights: { w: wave([4, 2], 1), b: wave([3, 1], 2) },
  }),
];

const reductions: Case[] = [
  ...["ReduceMean", "ReduceMax"].flatMap((op) => [
    one(op, [2, 3, 4], { attributes: { axes: [1] } }),
    one(op, [2, 3, 4], { attributes: { axes: [0, -1], keepdims: 0 } }),
    one(op, [2, 3, 4]),
    one(op, [2, 3, 4], { attributes: { keepdims: 0 } }),
    one(op, [2, 3, 4], { weights: { a: [-2] }, opset: 18 }),
  ]),
  one("ReduceSum", [2, 3, 4], { weights: { a: [1, 2] } }),
  one("ReduceSum", [2, 3, 4], { attributes: { axes: [2] }, opset: 11 }),
  ...[9, 13].flatMap((opset) => [0, 1, 2].map((axis) => one("Softmax", [2, 3, 4], { attributes: { axis }, opset }))),
  one("Softmax", [2, 3, 4], { opset: 9 }),
  one("Softmax", [2, 3, 4]),
  one("BatchNormalization", IMAGE, {
    attributes: { epsilon: { f: 0.01 } },
    weights: { s: wave([4], 1), b: wave([4], 2), m: wave([4], 3), v: tensorFrom("f32", [4], [1, 0.5, 2, 0.1]) },
  }),
];

/** Layouts met across operators: images in and out of [N,H,W,C], constants beside them. */
const chains: Case[] = [
  {
    name: "a small network with a residual, concatenation, batch norm and a flattened head",
    inputs: { x: [1, 3, 8, 8] },
    weights: {
      w1: wave([6, 3, 3, 3], 1),
      b1: wave([6], 2),
      s: wave([6], 3),
      o: wave([6], 4),
      m: wave([6], 5),
      v: tensorFrom("f32", [6], [1, 2, 3, 0.5, 0.25, 1]),
      w2: wave([6, 1, 3, 3], 6),
      c: wave([6, 1, 1], 7),
      r: wave([1, 6, 4, 4], 8),
      k: [1, -1],
      w3: wave([192, 5], 9),
    },
    nodes: [
      { op: "Conv", in: ["x", "w1", "b1"], out: ["a"], attributes: { pads: [1, 1, 1, 1], strides: [2, 2] } },
      { op: "BatchNormalization", in: ["a", "s", "o", "m", "v"], out: ["n"] },
      { op: "Relu", in: ["n"], out: ["h"] },
      { op: "Conv", in: ["h", "w2"], out: ["d"], attributes: { group: 6, pads: [1, 1, 1, 1] } },
      { op: "Add", in: ["d", "h"], out: ["e"] },
      { op: "Mul", in: ["c", "e"], out: ["f"] },
      { op: "Sub", in: ["f", "r"], out: ["g"] },
      { op: "Concat", in: ["g", "h"], out: ["j"], attributes: { axis: 1 } },
      { op: "Reshape", in: ["j", "k"], out: ["l"] },
      { op: "MatMul", in: ["l", "w3"], out: ["y"] },
      { op: "ReduceMean", in: ["j"], out: ["z"], attributes: { axes: [2, 3], keepdims: 0 } },
    ],
    outputs: ["y", "z", "e"],
  },
  {
    name: "a shape computed from the input's own",
    inputs: { x: [2, 3, 4] },
    weights: { zero: [0], two: [2], minus: [-1], scale: [6] },
    nodes: [
      { op: "Shape", in: ["x"], out: ["s"] },
      { op: "Gather", in: ["s", "zero"], out: ["n"] },
      { op: "Mul", in: ["n", "two"], out: ["m"] },
      { op: "Div", in: ["scale", "two"], out: ["q"] },
      { op: "Concat", in: ["m", "q", "minus"], out: ["t"], attributes: { axis: 0 } },
      { op: "Cast", in: ["t"], out: ["u"], attributes: { to: 7 } },
      { op: "Reshape", in: ["x", "u"], out: ["y"] },
    ],
    outputs: ["y"],
  },
  {
    name: "rows by token numbers",
    inputs: { x: ["int64", 2, 3] },
    weights: { w: wave([5, 4], 1) },
    nodes: [
      { op: "Gather", in: ["w", "x"], out: ["y"] },
      { op: "Cast", in: ["x"], out: ["z"], attributes: { to: 1 } },
    ],
    outputs: ["y", "z"],
  },
];

export const onnxCases: readonly Case[] = [
  ...convolutions,
  ...pooling,
  ...average,
  ...elementwise,
  ...moves,
  ...products,
  ...reductions,
  ...chains,
];
