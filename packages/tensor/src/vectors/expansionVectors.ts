// spec/vectors/tensor/expansion.json: small formulas written as graphs with their gradients (spec/tensor.md §3.7, §5.3, §5.4),
// every operator that has a gradient and every composite among them; and texts that are no graph.
import { attention, mergeHeads, rope, splitHeads } from "../graph/attention.ts";
import { gelu, layerNorm, linear, relu, rmsNorm, sigmoid, silu, softmax } from "../graph/composites.ts";
import { conv, maxPool } from "../graph/convolution.ts";
import { differentiate } from "../graph/differentiate.ts";
import type { Value } from "../graph/Emitter.ts";
import { encodeGraph, graphHash } from "../graph/encodeGraph.ts";
import type { Shape } from "../graph/Graph.ts";
import { GraphBuilder } from "../graph/GraphBuilder.ts";
import * as o from "../graph/ops.ts";
import { toHex } from "../sha256.ts";
import { REFUSED } from "./refusedGraphs.ts";

type Inputs = Record<string, Value>;
type Formula = {
  /** In words of §3; `x`, `y`, … are the inputs. */
  readonly formula: string;
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly write: (g: GraphBuilder, inputs: Inputs) => Value;
};

const x23 = { x: [2, 3] };
const xy = { x: [2, 3], y: [4, 1, 3] };
type Write = Formula["write"];

/** Formulas of x alone, [2,3]. */
const UNARY: Readonly<Record<string, (g: GraphBuilder, x: Value) => Value>> = {
  "neg x": o.neg,
  "abs x": o.abs,
  "sqrt x": o.sqrt,
  "exp x": o.exp,
  "log x": o.log,
  "tanh x": o.tanh,
  "x · x": (g, x) => o.mul(g, x, x),
  "reduceSum(x, 0)": (g, x) => o.reduceSum(g, x, 0),
  "expand(x, [4,2,3])": (g, x) => o.expand(g, x, [4, 2, 3]),
  "reshape(reshape(x, [6]), [3,2])": (g, x) => o.reshape(g, o.reshape(g, x, [6]), [3, 2]),
  "transpose(reshape(x, [1,2,3]), [2,0,1])": (g, x) => o.transpose(g, o.reshape(g, x, [1, 2, 3]), [2, 0, 1]),
  "transpose(transpose(x, [1,0]), [1,0]) + reshape(reshape(x, [3,2]), [2,3])": (g, x) =>
    o.add(g, o.transpose(g, o.transpose(g, x, [1, 0]), [1, 0]), o.reshape(g, o.reshape(g, x, [3, 2]), [2, 3])),
  "slice(x, 1, 1, 1)": (g, x) => o.slice(g, x, { axis: 1, start: 1, length: 1 }),
  "slice(x, 0, 1, 1)": (g, x) => o.slice(g, x, { axis: 0, start: 1, length: 1 }),
  "concat(x, x, neg x, axis 0)": (g, x) => o.concat(g, [x, x, o.neg(g, x)], 0),
  "swapPairs(reshape(x, [3,2]))": (g, x) => o.swapPairs(g, o.reshape(g, x, [3, 2])),
  "gather(x, t, 0)": (g, x) => o.gather(g, x, { index: index(g) }),
  "scatterAdd(expand(x, [2,2,3]), t, 5)": (g, x) =>
    o.scatterAdd(g, o.expand(g, x, [2, 2, 3]), { index: index(g), rows: 5 }),
  "sigmoid(x)": sigmoid,
  "silu(x)": silu,
  "relu(x)": relu,
  "gelu(x)": gelu,
  "softmax(x)": softmax,
  "merge(heads(reshape(x, [1,6]))) with one row and 3 heads": (g, x) =>
    mergeHeads(g, splitHeads(g, o.reshape(g, x, [1, 6]), { batch: 1, heads: 3 })),
};

/** t: i32 [2,2]. */
const index = (g: GraphBuilder) => g.input({ name: "t", role: "batch", dtype: "i32", shape: [2, 2] });

const binary = (write: (g: GraphBuilder, a: Value, b: Value) => Value): Write => {
  return (g, { x, y }) => write(g, x!, y!);
};

const image = { x: [2, 5, 4, 4] };
const wide = { kernel: [3, 2], stride: [2, 1], pads: [1, 0, 2, 1], dilation: [1, 2] } as const;
const WINDOW = "kernel [3,2], stride [2,1], pads [1,0,2,1], dilation [1,2]";
const one = { kernel: [1, 1], stride: [1, 1], pads: [0, 0, 0, 0], dilation: [1, 1] } as const;

const FORMULAS: readonly Formula[] = [
  ...Object.entries(UNARY).map(([formula, write]) => ({
    formula,
    shapes: x23,
    write: ((g, { x }) => write(g, x!)) as Write,
  })),
  { formula: "x + y", shapes: xy, write: binary(o.add) },
  { formula: "x - y", shapes: xy, write: binary(o.sub) },
  { formula: "x · y", shapes: xy, write: binary(o.mul) },
  { formula: "x / y", shapes: xy, write: binary(o.div) },
  { formula: "max(x, y)", shapes: xy, write: binary(o.max) },
  { formula: "min(x, y)", shapes: xy, write: binary(o.min) },
  {
    formula: "select(gt(x, y), x, y)",
    shapes: xy,
    write: (g, { x, y }) => o.select(g, o.gt(g, x!, y!), [x!, y!]),
  },
  { formula: "matmul(x, y)", shapes: { x: [2, 1, 2, 3], y: [3, 4, 3] }, write: binary(o.matmul) },
  {
    formula: "linear(x, w, b)",
    shapes: { x: [2, 2, 3], w: [4, 3], b: [4] },
    write: (g, { x, w, b }) => linear(g, x!, { weight: w!, bias: b! }),
  },
  {
    formula: "rmsNorm(x, w, 1/1024)",
    shapes: { x: [2, 3], w: [3] },
    write: (g, { x, w }) => rmsNorm(g, x!, { weight: w!, epsilon: 2 ** -10 }),
  },
  {
    formula: "layerNorm(x, w, b, 1/1024)",
    shapes: { x: [2, 3], w: [3], b: [3] },
    write: (g, { x, w, b }) => layerNorm(g, x!, { weight: w!, bias: b!, epsilon: 2 ** -10 }),
  },
  {
    formula: "rope(x, C, S), tables of 2 positions, dim 4, theta 100",
    shapes: { x: [1, 3, 2, 4] },
    write(g, { x }) {
      const table = { kind: "rope", positions: 2, dim: 4, theta: 100 } as const;
      const cos = g.constant({ ...table, part: "cos" });
      return rope(g, x!, { cos, sin: g.constant({ ...table, part: "sin" }) });
    },
  },
  {
    formula: "attention(q, k, v)",
    shapes: { q: [2, 6, 1, 4], k: [2, 3, 5, 4], v: [2, 3, 5, 4] },
    write: (g, { q, k, v }) => attention(g, { q: q!, k: k!, v: v! }),
  },
  {
    formula: `conv(x, w), ${WINDOW}`,
    shapes: { ...image, w: [6, 24] },
    write: (g, { x, w }) => conv(g, x!, { window: wide, weight: w! }),
  },
  {
    formula: `conv(x, w, b) with 2 groups, ${WINDOW}`,
    shapes: { ...image, w: [6, 12], b: [6] },
    write: (g, { x, w, b }) => conv(g, x!, { window: wide, weight: w!, bias: b!, groups: 2 }),
  },
  {
    formula: `conv(x, w, b) with 4 groups, ${WINDOW}`,
    shapes: { ...image, w: [4, 6], b: [4] },
    write: (g, { x, w, b }) => conv(g, x!, { window: wide, weight: w!, bias: b!, groups: 4 }),
  },
  {
    formula: "conv(x, w), kernel [1,1], stride [1,1], no pads",
    shapes: { ...image, w: [3, 4] },
    write: (g, { x, w }) => conv(g, x!, { window: one, weight: w! }),
  },
  { formula: `maxPool(x), ${WINDOW}`, shapes: image, write: (g, { x }) => maxPool(g, x!, wide) },
];

/** Inputs, then the formula, then `u` of its shape; loss = the sum of formula · u; gradients of the inputs but u and t. */
function expanded({ formula, shapes, write }: Formula) {
  const g = new GraphBuilder();
  const batch = (name: string, shape: Shape) => g.input({ name, role: "batch", dtype: "f32", shape });
  const inputs = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, batch(name, shape)]));
  const result = write(g, inputs);
  let loss = o.mul(g, result, batch("u", result.shape));
  for (let axis = result.shape.length - 1; axis >= 0; axis--) loss = o.reduceSum(g, loss, axis);
  loss = o.reshape(g, loss, [1]);
  const gradients = differentiate(g, loss, Object.values(inputs));
  g.output("result", result);
  g.output("loss", loss);
  Object.keys(inputs).forEach((name, i) => {
    g.output(`gradient.${name}`, gradients[i]!);
  });
  const graph = g.finish();
  return { formula, shapes, graphHash: toHex(graphHash(graph)), graph: encodeGraph(graph) };
}

/** How the graphs come about, the graphs, and what is refused. */
export function expansionVectors() {
  const rule =
    "inputs f32 batch in the order of shapes; result by the formula (t is i32 [2,2] batch, declared where first used); " +
    "u f32 batch of its shape; loss = result · u, reduceSum over each axis, last first, reshape [1]; outputs result, " +
    "loss, gradient.NAME for each of shapes";
  return { rule, formulas: FORMULAS.map(expanded), refused: REFUSED };
}
