// The executor gives the bits of the reference: every operator of the shared vectors, step graphs of the three models over
// several steps, with 1, 2 and 4 threads, chains fused and every value by itself.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Graph } from "../graph/Graph.ts";
import { tinyAdamw, tinyCnn, tinyGpt, tinyMlp, tinySgd } from "../graph/graphFixture.ts";
import { bitsView, type TensorValue } from "../graph/TensorValue.ts";
import { validateGraph } from "../graph/validateGraph.ts";
import type { ModelConfig } from "../models/models.ts";
import { planGraph } from "../plan/planGraph.ts";
import type { Fusion } from "../plan/Schedule.ts";
import { evaluateGraph } from "../reference/evaluateGraph.ts";
import { startState } from "../train/startState.ts";
import { buildStepGraph } from "../train/stepGraph.ts";
import type { TrainingConfig } from "../train/TrainingConfig.ts";
import { type OperatorCase, readOperatorCase } from "../vectors/operatorVectors.ts";
import { stepInputs } from "./executeFixture.ts";
import { openPlan, type Threads } from "./openGraph.ts";

const vectors = JSON.parse(
  readFileSync(new URL("../../../../spec/vectors/tensor/operators.json", import.meta.url), "utf8"),
) as OperatorCase[];

function graphOfCase({ node, operands }: ReturnType<typeof readOperatorCase>): Graph {
  return validateGraph({
    version: 1,
    numericsId: "fp32-seq-unfused",
    inputs: operands.map(({ dtype, shape }, i) => ({ name: `x${i}`, role: "batch", dtype, shape })),
    constants: [],
    nodes: [{ ...node, in: operands.map((_, i) => i) }],
    outputs: [{ name: "y", value: operands.length }],
  });
}

for (const fusion of ["chains", "whole"] as const)
  test(`every operator vector, ${fusion}`, async () => {
    for (const one of vectors.map(readOperatorCase)) {
      const { runner, close } = await openPlan(planGraph(graphOfCase(one), fusion));
      one.operands.forEach((operand, i) => {
        runner.write(`x${i}`, operand);
      });
      runner.run();
      const found = runner.read("y");
      assert.deepEqual(found.shape, one.result.shape, one.name);
      assert.deepEqual(bitsView(found), bitsView(one.result), one.name);
      await close();
    }
  });

const trainingOf = (model: ModelConfig): TrainingConfig => ({
  batch: 3,
  accumulate: 2,
  clipMilli: 500,
  optimiser: model.kind === "cnn" ? tinySgd.optimiser : tinyAdamw.optimiser,
});

type Run = { readonly model: ModelConfig; readonly threads: Threads; readonly fusion: Fusion };

/** Outputs of three steps, each on the state of the one before. */
async function threeSteps({ model, threads, fusion }: Run, wanted: Record<string, TensorValue>[]): Promise<void> {
  const training = trainingOf(model);
  const step = buildStepGraph(model, training);
  const { runner, close } = await openPlan(planGraph(step.graph, fusion), { threads });
  const state = startState(new Uint8Array(32).fill(5), step.state);
  for (const [name, value] of Object.entries(state)) runner.write(name, value);
  for (const [t, outputs] of wanted.entries()) {
    for (const [name, value] of Object.entries(stepInputs(step, t))) runner.write(name, value);
    runner.run();
    for (const [name, value] of Object.entries(outputs)) {
      assert.deepEqual(
        bitsView(runner.read(name)),
        bitsView(value),
        `${model.kind} step ${t} ${name}, ${threads} threads, ${fusion}`,
      );
    }
  }
  await close();
}

function referenceSteps(model: ModelConfig): Record<string, TensorValue>[] {
  const training = trainingOf(model);
  const step = buildStepGraph(model, training);
  let state: Record<string, TensorValue> = startState(new Uint8Array(32).fill(5), step.state);
  return [0, 1, 2].map((t) => {
    const { outputs } = evaluateGraph(step.graph, { ...state, ...stepInputs(step, t) });
    state = Object.fromEntries(step.state.map(({ name }) => [name, outputs[name]!]));
    return outputs;
  });
}

for (const model of [tinyGpt, { ...tinyGpt, tiedHead: false, kvHeads: 1 }, tinyMlp, tinyCnn] as ModelConfig[])
  test(`step graph of ${JSON.stringify(model).slice(0, 120)}`, async () => {
    const wanted = referenceSteps(model);
    for (const threads of [1, 2, 4] as const) await threeSteps({ model, threads, fusion: "chains" }, wanted);
    await threeSteps({ model, threads: 2, fusion: "whole" }, wanted);
  });
