// Compares the gradients that differentiation writes with central differences, both in binary64, and the fp32 reference
// with them. For tests.
import assert from "node:assert/strict";
import { type Doubles, evaluateInDoubles } from "../reference/doubles.ts";
import { evaluateGraph } from "../reference/evaluateGraph.ts";
import { seedWords } from "../seedStream.ts";
import { differentiate } from "./differentiate.ts";
import type { Value } from "./Emitter.ts";
import { elementCount, type Graph, type Shape } from "./Graph.ts";
import { GraphBuilder } from "./GraphBuilder.ts";
import { mul, reduceSum, reshape } from "./ops.ts";
import { type TensorValue, tensorFrom } from "./TensorValue.ts";

/** Draws from [low, high), fp32 so that both evaluations start from the same numbers. */
export function draws(label: string, shape: Shape, [low, high]: readonly [number, number] = [-1.5, 1.5]): Float32Array {
  const words = seedWords(new Uint8Array(32).fill(3), `test/${label}`, 0, elementCount(shape));
  return Float32Array.from(words, (word) => low + (word / 2 ** 32) * (high - low));
}

/** Σ x · w with fixed random w → [1]: a loss in which every element of x counts differently. */
export function weighted(g: GraphBuilder, x: Value): Value {
  const weights = g.input({ name: "test.weights", role: "batch", dtype: "f32", shape: x.shape });
  let sum = mul(g, x, weights);
  for (let axis = x.shape.length - 1; axis >= 0; axis--) sum = reduceSum(g, sum, axis);
  return reshape(g, sum, [1]);
}

export type Case = {
  /** f32 inputs that gradients are wanted for. */
  readonly inputs: Readonly<Record<string, { readonly shape: Shape; readonly range?: readonly [number, number] }>>;
  /** i32 inputs. */
  readonly indices?: Readonly<Record<string, { readonly shape: Shape; readonly values: readonly number[] }>>;
  readonly build: (g: GraphBuilder, inputs: Readonly<Record<string, Value>>) => Value;
};

/** Checks every element of every gradient of one case. */
export function checkGradients(name: string, { inputs, indices = {}, build }: Case): void {
  const g = new GraphBuilder();
  const values: Record<string, Value> = {};
  const data: Record<string, TensorValue> = {};
  for (const [key, { shape, range }] of Object.entries(inputs)) {
    values[key] = g.input({ name: key, role: "state", dtype: "f32", shape });
    data[key] = tensorFrom("f32", shape, draws(`${name}/${key}`, shape, range));
  }
  for (const [key, { shape, values: numbers }] of Object.entries(indices)) {
    values[key] = g.input({ name: key, role: "batch", dtype: "i32", shape });
    data[key] = tensorFrom("i32", shape, numbers);
  }
  const result = build(g, values);
  const loss = weighted(g, result);
  data["test.weights"] = tensorFrom("f32", result.shape, draws(`${name}/weights`, result.shape));
  const wanted = Object.keys(inputs);
  g.output("loss", loss);
  differentiate(
    g,
    loss,
    wanted.map((key) => values[key]!),
  ).forEach((gradient, i) => {
    g.output(`gradient.${wanted[i]}`, gradient);
  });
  compare(g.finish(), data, wanted);
}

function compare(graph: Graph, data: Readonly<Record<string, TensorValue>>, wanted: readonly string[]): void {
  const floats = evaluateGraph(graph, data).outputs;
  const exact = runDoubles(graph, toDoubles(data));
  for (const key of wanted) {
    const gradient = exact[`gradient.${key}`]!;
    assert.deepEqual(gradient.shape, data[key]!.shape);
    gradient.data.forEach((found, i) => {
      const measured = slope(graph, data, { key, i });
      near(found, measured, 1e-6, `gradient of ${key}[${i}]`);
      near(floats[`gradient.${key}`]!.data[i]!, found, 1e-4, `fp32 gradient of ${key}[${i}]`);
    });
  }
}

/** Central difference of the loss in one element. */
function slope(
  graph: Graph,
  data: Readonly<Record<string, TensorValue>>,
  { key, i }: { readonly key: string; readonly i: number },
): number {
  const step = 1e-5;
  const lossAt = (by: number) => {
    const inputs = toDoubles(data);
    inputs[key]!.data[i]! += by;
    return runDoubles(graph, inputs)["loss"]!.data[0]!;
  };
  return (lossAt(step) - lossAt(-step)) / (2 * step);
}

export function toDoubles(data: Readonly<Record<string, TensorValue>>): Record<string, Doubles> {
  return Object.fromEntries(
    Object.entries(data).map(([key, tensor]) => [key, { shape: tensor.shape, data: Float64Array.from(tensor.data) }]),
  );
}

/** Outputs by name. */
export function runDoubles(graph: Graph, inputs: Readonly<Record<string, Doubles>>): Record<string, Doubles> {
  const values = evaluateInDoubles(graph, inputs);
  return Object.fromEntries(graph.outputs.map(({ name, value }) => [name, values[value]!]));
}

/** Equal up to `tolerance` of the larger of 1 and the expected size. */
export function near(found: number, expected: number, tolerance: number, what: string): void {
  const ok = Math.abs(found - expected) <= tolerance * Math.max(1, Math.abs(expected));
  assert.ok(ok, `${what} is ${found}, not ${expected}`);
}
