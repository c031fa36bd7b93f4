// Gradients of every operator and composite against central differences, of two problems against their closed forms, and
// what differentiation refuses or leaves out.
import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluateGraph } from "../reference/evaluateGraph.ts";
import { attention, rope } from "./attention.ts";
import * as composites from "./composites.ts";
import { conv, maxPool, sameWindow, tileWindow } from "./convolution.ts";
import { differentiate } from "./differentiate.ts";
import type { Op } from "./Graph.ts";
import { GraphBuilder } from "./GraphBuilder.ts";
import { type Case, checkGradients, draws, near } from "./gradientFixture.ts";
import { OPERATORS } from "./operators.ts";
import * as op from "./ops.ts";
import type { scalar } from "./scalar.ts";
import { tensorFrom } from "./TensorValue.ts";

const positive = [0.5, 2] as const;
const pair = { a: { shape: [2, 3] }, b: { shape: [2, 3] } };
/** Broadcast on a leading and on an inner axis. */
const uneven = { a: { shape: [2, 1, 3] }, b: { shape: [4, 1] } };

const cases: Record<string, Case> = {
  add: { inputs: uneven, build: (g, { a, b }) => op.add(g, a!, b!) },
  sub: { inputs: uneven, build: (g, { a, b }) => op.sub(g, a!, b!) },
  mul: { inputs: uneven, build: (g, { a, b }) => op.mul(g, a!, b!) },
  "mul with itself": { inputs: { a: { shape: [3] } }, build: (g, { a }) => op.mul(g, a!, a!) },
  div: {
    inputs: { a: { shape: [2, 3] }, b: { shape: [3], range: positive } },
    build: (g, { a, b }) => op.div(g, a!, b!),
  },
  max: { inputs: pair, build: (g, { a, b }) => op.max(g, a!, b!) },
  min: { inputs: uneven, build: (g, { a, b }) => op.min(g, a!, b!) },
  "gt and select": { inputs: pair, build: (g, { a, b }) => op.select(g, op.gt(g, a!, b!), [a!, op.neg(g, b!)]) },
  "neg and abs": { inputs: { a: { shape: [5] } }, build: (g, { a }) => op.neg(g, op.abs(g, a!)) },
  sqrt: { inputs: { a: { shape: [5], range: positive } }, build: (g, { a }) => op.sqrt(g, a!) },
  exp: { inputs: { a: { shape: [5] } }, build: (g, { a }) => op.exp(g, a!) },
  log: { inputs: { a: { shape: [5], range: positive } }, build: (g, { a }) => op.log(g, a!) },
  tanh: { inputs: { a: { shape: [5] } }, build: (g, { a }) => op.tanh(g, a!) },
  matmul: {
    inputs: { a: { shape: [3, 4] }, b: { shape: [2, 4] } },
    build: (g, { a, b }) => op.matmul(g, a!, b!),
  },
  "matmul with broadcast leading axes": {
    inputs: { a: { shape: [2, 1, 2, 3] }, b: { shape: [3, 2, 3] } },
    build: (g, { a, b }) => op.matmul(g, a!, b!),
  },
  reduceSum: { inputs: { a: { shape: [2, 3, 2] } }, build: (g, { a }) => op.reduceSum(g, a!, 1) },
  "reshape, transpose": {
    inputs: { a: { shape: [2, 3, 4] } },
    build: (g, { a }) => op.reshape(g, op.transpose(g, a!, [2, 0, 1]), [8, 3]),
  },
  expand: { inputs: { a: { shape: [2, 1] } }, build: (g, { a }) => op.expand(g, a!, [3, 2, 4]) },
  slice: {
    inputs: { a: { shape: [2, 5] } },
    build: (g, { a }) => op.slice(g, a!, { axis: 1, start: 1, length: 3 }),
  },
  concat: {
    inputs: { a: { shape: [2, 1, 2] }, b: { shape: [2, 3, 2] } },
    build: (g, { a, b }) => op.concat(g, [a!, b!, a!], 1),
  },
  swapPairs: { inputs: { a: { shape: [2, 4] } }, build: (g, { a }) => op.swapPairs(g, a!) },
  gather: {
    inputs: { a: { shape: [4, 3] } },
    indices: { i: { shape: [2, 3], values: [0, 3, 3, -1, 1, 3] } },
    build: (g, { a, i }) => op.gather(g, a!, { index: i!, fill: 0x3f800000 }),
  },
  scatterAdd: {
    inputs: { a: { shape: [5, 2] } },
    indices: { i: { shape: [5], values: [2, 0, 2, -1, 2] } },
    build: (g, { a, i }) => op.scatterAdd(g, a!, { index: i!, rows: 4 }),
  },
  oneHot: {
    inputs: { a: { shape: [3, 4] } },
    indices: { i: { shape: [3], values: [1, -1, 3] } },
    build: (g, { a, i }) => op.mul(g, a!, op.oneHot(g, i!, 4)),
  },
  sigmoid: { inputs: { a: { shape: [6], range: [-8, 8] } }, build: (g, { a }) => composites.sigmoid(g, a!) },
  silu: { inputs: { a: { shape: [6], range: [-5, 5] } }, build: (g, { a }) => composites.silu(g, a!) },
  gelu: { inputs: { a: { shape: [6], range: [-3, 3] } }, build: (g, { a }) => composites.gelu(g, a!) },
  relu: { inputs: { a: { shape: [6] } }, build: (g, { a }) => composites.relu(g, a!) },
  softmax: { inputs: { a: { shape: [2, 5] } }, build: (g, { a }) => composites.softmax(g, a!) },
  "cross entropy": {
    inputs: { a: { shape: [3, 4] } },
    indices: { t: { shape: [3], values: [2, 0, 3] } },
    build: (g, { a, t }) => composites.mean(g, composites.crossEntropy(g, a!, t!)),
  },
  rmsNorm: {
    inputs: { a: { shape: [2, 4] }, w: { shape: [4] } },
    build: (g, { a, w }) => composites.rmsNorm(g, a!, { weight: w!, epsilon: 1e-5 }),
  },
  layerNorm: {
    inputs: { a: { shape: [2, 4] }, w: { shape: [4] }, b: { shape: [4] } },
    build: (g, { a, w, b }) => composites.layerNorm(g, a!, { weight: w!, bias: b!, epsilon: 1e-5 }),
  },
  linear: {
    inputs: { x: { shape: [2, 2, 3] }, w: { shape: [4, 3] }, b: { shape: [4] } },
    build: (g, { x, w, b }) => composites.linear(g, x!, { weight: w!, bias: b }),
  },
  "rope and grouped attention": {
    inputs: { q: { shape: [1, 4, 3, 4] }, k: { shape: [1, 2, 3, 4] }, v: { shape: [1, 2, 3, 4] } },
    build: (g, { q, k, v }) => {
      const table = { kind: "rope", positions: 3, dim: 4, theta: 100 } as const;
      const tables = { cos: g.constant({ ...table, part: "cos" }), sin: g.constant({ ...table, part: "sin" }) };
      const mask = g.constant({ kind: "causal", size: 3 });
      return attention(g, { q: rope(g, q!, tables), k: rope(g, k!, tables), v: v!, mask });
    },
  },
  convolution: {
    inputs: { x: { shape: [2, 3, 4, 2] }, w: { shape: [3, 18] }, b: { shape: [3] } },
    build: (g, { x, w, b }) => conv(g, x!, { window: sameWindow(3), weight: w!, bias: b! }),
  },
  "grouped convolution": {
    inputs: { x: { shape: [1, 3, 3, 4] }, w: { shape: [4, 8] } },
    build: (g, { x, w }) =>
      conv(g, x!, {
        window: { kernel: [2, 2], stride: [1, 2], pads: [0, 1, 1, 0], dilation: [2, 1] },
        weight: w!,
        groups: 2,
      }),
  },
  "depthwise convolution": {
    inputs: { x: { shape: [1, 3, 3, 3] }, w: { shape: [3, 9] } },
    build: (g, { x, w }) => conv(g, x!, { window: sameWindow(3), weight: w!, groups: 3 }),
  },
  "max pooling": {
    inputs: { x: { shape: [1, 4, 5, 2] } },
    build: (g, { x }) => maxPool(g, x!, tileWindow(2)),
  },
};

for (const [name, one] of Object.entries(cases))
  test(`gradient: ${name}`, () => {
    checkGradients(name, one);
  });

test("every operator with a gradient rule is in a case", () => {
  const covered = new Set<string>();
  for (const { inputs, indices = {}, build } of Object.values(cases)) {
    const g = new GraphBuilder();
    const entries = [
      ...Object.entries(inputs).map(([name, { shape }]) => ({ name, role: "state", dtype: "f32", shape }) as const),
      ...Object.entries(indices).map(([name, { shape }]) => ({ name, role: "batch", dtype: "i32", shape }) as const),
    ];
    build(g, Object.fromEntries(entries.map((input) => [input.name, g.input(input)])));
    for (const value of g.values) covered.add(g.producer(value)?.op ?? "");
  }
  const uncovered = (Object.keys(OPERATORS) as Op[]).filter((name) => OPERATORS[name].gradient && !covered.has(name));
  assert.deepEqual(uncovered, []);
});

/** Gradients of a loss of f32 inputs, by the reference. */
function gradientsOf(
  inputs: Record<string, readonly number[]>,
  shapes: Record<string, readonly number[]>,
  loss: (g: GraphBuilder, values: Record<string, ReturnType<GraphBuilder["input"]>>) => ReturnType<typeof scalar>,
) {
  const g = new GraphBuilder();
  const values = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, g.input({ name, role: "state", dtype: "f32", shape })]),
  );
  const end = loss(g, values);
  const names = Object.keys(shapes);
  differentiate(
    g,
    end,
    names.map((name) => values[name]!),
  ).forEach((gradient, i) => {
    g.output(`gradient.${names[i]}`, gradient);
  });
  const data = Object.fromEntries(names.map((name) => [name, tensorFrom("f32", shapes[name]!, inputs[name]!)]));
  return evaluateGraph(g.finish(), data).outputs;
}

test("linear regression: the gradient is 2/N · Xᵀ(Xw - y)", () => {
  const [X, w, y] = [draws("closed/X", [4, 3]), draws("closed/w", [1, 3]), draws("closed/y", [4, 1])];
  const shapes = { X: [4, 3], w: [1, 3], y: [4, 1] };
  const outputs = gradientsOf({ X: [...X], w: [...w], y: [...y] }, shapes, (g, v) => {
    const residual = op.sub(g, op.matmul(g, v["X"]!, v["w"]!), v["y"]!);
    return composites.mean(g, op.mul(g, residual, residual));
  });
  const residual = [0, 1, 2, 3].map((i) => [0, 1, 2].reduce((sum, k) => sum + X[i * 3 + k]! * w[k]!, -y[i]!));
  [0, 1, 2].forEach((k) => {
    const closed = (2 / 4) * residual.reduce((sum, r, i) => sum + r * X[i * 3 + k]!, 0);
    near(outputs["gradient.w"]!.data[k]!, closed, 1e-6, `w[${k}]`);
  });
});

test("softmax and cross entropy: the gradient is (softmax - one hot) / N", () => {
  const x = draws("closed/logits", [3, 4], [-4, 4]);
  const targets = [3, 0, 1];
  const g = new GraphBuilder();
  const logits = g.input({ name: "x", role: "state", dtype: "f32", shape: [3, 4] });
  const t = g.input({ name: "t", role: "batch", dtype: "i32", shape: [3] });
  const loss = composites.mean(g, composites.crossEntropy(g, logits, t));
  g.output("gradient", differentiate(g, loss, [logits])[0]!);
  g.output("loss", loss);
  const inputs = { x: tensorFrom("f32", [3, 4], x), t: tensorFrom("i32", [3], targets) };
  const { gradient, loss: found } = evaluateGraph(g.finish(), inputs).outputs;
  let closedLoss = 0;
  targets.forEach((target, row) => {
    const powers = Array.from(x.slice(row * 4, row * 4 + 4), Math.exp);
    const sum = powers.reduce((a, b) => a + b);
    closedLoss -= Math.log(powers[target]! / sum) / 3;
    powers.forEach((power, j) => {
      near(gradient!.data[row * 4 + j]!, (power / sum - (j === target ? 1 : 0)) / 3, 1e-6, `row ${row} column ${j}`);
    });
  });
  near(found!.data[0]!, closedLoss, 1e-6, "loss");
});

test("far from 0 the sigmoid's gradient is nearly 0 or 1, not NaN", () => {
  const g = new GraphBuilder();
  const x = g.input({ name: "x", role: "state", dtype: "f32", shape: [4, 1] });
  const y = composites.silu(g, x);
  g.output("gradient", differentiate(g, composites.mean(g, y), [x])[0]!);
  const far = [-1e30, -200, 200, 1e30];
  const { gradient } = evaluateGraph(g.finish(), { x: tensorFrom("f32", [4, 1], far) }).outputs;
  [0, 0, 0.25, 0.25].forEach((expected, i) => {
    near(gradient!.data[i]!, expected, 1e-30, `x = ${far[i]}`);
  });
});

test("only wanted gradients are written, and none behind a stop", () => {
  const g = new GraphBuilder();
  const a = g.input({ name: "a", role: "state", dtype: "f32", shape: [2, 2] });
  const b = g.input({ name: "b", role: "state", dtype: "f32", shape: [2, 2] });
  const product = op.matmul(g, a, b);
  const loss = composites.mean(g, op.reduceSum(g, product, 1));
  const before = g.values.length;
  differentiate(g, loss, [a]);
  const written = g.values.slice(before).map((value) => g.producer(value)?.op);
  assert.equal(written.filter((name) => name === "matmul").length, 1);

  const stopped = op.mul(g, g.stopGradient(op.exp(g, a)), a);
  const [gradient] = differentiate(g, composites.mean(g, op.reduceSum(g, stopped, 1)), [a]);
  g.output("gradient", gradient!);
  const inputs = { a: tensorFrom("f32", [2, 2], [0, 1, 2, 3]), b: tensorFrom("f32", [2, 2], [0, 0, 0, 0]) };
  const { data } = evaluateGraph(g.finish(), inputs).outputs["gradient"]!;
  [0, 1, 2, 3].forEach((x, i) => {
    near(data[i]!, Math.exp(x) / 2, 1e-6, "the factor counts as a constant");
  });
});

test("what has no gradient is refused by name", () => {
  const g = new GraphBuilder();
  const a = g.input({ name: "a", role: "state", dtype: "f32", shape: [2, 3] });
  const b = g.input({ name: "b", role: "state", dtype: "f32", shape: [2, 3] });
  const loss = composites.mean(g, op.reduceSum(g, a, 1));
  assert.throws(() => differentiate(g, loss, [b]), { code: "tensor.no-gradient", message: /f32 \[2,3\]/ });
  assert.throws(() => differentiate(g, a, [a]), { code: "tensor.no-gradient", message: /the loss is f32 \[2,3\]/ });
  const most = composites.mean(g, op.reduceMax(g, a, 1));
  assert.throws(() => differentiate(g, most, [a]), { code: "tensor.no-gradient", message: /reduceMax/ });
  const step = composites.mean(g, op.reduceSum(g, op.gt(g, a, b), 1));
  assert.throws(() => differentiate(g, step, [a]), { code: "tensor.no-gradient" });
});

test("the same calls write the same graph", () => {
  const build = () => {
    const g = new GraphBuilder();
    const a = g.input({ name: "a", role: "state", dtype: "f32", shape: [2, 3] });
    const loss = composites.mean(g, op.reduceSum(g, composites.silu(g, a), 1));
    g.output("gradient", differentiate(g, loss, [a])[0]!);
    return g.finish();
  };
  assert.deepEqual(build(), build());
});
