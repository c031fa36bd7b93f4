// Optimisers against their formulas in plain numbers, clipping, and accumulation.
import assert from "node:assert/strict";
import { test } from "node:test";
import { GraphBuilder } from "../graph/GraphBuilder.ts";
import { draws, near } from "../graph/gradientFixture.ts";
import { tensorFrom } from "../graph/TensorValue.ts";
import { evaluateGraph } from "../reference/evaluateGraph.ts";
import { type AdamwConfig, clipByGlobalNorm, type OptimiserConfig, optimiserOf } from "./optimisers.ts";

const f = Math.fround;
const shapes = { w: [2, 3], b: [3] } as const;
const names = ["w", "b"] as const;

/** `count` steps of an optimiser on given gradients; the state by name after each. */
function run(config: OptimiserConfig, count: number) {
  const g = new GraphBuilder();
  const parameters = names.map((name) => ({ name, shape: shapes[name], start: { kind: "fill", word: 0 } }) as const);
  const f32 = (name: string, shape: readonly number[]) => g.input({ name, role: "state", dtype: "f32", shape });
  const tensors = [...parameters, ...optimiserOf(config).state(config, parameters)];
  const state = Object.fromEntries(tensors.map(({ name, shape }) => [name, f32(name, shape)]));
  const updates = names.map((name) => ({ name, value: state[name]!, gradient: f32(`g.${name}`, shapes[name]) }));
  const rate = g.input({ name: "rate", role: "scalar", dtype: "f32", shape: [1] });
  const next = optimiserOf(config).update(g, config, { updates, state, rate });
  for (const { name } of tensors) g.output(name, next[name]!);
  const graph = g.finish();

  let held = Object.fromEntries(
    tensors.map(({ name, shape, start }) => {
      const isParameter = names.some((own) => own === name);
      const fill = start.word === 0 ? 0 : 1;
      const count = shape.reduce((product, size) => product * size, 1);
      return [name, tensorFrom("f32", shape, isParameter ? draws(`start/${name}`, shape) : Array(count).fill(fill))];
    }),
  );
  return Array.from({ length: count }, (_, step) => {
    const gradients = names.map((name) => {
      return [`g.${name}`, tensorFrom("f32", shapes[name], draws(`${step}/${name}`, shapes[name]))] as const;
    });
    const inputs = { ...held, ...Object.fromEntries(gradients), rate: tensorFrom("f32", [1], [0.01]) };
    held = evaluateGraph(graph, inputs).outputs as typeof held;
    return held;
  });
}

const adamw: AdamwConfig = {
  kind: "adamw",
  beta1Ppm: 900_000,
  beta2Ppm: 990_000,
  epsilonNano: 100,
  weightDecayPpm: 100_000,
};

/** Loshchilov & Hutter, algorithm 2, in binary64. */
function plainAdamw(name: "w" | "b", decay: number, count: number): number[] {
  const values = Array.from(draws(`start/${name}`, shapes[name]));
  const [mean, square] = [values.map(() => 0), values.map(() => 0)];
  for (let step = 0; step < count; step++)
    draws(`${step}/${name}`, shapes[name]).forEach((gradient, i) => {
      mean[i] = 0.9 * mean[i]! + 0.1 * gradient;
      square[i] = 0.99 * square[i]! + 0.01 * gradient * gradient;
      const [m, v] = [mean[i]! / (1 - 0.9 ** (step + 1)), square[i]! / (1 - 0.99 ** (step + 1))];
      values[i]! -= 0.01 * (m / (Math.sqrt(v) + 1e-7) + decay * values[i]!);
    });
  return values;
}

test("AdamW follows its formula; only matrices decay", () => {
  const [, , third] = run(adamw, 3);
  plainAdamw("w", 0.1, 3).forEach((value, i) => {
    near(third!["w"]!.data[i]!, value, 2e-6, `w[${i}]`);
  });
  plainAdamw("b", 0, 3).forEach((value, i) => {
    near(third!["b"]!.data[i]!, value, 2e-6, `b[${i}]`);
  });
  const power = f(f(f(0.9) * f(0.9)) * f(0.9));
  assert.equal(third!["adam.power"]!.data[0], power);
});

test("without decay AdamW is Adam", () => {
  const [first] = run({ ...adamw, weightDecayPpm: 0 }, 1);
  plainAdamw("w", 0, 1).forEach((value, i) => {
    near(first!["w"]!.data[i]!, value, 2e-6, `w[${i}]`);
  });
});

test("SGD with momentum, bit for bit", () => {
  const states = run({ kind: "sgd", momentumPpm: 500_000 }, 2);
  const [first, second] = [draws("0/b", [3]), draws("1/b", [3])];
  draws("start/b", [3]).forEach((start, i) => {
    const after = f(start - f(f(0.01) * first[i]!));
    const momentum = f(f(0.5 * first[i]!) + second[i]!);
    assert.equal(states[0]!["b"]!.data[i], after);
    assert.equal(states[1]!["sgd.momentum.b"]!.data[i], momentum);
    assert.equal(states[1]!["b"]!.data[i], f(after - f(f(0.01) * momentum)));
  });
});

function clipped(limit: number, scale: number) {
  const g = new GraphBuilder();
  const gradients = names.map((name) => g.input({ name, role: "batch", dtype: "f32", shape: shapes[name] }));
  const { norm, gradients: out } = clipByGlobalNorm(g, gradients, limit);
  g.output("norm", norm);
  for (const [i, name] of names.entries()) g.output(`${name}.out`, out[i]!);
  const data = names.map((name) => {
    const drawn = draws(`clip/${name}`, shapes[name]).map((x) => f(x * scale));
    return [name, tensorFrom("f32", shapes[name], drawn)] as const;
  });
  const inputs = Object.fromEntries(data);
  const { outputs } = evaluateGraph(g.finish(), inputs);
  return { inputs, outputs };
}

test("clipping: the norm is over all parameters, small gradients pass unchanged, large ones end at the limit", () => {
  const { inputs, outputs } = clipped(1, 1);
  const all = names.flatMap((name) => Array.from(inputs[name]!.data));
  const norm = Math.hypot(...all);
  near(outputs["norm"]!.data[0]!, norm, 1e-6, "norm");
  const after = names.flatMap((name) => Array.from(outputs[`${name}.out`]!.data));
  near(Math.hypot(...after), 1, 1e-5, "norm after clipping");
  const small = clipped(100, 1);
  for (const name of names) assert.deepEqual(small.outputs[`${name}.out`]!.data, small.inputs[name]!.data);
  const broken = clipped(1, Number.NaN);
  assert.ok(Number.isNaN(broken.outputs["w.out"]!.data[0]));
});
