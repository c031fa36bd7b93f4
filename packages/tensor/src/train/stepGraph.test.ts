// Step graphs of the three models: gradients against differences of the loss, accumulation against one large batch,
// learning, the layout of the state, and refused configurations.
import assert from "node:assert/strict";
import { test } from "node:test";
import { graphHash } from "../graph/encodeGraph.ts";
import { elementCount } from "../graph/Graph.ts";
import { draws, near, runDoubles, toDoubles } from "../graph/gradientFixture.ts";
import { tinyAdamw, tinyCnn, tinyGpt, tinyMlp, tinySgd } from "../graph/graphFixture.ts";
import { type TensorValue, tensorFrom } from "../graph/TensorValue.ts";
import { type ModelConfig, modelOf, validateModel } from "../models/models.ts";
import { bitsOf } from "../recipes.ts";
import { evaluateGraph } from "../reference/evaluateGraph.ts";
import { startState } from "./startState.ts";
import { buildForwardGraph, buildStepGraph, type StepGraph } from "./stepGraph.ts";
import { type TrainingConfig, validateTraining } from "./TrainingConfig.ts";

const seed = new Uint8Array(32).fill(5);
const models: Record<string, ModelConfig> = {
  gpt: tinyGpt,
  "gpt with a free head": { ...tinyGpt, tiedHead: false, layers: 1 },
  mlp: tinyMlp,
  cnn: tinyCnn,
};

/** Start state, a fixed batch and a rate. */
function inputsOf(step: StepGraph, rate: number): Record<string, TensorValue> {
  const { data, targets } = step.batch;
  const classes = (shape: readonly number[], offset: number) =>
    tensorFrom(
      "i32",
      shape,
      Array.from({ length: elementCount(shape) }, (_, i) => (i * 2 + offset) % 3),
    );
  return {
    ...startState(seed, step.state),
    [data.name]:
      data.dtype === "i32" ? classes(data.shape, 0) : tensorFrom("f32", data.shape, draws("images", data.shape)),
    [targets.name]: classes(targets.shape, 1),
    rate: tensorFrom("f32", [1], [rate]),
  };
}

for (const [name, model] of Object.entries(models))
  test(`${name}: the step's gradient is the slope of its loss`, () => {
    const step = buildStepGraph(model, tinySgd);
    const inputs = toDoubles(inputsOf(step, 1));
    const after = runDoubles(step.graph, inputs);
    const lossAt = (key: string, change: (i: number) => number) => {
      const data = inputs[key]!.data.map((x, i) => x + change(i));
      return runDoubles(step.graph, { ...inputs, [key]: { ...inputs[key]!, data } })["loss"]!.data[0]!;
    };
    for (const { name: key, shape } of step.parameters) {
      const gradient = Array.from(inputs[key]!.data, (x, i) => x - after[key]!.data[i]!);
      const direction = draws(`direction/${key}`, shape);
      const h = 1e-5;
      const slope = (lossAt(key, (i) => h * direction[i]!) - lossAt(key, (i) => -h * direction[i]!)) / (2 * h);
      const along = gradient.reduce((sum, x, i) => sum + x * direction[i]!, 0);
      near(along, slope, 1e-7, `slope along a direction of ${key}`);
      const one = elementCount(shape) - 1;
      const single = (lossAt(key, (i) => (i === one ? h : 0)) - lossAt(key, (i) => (i === one ? -h : 0))) / (2 * h);
      near(gradient[one]!, single, 1e-7, `${key}[${one}]`);
      assert.ok(
        gradient.some((x) => x !== 0),
        `${key} gets a gradient`,
      );
    }
  });

test("the fp32 step is close to the step in binary64", () => {
  const step = buildStepGraph(tinyGpt, tinySgd);
  const inputs = inputsOf(step, 1);
  const [floats, doubles] = [evaluateGraph(step.graph, inputs).outputs, runDoubles(step.graph, toDoubles(inputs))];
  for (const { name } of step.graph.outputs)
    floats[name]!.data.forEach((x, i) => {
      near(x, doubles[name]!.data[i]!, 1e-5, `${name}[${i}]`);
    });
});

test("four micro-batches of one row are one batch of four, up to rounding", () => {
  const whole = buildStepGraph(tinyMlp, { ...tinySgd, batch: 4 });
  const parts = buildStepGraph(tinyMlp, { ...tinySgd, batch: 1, accumulate: 4 });
  assert.deepEqual(parts.batch, whole.batch);
  const inputs = toDoubles(inputsOf(whole, 1));
  const [a, b] = [runDoubles(whole.graph, inputs), runDoubles(parts.graph, inputs)];
  for (const { name } of whole.graph.outputs)
    a[name]!.data.forEach((x, i) => {
      near(b[name]!.data[i]!, x, 1e-9, `${name}[${i}]`);
    });
});

test("every model learns a fixed batch", () => {
  for (const [name, model] of Object.entries(models)) {
    const step = buildStepGraph(model, tinyAdamw);
    let inputs = inputsOf(step, 0.02);
    const losses: number[] = [];
    for (let i = 0; i < 8; i++) {
      const { outputs } = evaluateGraph(step.graph, inputs);
      losses.push(outputs["loss"]!.data[0]!);
      assert.ok(outputs["metric.gradientNorm"]!.data[0]! > 0);
      inputs = { ...inputs, ...outputs };
    }
    assert.ok(losses.at(-1)! < losses[0]! - 0.1, `${name}: ${losses}`);
  }
});

test("the state is parameters, then moments, then powers; outputs carry its names", () => {
  const { graph, state, parameters, batch } = buildStepGraph(tinyGpt, tinyAdamw);
  const names = parameters.map(({ name }) => name);
  const moments = ["adam.mean.", "adam.square."].flatMap((prefix) => names.map((name) => prefix + name));
  assert.deepEqual(
    state.map(({ name }) => name),
    [...names, ...moments, "adam.power"],
  );
  assert.deepEqual(names.slice(0, 3), [
    "model.embed_tokens.weight",
    "model.layers.0.input_layernorm.weight",
    "model.layers.0.self_attn.q_proj.weight",
  ]);
  assert.equal(names.at(-1), "model.norm.weight");
  assert.deepEqual(
    graph.inputs.map(({ name }) => name),
    [...state.map(({ name }) => name), batch.data.name, batch.targets.name, "rate"],
  );
  assert.deepEqual(
    graph.outputs.map(({ name }) => name),
    [...state.map(({ name }) => name), "loss", "metric.gradientNorm"],
  );
});

test("the same configuration gives the same graph, another one another", () => {
  const hash = (model: ModelConfig, training: TrainingConfig) => {
    return Buffer.from(graphHash(buildStepGraph(model, training).graph)).toString("hex");
  };
  assert.equal(hash(tinyGpt, tinyAdamw), hash({ ...tinyGpt }, { ...tinyAdamw }));
  const others = [
    hash({ ...tinyGpt, ropeTheta: 9_999 }, tinyAdamw),
    hash({ ...tinyGpt, kvHeads: 4 }, tinyAdamw),
    hash(tinyGpt, { ...tinyAdamw, accumulate: 2 }),
    hash(tinyGpt, { ...tinyAdamw, clipMilli: 0 }),
    hash(tinyGpt, tinySgd),
  ];
  assert.equal(new Set([...others, hash(tinyGpt, tinyAdamw)]).size, 6);
});

test("the forward graphs give the step's loss, and logits of any number of rows", () => {
  const step = buildStepGraph(tinyGpt, tinySgd);
  const inputs = inputsOf(step, 1);
  const loss = evaluateGraph(buildForwardGraph(tinyGpt, 2, "loss"), inputs).outputs["loss"]!;
  assert.equal(loss.data[0], evaluateGraph(step.graph, inputs).outputs["loss"]!.data[0]);
  const logits = buildForwardGraph(tinyGpt, 5, "logits");
  const tokens = tensorFrom(
    "i32",
    [5, 4],
    Array.from({ length: 20 }, (_, i) => i % 7),
  );
  assert.deepEqual(evaluateGraph(logits, { ...inputs, tokens }).outputs["logits"]!.shape, [20, 7]);
});

test("start state: uniform within the bound, norms 1, residual outputs smaller, a function of the seed", () => {
  const { state } = buildStepGraph(tinyGpt, tinyAdamw);
  const [a, b] = [
    startState(seed, state),
    startState(
      seed.map((byte) => byte ^ 1),
      state,
    ),
  ];
  const most = (name: string) => a[name]!.data.reduce((bound, x) => Math.max(bound, Math.abs(x)), 0);
  const bound = 1 / Math.sqrt(8);
  assert.ok(most("model.layers.0.self_attn.q_proj.weight") <= bound && most("model.embed_tokens.weight") > bound / 2);
  assert.ok(most("model.layers.0.self_attn.o_proj.weight") <= bound / 2 + 1e-9, "divided by sqrt(2 · 2 layers)");
  assert.deepEqual(Array.from(a["model.norm.weight"]!.data), Array(8).fill(1));
  assert.deepEqual(Array.from(a["adam.power"]!.data), [1, 1]);
  assert.equal(bitsOf(a["adam.mean.model.norm.weight"]!.data[0]!), 0);
  assert.notDeepEqual(a["model.embed_tokens.weight"], b["model.embed_tokens.weight"]);
});

test("a configuration out of its limits is refused by field", () => {
  const layer = tinyCnn.layers[0]!;
  const wrong: [() => unknown, RegExp][] = [
    [() => validateModel(null), /^model kind is undefined/],
    [() => validateModel({ kind: "rnn" }), /^model kind is rnn/],
    [() => validateModel({ ...tinyGpt, dropout: 1 }), /^the gpt has other fields/],
    [() => validateModel({ ...tinyGpt, layers: 0 }), /^gpt layers is 0/],
    [() => validateModel({ ...tinyGpt, dim: 12 }), /^gpt dim is 12 with 4 heads/],
    [() => validateModel({ ...tinyGpt, kvHeads: 3 }), /^gpt kvHeads is 3 of 4 heads/],
    [() => validateModel({ ...tinyGpt, tiedHead: 1 }), /^gpt tiedHead/],
    [() => validateModel({ ...tinyGpt, vocab: 2 ** 20, dim: 8192 }), /^model.embed_tokens.weight would be/],
    [() => validateModel({ ...tinyMlp, hidden: 1.5 }), /^mlp hidden is 1.5/],
    [() => validateModel({ ...tinyCnn, layers: [] }), /^cnn layers/],
    [() => validateModel({ ...tinyCnn, layers: [{ ...layer, kernel: 2 }] }), /^cnn layer 0 kernel is 2/],
    [() => validateModel({ ...tinyCnn, layers: [{ ...layer, kind: "pool" }] }), /^cnn layer 0 kind/],
    [() => validateModel({ ...tinyCnn, layers: Array(3).fill(layer) }), /^cnn layer 2 pools 2 x 2 of 1 x 1/],
    [() => validateTraining({ ...tinySgd, batch: 0 }), /^training batch is 0/],
    [() => validateTraining({ ...tinySgd, accumulate: 65 }), /^training accumulate is 65/],
    [() => validateTraining({ ...tinySgd, optimiser: { kind: "lion" } }), /^optimiser kind/],
    [() => validateTraining({ ...tinySgd, optimiser: { kind: "sgd", momentumPpm: -1 } }), /^optimiser sgd momentumPpm/],
  ];
  for (const [call, message] of wrong) assert.throws(call, { code: "tensor.bad-model", message }, String(message));
  for (const model of Object.values(models)) assert.equal(validateModel(model), model);
  for (const training of [tinyAdamw, tinySgd]) assert.equal(validateTraining(training), training);
  assert.equal(modelOf(tinyCnn).parameters(tinyCnn).at(-2)!.shape[1], 3 * 2 * 5);
});
