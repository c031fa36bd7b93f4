// spec/vectors/tensor/operators.json: every operator on ordinary, edge, tiny and huge data, as the reference computes it.
import { elementCount, type Node, type Op, type OperatorAttributes, type Shape } from "../graph/Graph.ts";
import { inferOperator } from "../graph/operators.ts";
import { bitsView, createTensor, type TensorOf, tensorFrom, type TensorValue } from "../graph/TensorValue.ts";
import { evaluateNode } from "../reference/evaluateNode.ts";
import { seedWords } from "../seedStream.ts";
import { parseTensor, type TensorText, tensorText } from "./vectorText.ts";

export type OperatorCase = {
  readonly name: string;
  /** `in` is left out. */
  readonly node: { readonly op: Op };
  readonly operands: readonly TensorText[];
  readonly result: TensorText;
};

/** Signed zeros, subnormals, ones and neighbours, halves, powers, huge values, infinities, two NaNs. */
const EDGES = [
  0x00000000, 0x80000000, 0x00000001, 0x80000003, 0x007fffff, 0x00800000, 0x80800001, 0x3effffff, 0x3f800000,
  0x3f800001, 0xbf800000, 0x4b800000, 0xcb800001, 0x5f000000, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000,
  0x7fc00000, 0xffc00001,
];
const E = EDGES.length;

const draw = (label: string, shape: Shape) =>
  seedWords(new Uint8Array(32).fill(42), `vectors/operators/${label}`, 0, elementCount(shape));

function fromWords(shape: Shape, words: Iterable<number>): TensorOf<"f32"> {
  const tensor = createTensor({ dtype: "f32", shape }) as TensorOf<"f32">;
  bitsView(tensor).set(Array.from(words));
  return tensor;
}

/** Kinds of fp32 data by name. */
const DATA = {
  /** In [-2, 2). */
  ordinary: (label: string, shape: Shape) =>
    tensorFrom(
      "f32",
      shape,
      Float32Array.from(draw(label, shape), (word) => ((word >>> 8) * 2 ** -23 - 1) * 2),
    ),
  /** Below 2^-120: most products are subnormal or zero. */
  tiny: (label: string, shape: Shape) =>
    fromWords(
      shape,
      draw(label, shape).map((word) => word & 0x83ffffff),
    ),
  /** Exponents from 2^97 on, infinities and NaNs among them: most products and many sums overflow. */
  huge: (label: string, shape: Shape) =>
    fromWords(
      shape,
      draw(label, shape).map((word) => (word & 0x8fffffff) | 0x70000000),
    ),
  /** Any 32 bits. */
  random: (label: string, shape: Shape) => fromWords(shape, draw(label, shape)),
  edges: (label: string, shape: Shape) =>
    fromWords(
      shape,
      draw(label, shape).map((word) => EDGES[word % E]!),
    ),
} as const;
type Kind = keyof typeof DATA;
const KINDS = Object.keys(DATA) as Kind[];

const edgeRow = fromWords([E], EDGES);
const edgeColumn = fromWords([E, 1], EDGES);
const int8 = (label: string, shape: Shape) =>
  tensorFrom(
    "i8",
    shape,
    draw(label, shape).map((word) => [-128, -127, -1, 0, 1, 127, word][word % 7]!),
  );
const int32 = (shape: Shape, elements: Iterable<number>) => tensorFrom("i32", shape, elements);

function make<K extends Op>(
  name: string,
  operands: readonly TensorValue[],
  { op, attributes }: { readonly op: K; readonly attributes: OperatorAttributes[K] },
): OperatorCase {
  const type = inferOperator(name, operands, { op, attributes });
  const node = { op, in: [], ...attributes } as unknown as Node;
  const result = evaluateNode({ place: name, node, operands, type });
  return { name, node: { op, ...attributes }, operands: operands.map(tensorText), result: tensorText(result) };
}

const UNARY = ["neg", "abs", "sqrt", "exp", "log", "tanh"] as const;
const BINARY = ["add", "sub", "mul", "div", "max", "min", "gt"] as const;

function elementwise(): OperatorCase[] {
  const unary = UNARY.flatMap((op) => [
    make(`${op} edges`, [edgeRow], { op, attributes: {} }),
    ...KINDS.slice(0, 4).map((kind) => make(`${op} ${kind}`, [DATA[kind](op, [24])], { op, attributes: {} })),
  ]);
  const binary = BINARY.flatMap((op) => [
    make(`${op} edges with edges`, [edgeColumn, edgeRow], { op, attributes: {} }),
    ...KINDS.slice(0, 3).map((kind) =>
      make(`${op} ${kind}, broadcast`, [DATA[kind](`${op}/a`, [3, 1, 4]), DATA[kind](`${op}/b`, [2, 1])], {
        op,
        attributes: {},
      }),
    ),
  ]);
  const choices: [TensorValue, TensorValue] = [DATA.edges("select/a", [E, 2]), DATA.edges("select/b", [1, 2])];
  return [...unary, ...binary, make("select edges", [edgeColumn, ...choices], { op: "select", attributes: {} })];
}

function products(): OperatorCase[] {
  const kinds = KINDS.filter((kind) => kind !== "random");
  const plain = kinds.map((kind) =>
    make(`matmul ${kind}`, [DATA[kind]("matmul/a", [3, 35]), DATA.ordinary("matmul/b", [5, 35])], {
      op: "matmul",
      attributes: {},
    }),
  );
  const lead = make(
    "matmul with leading axes",
    [DATA.ordinary("lead/a", [2, 1, 2, 7]), DATA.ordinary("lead/b", [3, 4, 7])],
    { op: "matmul", attributes: {} },
  );
  const integers = make("matmulInt8", [int8("int8/a", [2, 1, 3, 40]), int8("int8/b", [2, 4, 40])], {
    op: "matmulInt8",
    attributes: {},
  });
  const big = int32([8], [0, -1, 2 ** 24 + 1, 2 ** 24 + 3, -(2 ** 24) - 1, 2 ** 31 - 1, -(2 ** 31), 1_000_000_007]);
  const halves = tensorFrom("f32", [8], [0.5, 1.5, -0.5, -2.5, 126.5, -127.5, 2.4999998, -1e9]);
  return [
    ...plain,
    lead,
    integers,
    make("toFloat", [big], { op: "toFloat", attributes: {} }),
    make("toInt8 halves", [halves], { op: "toInt8", attributes: {} }),
    make("toInt8 edges", [edgeRow], { op: "toInt8", attributes: {} }),
  ];
}

function reductions(): OperatorCase[] {
  return (["reduceSum", "reduceMax"] as const).flatMap((op) =>
    KINDS.flatMap((kind) =>
      [0, 1, 2].map((axis) =>
        make(`${op} ${kind} axis ${axis}`, [DATA[kind](op, [3, 5, 4])], { op, attributes: { axis } }),
      ),
    ),
  );
}

function moves(): OperatorCase[] {
  const x = DATA.edges("moves", [2, 3, 4]);
  const bytes = int8("moves", [2, 3]);
  return [
    make("reshape", [x], { op: "reshape", attributes: { shape: [4, 6] } }),
    make("expand", [DATA.edges("expand", [2, 1, 3])], { op: "expand", attributes: { shape: [2, 2, 2, 3] } }),
    make("expand i8", [bytes], { op: "expand", attributes: { shape: [2, 2, 3] } }),
    make("transpose", [x], { op: "transpose", attributes: { axes: [2, 0, 1] } }),
    make("transpose i8", [bytes], { op: "transpose", attributes: { axes: [1, 0] } }),
    make("slice", [x], { op: "slice", attributes: { axis: 1, start: 1, length: 2 } }),
    make("slice of the last axis", [x], { op: "slice", attributes: { axis: 2, start: 3, length: 1 } }),
    make("concat", [x, DATA.edges("concat", [2, 1, 4])], { op: "concat", attributes: { axis: 1 } }),
    make("concat of three", [bytes, bytes, int8("third", [4, 3])], { op: "concat", attributes: { axis: 0 } }),
    make("swapPairs", [x], { op: "swapPairs", attributes: {} }),
  ];
}

function indexed(): OperatorCase[] {
  const index = int32([2, 3], [4, 0, -1, 2, 2, 4]);
  const rows = int32([8], [1, 3, 1, -1, 0, 1, 3, 3]);
  const words = int32([3, 2], [1, -2, 3, -4, 5, -6]);
  return [
    make("gather", [DATA.edges("gather", [5, 3]), index], { op: "gather", attributes: { fill: 0 } }),
    make("gather with -inf", [DATA.ordinary("gather", [5, 2]), index], {
      op: "gather",
      attributes: { fill: 0xff800000 },
    }),
    make("gather i32", [words, int32([2], [-1, 2])], { op: "gather", attributes: { fill: -9 } }),
    make("gather i8", [int8("gather", [5, 3]), index], { op: "gather", attributes: { fill: -128 } }),
    make("oneHot", [index], { op: "oneHot", attributes: { size: 5 } }),
    ...KINDS.map((kind) =>
      make(`scatterAdd ${kind}`, [DATA[kind]("scatter", [8, 3]), rows], { op: "scatterAdd", attributes: { rows: 4 } }),
    ),
  ];
}

/** All cases, in a fixed order. */
export function operatorVectors(): OperatorCase[] {
  return [...elementwise(), ...products(), ...reductions(), ...moves(), ...indexed()];
}

/** A case as tensors, for whoever checks another implementation. */
export function readOperatorCase({ name, node, operands, result }: OperatorCase) {
  return { name, node: { ...node, in: [] } as unknown as Node, operands: operands.map(parseTensor), result: parseTensor(result) };
}
