// A graph in binary64 with the library's functions: what fp32 results and gradients are compared with in tests. Moves
// are taken from the reference by letting it move element numbers.
import { broadcastSource } from "../graph/broadcast.ts";
import { constantValue } from "../graph/constants.ts";
import type { Graph, Node, Shape, ValueType } from "../graph/Graph.ts";
import { firstNodeValue, inferTypes } from "../graph/inferTypes.ts";
import { tensorFrom } from "../graph/TensorValue.ts";
import { fromBits } from "../recipes.ts";
import { evaluateNode } from "./evaluateNode.ts";

export type Doubles = { readonly shape: Shape; readonly data: Float64Array };

const ELEMENTWISE: Record<string, (...x: number[]) => number> = {
  add: (a, b) => a! + b!,
  sub: (a, b) => a! - b!,
  mul: (a, b) => a! * b!,
  div: (a, b) => a! / b!,
  max: (a, b) => Math.max(a!, b!),
  min: (a, b) => Math.min(a!, b!),
  gt: (a, b) => (a! > b! ? 1 : 0),
  select: (c, a, b) => (c ? a! : b!),
  neg: (x) => -x!,
  abs: (x) => Math.abs(x!),
  sqrt: (x) => Math.sqrt(x!),
  exp: (x) => Math.exp(x!),
  log: (x) => Math.log(x!),
  tanh: (x) => Math.tanh(x!),
};

/** Values of every number; inputs by name, indices as doubles too. */
export function evaluateInDoubles(graph: Graph, inputs: Readonly<Record<string, Doubles>>): Doubles[] {
  const types = inferTypes(graph);
  const values = graph.inputs.map(({ name }) => inputs[name]!);
  for (const constant of graph.constants) {
    const { shape, data } = constantValue(constant);
    values.push({ shape, data: Float64Array.from(data) });
  }
  graph.nodes.forEach((node, i) => {
    const operands = node.in.map((value) => values[value]!);
    values.push(compute(node, operands, types[firstNodeValue(graph) + i]!));
  });
  return values;
}

function compute(node: Node, operands: readonly Doubles[], type: ValueType): Doubles {
  const { shape } = type;
  const count = shape.reduce((product, size) => product * size, 1);
  const [x, y] = operands;
  const rule = ELEMENTWISE[node.op];
  const from = (element: (i: number) => number) => ({
    shape,
    data: Float64Array.from({ length: count }, (_, i) => element(i)),
  });
  if (rule !== undefined)
    return from((i) => rule(...operands.map((operand) => operand.data[broadcastSource(shape, operand.shape, i)]!)));
  if (node.op === "matmul") return from((i) => dot(x!, y!, { shape, i }));
  if (node.op === "reduceSum" || node.op === "reduceMax") return reduce(node, x!, shape);
  if (node.op === "oneHot") return from((i) => (x!.data[Math.floor(i / node.size)] === i % node.size ? 1 : 0));
  if (node.op === "scatterAdd") return scatter(x!, y!, shape);
  return move(node, operands, type);
}

function dot(a: Doubles, b: Doubles, { shape, i }: { shape: Shape; i: number }): number {
  const [M, N, K] = [shape.at(-2)!, shape.at(-1)!, a.shape.at(-1)!];
  const [column, row, matrix] = [i % N, Math.floor(i / N) % M, Math.floor(i / (M * N))];
  const lead = shape.slice(0, -2);
  const fromA = (broadcastSource(lead, a.shape.slice(0, -2), matrix) * M + row) * K;
  const fromB = (broadcastSource(lead, b.shape.slice(0, -2), matrix) * N + column) * K;
  let sum = 0;
  for (let k = 0; k < K; k++) sum += a.data[fromA + k]! * b.data[fromB + k]!;
  return sum;
}

function reduce(node: Extract<Node, { op: "reduceSum" | "reduceMax" }>, x: Doubles, shape: Shape): Doubles {
  const start = node.op === "reduceSum" ? 0 : Number.NEGATIVE_INFINITY;
  const out = { shape, data: new Float64Array(shape.reduce((product, size) => product * size, 1)).fill(start) };
  x.data.forEach((element, i) => {
    const o = broadcastSource(x.shape, shape, i);
    out.data[o] = node.op === "reduceSum" ? out.data[o]! + element : Math.max(out.data[o]!, element);
  });
  return out;
}

function scatter(x: Doubles, index: Doubles, shape: Shape): Doubles {
  const width = shape[1]!;
  const out = { shape, data: new Float64Array(shape[0]! * width) };
  x.data.forEach((element, i) => {
    const row = index.data[Math.floor(i / width)]!;
    if (row >= 0) out.data[row * width + (i % width)]! += element;
  });
  return out;
}

/** Lets the reference move the numbers of the elements, -1 standing for a gather's fill. */
function move(node: Node, operands: readonly Doubles[], type: ValueType): Doubles {
  const moved = node.op === "gather" ? operands.slice(0, 1) : operands;
  const all = moved.flatMap((operand) => Array.from(operand.data));
  let next = 0;
  const numbers = moved.map(({ shape, data }) =>
    tensorFrom(
      "i32",
      shape,
      Int32Array.from(data, () => next++),
    ),
  );
  const index = operands.slice(moved.length).map(({ shape, data }) => tensorFrom("i32", shape, Int32Array.from(data)));
  const call = { place: "doubles", node: node.op === "gather" ? { ...node, fill: -1 } : node };
  const { data } = evaluateNode({ ...call, operands: [...numbers, ...index], type: { ...type, dtype: "i32" } });
  const fill = node.op === "gather" ? fromBits(node.fill) : Number.NaN;
  return { shape: type.shape, data: Float64Array.from(data, (number) => (number < 0 ? fill : all[number]!)) };
}
