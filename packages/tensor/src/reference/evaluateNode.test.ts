// What the page says about edges, operator by operator: signed zeros, NaN, infinities, ties, order of sums, moved bits.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Dtype, Node, Op, OperatorAttributes, Shape } from "../graph/Graph.ts";
import { inferOperator, OPERATORS } from "../graph/operators.ts";
import { bitsView, type TensorValue, tensorFrom } from "../graph/TensorValue.ts";
import { fromBits } from "../recipes.ts";
import { evaluateNode, isMove } from "./evaluateNode.ts";

const NAN = Number.NaN;
const INF = Number.POSITIVE_INFINITY;
const f32 = (shape: Shape, elements: Iterable<number>) => tensorFrom("f32", shape, elements);
const i32 = (shape: Shape, elements: Iterable<number>) => tensorFrom("i32", shape, elements);
const row = (...elements: number[]) => f32([elements.length], elements);

/** A tensor of raw words. */
function words(shape: Shape, bits: readonly number[], dtype: Dtype = "f32"): TensorValue {
  const tensor = tensorFrom(dtype, shape, Array(bits.length).fill(0)) as TensorValue;
  bitsView(tensor).set(bits);
  return tensor;
}

function run<K extends Op>(op: K, operands: readonly TensorValue[], attributes: OperatorAttributes[K]): TensorValue {
  const type = inferOperator(`node 0 ${op}`, operands, { op, attributes });
  const node = { op, in: [], ...attributes } as unknown as Node;
  return evaluateNode({ place: `node 0 ${op}`, node, operands, type });
}

const list = (tensor: TensorValue): number[] => Array.from(tensor.data);
const bits = (tensor: TensorValue): number[] => Array.from(bitsView(tensor));

test("max and min keep a NaN on the left, drop one on the right, and take the left of two zeros", () => {
  const [a, b] = [row(NAN, 1, -0, 0, 2, -INF), row(1, NAN, 0, -0, 3, INF)];
  assert.deepEqual(list(run("max", [a, b], {})), [NAN, 1, -0, 0, 3, INF]);
  assert.deepEqual(list(run("min", [a, b], {})), [NAN, 1, -0, 0, 2, -INF]);
});

test("gt is false with a NaN, select takes a NaN for true", () => {
  assert.deepEqual(list(run("gt", [row(2, 1, NAN, 0), row(1, NAN, 1, -0)], {})), [1, 0, 0, 0]);
  const chosen = run("select", [row(NAN, 0, -0, 2), row(1, 1, 1, 1), row(5, 5, 5, 5)], {});
  assert.deepEqual(list(chosen), [1, 5, 5, 1]);
});

test("computing operators write the one NaN, moves keep every bit", () => {
  const odd = words([2, 2], [0xff800001, 0x7f812345, 0xffc00000, 0x80000000]);
  for (const op of ["neg", "abs", "exp", "tanh", "sqrt"] as const)
    assert.deepEqual(bits(run(op, [odd], {})).slice(0, 3), Array(3).fill(0x7fc00000), op);
  assert.deepEqual(bits(run("select", [row(1), odd, odd], {})).slice(0, 3), Array(3).fill(0x7fc00000));
  assert.deepEqual(bits(run("reduceMax", [odd], { axis: 1 })), [0x7fc00000, 0x7fc00000]);
  assert.deepEqual(bits(run("transpose", [odd], { axes: [1, 0] })), [0xff800001, 0xffc00000, 0x7f812345, 0x80000000]);
  assert.deepEqual(bits(run("reshape", [odd], { shape: [4] })), bits(odd));
  assert.deepEqual(bits(run("swapPairs", [odd], {})), [0x7f812345, 0xff800001, 0x80000000, 0xffc00000]);
  assert.deepEqual(bits(run("slice", [odd], { axis: 0, start: 1, length: 1 })), [0xffc00000, 0x80000000]);
  assert.deepEqual(
    bits(run("concat", [odd, odd], { axis: 1 })).slice(0, 4),
    [0xff800001, 0x7f812345, 0xff800001, 0x7f812345],
  );
  assert.deepEqual(bits(run("expand", [words([1], [0xff800001])], { shape: [2] })), [0xff800001, 0xff800001]);
  const gathered = run("gather", [odd, i32([2], [-1, 0])], { fill: 0xff800002 });
  assert.deepEqual(bits(gathered), [0xff800002, 0xff800002, 0xff800001, 0x7f812345]);
  const moves = (Object.keys(OPERATORS) as Op[]).filter(isMove);
  assert.deepEqual(moves.sort(), ["concat", "expand", "gather", "reshape", "slice", "swapPairs", "transpose"]);
});

test("signs: neg and abs of zeros, sqrt(-0), tanh(-0), division by zeros", () => {
  assert.deepEqual(list(run("neg", [row(0, -0, 1)], {})), [-0, 0, -1]);
  assert.deepEqual(list(run("abs", [row(-0, -2, -INF)], {})), [0, 2, INF]);
  assert.deepEqual(list(run("sqrt", [row(-0, 4, -1, INF)], {})), [-0, 2, NAN, INF]);
  assert.deepEqual(list(run("tanh", [row(-0, INF, -INF)], {})), [0, 1, -1]);
  assert.deepEqual(list(run("div", [row(1, -1, 0, 1), row(0, 0, 0, -0)], {})), [INF, -INF, NAN, -INF]);
});

test("subnormals are kept, every operation rounds once", () => {
  const least = fromBits(1);
  assert.deepEqual(list(run("mul", [row(least, 2 ** -100), row(0.75, 2 ** -49)], {})), [least, least]);
  assert.deepEqual(list(run("add", [row(least, 2 ** -126), row(least, -least)], {})), [2 * least, fromBits(0x7fffff)]);
  // 1 + 2^-24 is a tie and goes to even; a double sum would keep it.
  assert.deepEqual(list(run("add", [row(1, fromBits(0x3f800001)), row(2 ** -24)], {})), [1, fromBits(0x3f800002)]);
});

test("a sum goes in order from +0", () => {
  const big = 2 ** 24;
  assert.deepEqual(list(run("reduceSum", [row(big, 1, 1, -big)], { axis: 0 })), [0]);
  assert.deepEqual(list(run("reduceSum", [row(1, 1, big, -big)], { axis: 0 })), [2]);
  assert.deepEqual(list(run("reduceSum", [row(-0, -0)], { axis: 0 })), [0]);
  const columns = f32([3, 2], [big, 1, 1, 1, -big, big]);
  assert.deepEqual(list(run("reduceSum", [columns], { axis: 0 })), [0, big + 2]);
  const product = run("matmul", [f32([1, 4], [big, 1, 1, -big]), f32([2, 4], [1, 1, 1, 1, 1, 0, 0, 1])], {});
  assert.deepEqual(list(product), [0, 0]);
});

test("a product inside a matmul is rounded before it is added", () => {
  const x = fromBits(0x3f800001);
  const [product] = list(run("matmul", [f32([1, 2], [-1, x]), f32([1, 2], [fromBits(0x3f800002), x])], {}));
  assert.equal(product, 0, "a fused sum would leave 2^-46");
});

test("reduceMax: the first of equal zeros, a NaN only where it leads", () => {
  assert.deepEqual(list(run("reduceMax", [f32([2, 3], [-0, 0, -1, 1, NAN, 2])], { axis: 1 })), [-0, 2]);
  assert.deepEqual(list(run("reduceMax", [row(NAN, 3)], { axis: 0 })), [NAN]);
});

test("toInt8 clamps, rounds ties to even and takes a NaN for 0; toFloat rounds to even", () => {
  const x = row(0.5, 1.5, -0.5, -2.5, 126.5, 127.4, 1e9, -INF, NAN, 2.49);
  assert.deepEqual(list(run("toInt8", [x], {})), [0, 2, 0, -2, 126, 127, 127, -127, 0, 2]);
  const big = i32([4], [2 ** 24 + 1, -(2 ** 24) - 3, 2 ** 31 - 1, -(2 ** 31)]);
  assert.deepEqual(list(run("toFloat", [big], {})), [2 ** 24, -(2 ** 24) - 4, 2 ** 31, -(2 ** 31)]);
});

test("matmulInt8 wraps modulo 2^32", () => {
  const K = 2 ** 18;
  const a = tensorFrom("i8", [1, K], new Int8Array(K).fill(-128));
  assert.deepEqual(list(run("matmulInt8", [a, a], {})), [(K * 16384) | 0]);
  const small = run(
    "matmulInt8",
    [tensorFrom("i8", [1, 3], [1, -2, 3]), tensorFrom("i8", [2, 3], [4, 5, 6, 7, 8, 9])],
    {},
  );
  assert.deepEqual(list(small), [12, 18]);
});

test("scatterAdd adds in row order and skips -1; gather and oneHot give their fill for it", () => {
  const x = f32([4, 1], [2 ** 24, 1, 1, 5]);
  assert.deepEqual(list(run("scatterAdd", [x, i32([4], [1, 1, 1, -1])], { rows: 3 })), [0, 2 ** 24, 0]);
  assert.deepEqual(list(run("oneHot", [i32([3], [1, -1, 0])], { size: 2 })), [0, 1, 0, 0, 1, 0]);
  const table = i32([2, 2], [1, 2, 3, 4]);
  assert.deepEqual(list(run("gather", [table, i32([1, 2], [1, -1])], { fill: -7 })), [3, 4, -7, -7]);
  const bytes = tensorFrom("i8", [2, 1], [5, -6]);
  assert.deepEqual(list(run("gather", [bytes, i32([3], [1, -1, 0])], { fill: -128 })), [-6, -128, 5]);
});

test("an index outside is an error that names node, place and range", () => {
  const table = f32([2, 1], [1, 2]);
  const wrong: [() => unknown, RegExp][] = [
    [() => run("gather", [table, i32([2], [0, 2])], { fill: 0 }), /^node 0 gather: index 1 is 2 and there are 2 rows/],
    [() => run("oneHot", [i32([1], [-2])], { size: 3 }), /^node 0 oneHot: index 0 is -2 and there are 3 rows/],
    [() => run("scatterAdd", [table, i32([2], [0, 3])], { rows: 3 }), /^node 0 scatterAdd: index 1 is 3/],
  ];
  for (const [call, message] of wrong) assert.throws(call, { code: "tensor.bad-index", message });
});

test("transpose, slice and concat on inner axes", () => {
  const x = i32([2, 3, 2], Array(12).keys());
  assert.deepEqual(list(run("transpose", [x], { axes: [1, 2, 0] })), [0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11]);
  assert.deepEqual(list(run("slice", [x], { axis: 1, start: 1, length: 2 })), [2, 3, 4, 5, 8, 9, 10, 11]);
  const y = i32([2, 1, 2], [-1, -2, -3, -4]);
  assert.deepEqual(list(run("concat", [x, y], { axis: 1 })), [0, 1, 2, 3, 4, 5, -1, -2, 6, 7, 8, 9, 10, 11, -3, -4]);
});
