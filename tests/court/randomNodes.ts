// Random operators on random tensors from a seed: every operator, ranks up to 6, rows of up to 70 elements so that leaves
// begin and end everywhere, hard fp32 words, one tensor as two operands.
import type { Node, Op, Shape } from "@weft/tensor/graph/Graph";
import { bitsView, createTensor, type TensorValue, tensorFrom } from "@weft/tensor/graph/TensorValue";
import { seedWords } from "@weft/tensor/seedStream";
import type { OperatorOn } from "@weft/tensor/vectors/judgements";
import { hardPairs } from "./float32Cases.ts";

/** Draws from one seed. */
type Draws = {
  /** 0 … below - 1. */
  below(limit: number): number;
  pick<T>(list: readonly T[]): T;
  readonly seed: number;
};

function drawsOf(seed: number): Draws {
  const words = seedWords(new Uint8Array(32).fill(11), "tests/random nodes", seed, 64);
  let next = 0;
  const below = (limit: number) => words[next++ % words.length]! % limit;
  return { below, pick: (list) => list[below(list.length)]!, seed };
}

const LAST = [1, 2, 3, 5, 31, 32, 33, 40, 64, 70] as const;

/** Up to 3 entries on all axes but the last. */
function shapeOf(d: Draws, rank: number, last: number = d.pick(LAST)): number[] {
  return [...Array.from({ length: rank - 1 }, () => 1 + d.below(3)), last];
}

/** The shape with some axes 1 and some leading ones left out. */
function narrowed(d: Draws, shape: Shape): number[] {
  return shape.map((size) => (d.below(3) === 0 ? 1 : size)).slice(d.below(4) === 0 ? d.below(shape.length) : 0);
}

/** Hard words, or ordinary ones in -2 … 2. */
function f32(d: Draws, shape: Shape): TensorValue {
  const tensor = createTensor({ dtype: "f32", shape });
  const { length } = tensor.data;
  const words = hardPairs(d.seed * 97 + d.below(1000), Math.ceil(length / 2)).subarray(0, length);
  const ordinary = d.below(2) === 0;
  if (ordinary) tensor.data.set(Array.from(words, (word) => ((word >>> 8) * 2 ** -23 - 1) * 2));
  else bitsView(tensor).set(words);
  return tensor;
}

function integers(d: Draws, dtype: "i32" | "i8", shape: Shape): TensorValue {
  const tensor = createTensor({ dtype, shape });
  tensor.data.set(tensor.data.map((_, i) => [-128, 127, -1, 0, 1, 85, -77][(d.below(7) + i) % 7]!));
  if (dtype === "i32" && d.below(2) === 0)
    tensor.data.set(Int32Array.from(hardPairs(d.seed, tensor.data.length).subarray(0, tensor.data.length)));
  return tensor;
}

/** Any dtype, for moves. */
const anything = (d: Draws, shape: Shape): TensorValue =>
  d.below(3) > 0 ? f32(d, shape) : integers(d, d.pick(["i32", "i8"]), shape);

/** Indices of rows, some -1. */
const indices = (d: Draws, shape: Shape, rows: number): TensorValue =>
  tensorFrom(
    "i32",
    shape,
    createTensor({ dtype: "i32", shape }).data.map(() => d.below(rows + 1) - 1),
  );

const node = (fields: object): Node => ({ in: [], ...fields }) as unknown as Node;
type Make = (d: Draws, op: Op) => OperatorOn;

const elementwise =
  (count: number): Make =>
  (d, op) => {
    const shape = shapeOf(d, 1 + d.below(6));
    // One operand has the whole shape.
    const whole = d.below(count);
    const operands = Array.from({ length: count }, (_, i) => f32(d, i === whole ? shape : narrowed(d, shape)));
    return { node: node({ op }), operands: d.below(8) === 0 ? operands.map(() => operands[whole]!) : operands };
  };

const product: Make = (d, op) => {
  const K = d.pick([1, 7, 31, 32, 33, 64, 70, 97]);
  const lead = shapeOf(d, 1 + d.below(3)).slice(0, -1);
  const [M, N] = [1 + d.below(4), 1 + d.below(4)];
  const make = op === "matmul" ? f32 : (draws: Draws, shape: Shape) => integers(draws, "i8", shape);
  const a = make(d, [...(d.below(2) === 0 ? lead : narrowed(d, lead)), M, K]);
  if (d.below(6) === 0) return { node: node({ op }), operands: [a, a] };
  return { node: node({ op }), operands: [a, make(d, [...(d.below(2) === 0 ? lead : narrowed(d, lead)), N, K])] };
};

const reduction: Make = (d, op) => {
  const shape = shapeOf(d, 1 + d.below(5));
  return { node: node({ op, axis: d.below(shape.length) }), operands: [f32(d, shape)] };
};

function permutation(d: Draws, rank: number): number[] {
  const left = Array.from({ length: rank }, (_, axis) => axis);
  return Array.from({ length: rank }, () => left.splice(d.below(left.length), 1)[0]!);
}

const concat: Make = (d, op) => {
  const shape = shapeOf(d, 1 + d.below(4));
  const axis = d.below(shape.length);
  const first = anything(d, shape);
  const resized = () => shape.map((size, i) => (i === axis ? 1 + d.below(40) : size));
  const others = Array.from({ length: d.below(4) }, () =>
    first.dtype === "f32" ? f32(d, resized()) : integers(d, first.dtype, resized()),
  );
  return { node: node({ op, axis }), operands: [first, ...others, ...(d.below(4) === 0 ? [first] : [])] };
};

const slice: Make = (d, op) => {
  const shape = shapeOf(d, 1 + d.below(4));
  const axis = d.below(shape.length);
  const start = d.below(shape[axis]!);
  const length = 1 + d.below(shape[axis]! - start);
  return { node: node({ op, axis, start, length }), operands: [anything(d, shape)] };
};

const gather: Make = (d, op) => {
  const table = anything(d, shapeOf(d, 2));
  const index = indices(d, shapeOf(d, 1 + d.below(3)), table.shape[0]!);
  const fill = table.dtype === "f32" ? d.pick([0, 0xff800000, 0x7fc00000, 0xffc00001]) : d.pick([-128, 0, 127]);
  return { node: node({ op, fill }), operands: [table, index] };
};

const scatter: Make = (d, op) => {
  const [rows, lead] = [1 + d.below(4), shapeOf(d, 1 + d.below(2), 1 + d.below(40))];
  return { node: node({ op, rows }), operands: [f32(d, [...lead, d.pick(LAST)]), indices(d, lead, rows)] };
};

const oneHot: Make = (d, op) => {
  const size = d.pick(LAST);
  return { node: node({ op, size }), operands: [indices(d, shapeOf(d, 1 + d.below(4)), size)] };
};

const reshape: Make = (d, op) => {
  const shape = shapeOf(d, 1 + d.below(4));
  const count = shape.reduce((product, size) => product * size, 1);
  const rest = [2, 3, 5, 7].find((factor) => count % factor === 0) ?? 1;
  return { node: node({ op, shape: [rest, 1, count / rest] }), operands: [anything(d, shape)] };
};

const expand: Make = (d, op) => {
  const shape = shapeOf(d, 1 + d.below(6));
  return { node: node({ op, shape }), operands: [anything(d, narrowed(d, shape))] };
};

const swapPairs: Make = (d, op) => ({
  node: node({ op }),
  operands: [anything(d, shapeOf(d, 1 + d.below(4), 2 * (1 + d.below(40))))],
});

const transpose: Make = (d, op) => {
  const x = anything(d, shapeOf(d, 1 + d.below(6)));
  return { node: node({ op, axes: permutation(d, x.shape.length) }), operands: [x] };
};

const toFloat: Make = (d, op) => ({ node: node({ op }), operands: [integers(d, "i32", shapeOf(d, 1 + d.below(3)))] });

const MAKERS: Readonly<Record<Op, Make>> = {
  ...{ matmul: product, matmulInt8: product, toFloat, toInt8: elementwise(1) },
  ...{ add: elementwise(2), sub: elementwise(2), mul: elementwise(2), div: elementwise(2) },
  ...{ max: elementwise(2), min: elementwise(2), gt: elementwise(2), select: elementwise(3) },
  ...{ neg: elementwise(1), abs: elementwise(1), sqrt: elementwise(1) },
  ...{ exp: elementwise(1), log: elementwise(1), tanh: elementwise(1) },
  ...{ reduceSum: reduction, reduceMax: reduction, reshape, expand, transpose },
  ...{ slice, concat, swapPairs, gather, oneHot, scatterAdd: scatter },
};

/** An operator of each kind. */
export function randomNodes(seed: number): OperatorOn[] {
  return (Object.keys(MAKERS) as Op[]).map((op, i) => MAKERS[op](drawsOf(1000 * seed + i), op));
}
