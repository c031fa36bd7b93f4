// The builder: one value per equal operator, nothing that no output needs, moves that move nothing dropped, numbers in
// order, and errors that name the place.
import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluateGraph } from "../reference/evaluateGraph.ts";
import { decodeGraph, encodeGraph } from "./encodeGraph.ts";
import { GraphBuilder } from "./GraphBuilder.ts";
import { inlineGraph } from "./inlineGraph.ts";
import * as op from "./ops.ts";
import { scalar } from "./scalar.ts";
import { tensorFrom } from "./TensorValue.ts";

const f32 = (name: string, shape: readonly number[]) => ({ name, role: "state", dtype: "f32", shape }) as const;

test("equal inputs, constants and operators are one value", () => {
  const g = new GraphBuilder();
  const a = g.input(f32("a", [2, 3]));
  assert.equal(g.input(f32("a", [2, 3])), a);
  assert.equal(scalar(g, 0.1), g.constant({ word: 0x3dcccccd, kind: "scalar" }));
  assert.equal(op.add(g, a, scalar(g, 1)), op.add(g, a, scalar(g, 1)));
  assert.notEqual(op.sub(g, a, scalar(g, 1)), op.sub(g, scalar(g, 1), a));
  assert.notEqual(op.reduceSum(g, a, 0), op.reduceSum(g, a, 1));
});

test("inputs, then needed constants and nodes in order of creation; the rest is left out", () => {
  const g = new GraphBuilder();
  const a = g.input(f32("a", [2]));
  op.exp(g, op.mul(g, a, scalar(g, 7)));
  const b = g.input(f32("b", [2]));
  const sum = op.add(g, a, scalar(g, 2));
  g.output("y", op.mul(g, sum, sum));
  assert.deepEqual(g.finish(), {
    version: 1,
    numericsId: "fp32-seq-unfused",
    inputs: [f32("a", [2]), f32("b", [2])],
    constants: [{ kind: "scalar", word: 0x40000000 }],
    nodes: [
      { op: "add", in: [0, 2] },
      { op: "mul", in: [3, 3] },
    ],
    outputs: [{ name: "y", value: 4 }],
  });
  assert.equal(b.id, 4, "provisional ids count everything");
});

test("moves that move nothing are their operand, chains of one move are one", () => {
  const g = new GraphBuilder();
  const a = g.input(f32("a", [2, 3, 4]));
  assert.equal(op.reshape(g, a, [2, 3, 4]), a);
  assert.equal(op.reshape(g, op.reshape(g, a, [24]), [2, 3, 4]), a);
  assert.equal(op.reshape(g, op.reshape(g, a, [24]), [6, 4]), op.reshape(g, a, [6, 4]));
  assert.equal(op.expand(g, a, [2, 3, 4]), a);
  assert.equal(op.slice(g, a, { axis: 1, start: 0, length: 3 }), a);
  assert.equal(op.concat(g, [a], 0), a);
  assert.equal(op.transpose(g, a, [0, 1, 2]), a);
  const turned = op.transpose(g, a, [2, 0, 1]);
  assert.equal(op.transpose(g, turned, [1, 2, 0]), a);
  assert.equal(op.transpose(g, turned, [0, 2, 1]), op.transpose(g, a, [2, 1, 0]));
  assert.deepEqual(op.transpose(g, turned, [0, 2, 1]).shape, [4, 3, 2]);
  assert.equal(op.transposeLast(g, op.transposeLast(g, a)), a);
});

test("a transpose of a transpose gives the elements of both", () => {
  const g = new GraphBuilder();
  const a = g.input(f32("a", [2, 3, 4]));
  g.output("y", op.transpose(g, op.transpose(g, a, [2, 0, 1]), [1, 0, 2]));
  const { data, shape } = evaluateGraph(g.finish(), { a: tensorFrom("f32", [2, 3, 4], Array(24).keys()) }).outputs[
    "y"
  ]!;
  assert.deepEqual(shape, [2, 4, 3]);
  assert.deepEqual(Array.from(data.slice(0, 6)), [0, 4, 8, 1, 5, 9]);
});

test("errors name the place, the field and what to do", () => {
  const g = new GraphBuilder();
  const a = g.input(f32("a", [2, 3]));
  const i = g.input({ name: "i", role: "batch", dtype: "i32", shape: [2] });
  const stranger = new GraphBuilder().input(f32("a", [2, 3]));
  const wrong: [() => unknown, RegExp][] = [
    [() => op.add(g, a, g.input(f32("c", [2]))), /add: shapes \[2,3\] and \[2\] do not broadcast/],
    [() => op.add(g, a, i), /add: operand 1 is i32 \[2\]/],
    [() => op.matmul(g, a, g.input(f32("d", [4, 2]))), /matmul: the last axes of f32 \[2,3\] and f32 \[4,2\] differ/],
    [() => op.matmul(g, a, scalar(g, 1)), /matmul: operand 1 is f32 \[1\]/],
    [
      () => op.matmul(g, g.input(f32("e", [2, 1, 3])), g.input(f32("h", [3, 1, 3]))),
      /leading axes \[2\] and \[3\] do not broadcast/,
    ],
    [() => op.reduceSum(g, a, 2), /reduceSum: axis is 2 and operand 0 is f32 \[2,3\]/],
    [() => op.reduceSum(g, a, -1), /reduceSum: axis is -1/],
    [() => op.reshape(g, a, [5]), /reshape: shape is \[5\] and operand 0 is f32 \[2,3\]/],
    [() => op.expand(g, a, [2, 6]), /expand: shape is \[2,6\]/],
    [() => op.expand(g, a, [3]), /expand: shape is \[3\]/],
    [() => op.transpose(g, a, [0, 0]), /transpose: axes are \[0,0\]/],
    [() => op.transpose(g, a, [0]), /transpose: axes are \[0\]/],
    [() => op.slice(g, a, { axis: 1, start: 2, length: 2 }), /slice: start is 2 and length is 2 on an axis of 3/],
    [() => op.concat(g, [a, i], 0), /concat: operand 1 is i32 \[2\]/],
    [() => op.concat(g, Array(65).fill(a), 0), /concat: has 65 operands/],
    [() => op.swapPairs(g, a), /swapPairs: operand 0 is f32 \[2,3\]/],
    [() => op.gather(g, a, { index: a }), /gather: operand 1 is f32/],
    [() => op.gather(g, g.input(f32("t", [2])), { index: i }), /gather: operand 0 is f32 \[2\]/],
    [() => op.gather(g, a, { index: i, fill: -1 }), /gather: fill is -1 and the table is f32/],
    [() => op.oneHot(g, i, 0), /oneHot: the result would be f32 \[2,0\]/],
    [() => op.scatterAdd(g, g.input(f32("u", [3, 3])), { index: i, rows: 4 }), /scatterAdd: operand 0 is f32 \[3,3\]/],
    [() => op.toInt8(g, i), /toInt8: operand 0 is i32/],
    [() => op.toFloat(g, a), /toFloat: operand 0 is f32/],
    [() => op.exp(g, stranger), /exp: a value of another builder/],
    [() => g.input(f32("a", [3, 2])), /^input a: it is already a state f32 \[2,3\]/],
    [() => g.input({ ...f32("a", [2, 3]), role: "batch" }), /^input a/],
    [() => g.constant({ kind: "iota", size: 2.5 }), /iota: size is 2.5/],
  ];
  for (const [call, message] of wrong) assert.throws(call, { code: "tensor.bad-graph", message }, String(message));
  g.output("y", a);
  assert.throws(() => g.output("y", a), { message: /^output y: it is there already/ });
});

test("an inlined graph computes what it computed alone", () => {
  const inner = new GraphBuilder();
  const x = inner.input(f32("x", [2]));
  inner.output("y", op.mul(inner, op.add(inner, x, scalar(inner, 1)), x));
  const graph = decodeGraph(encodeGraph(inner.finish()));
  const g = new GraphBuilder();
  const a = g.input(f32("a", [2]));
  const { outputs } = inlineGraph(g, graph, new Map([["x", op.neg(g, a)]]));
  g.output("z", outputs.get("y")!);
  const { data } = evaluateGraph(g.finish(), { a: tensorFrom("f32", [2], [3, -2]) }).outputs["z"]!;
  assert.deepEqual(Array.from(data), [6, 6]);
  const fresh = new GraphBuilder();
  assert.throws(() => inlineGraph(fresh, graph, new Map()), { message: /^input x: no value/ });
  const narrow = new Map([["x", fresh.input(f32("b", [3]))]]);
  assert.throws(() => inlineGraph(fresh, graph, narrow), { message: /^input x: the value is f32 \[3\]/ });
});
