// spec/vectors/tensor/graph.json: step graphs of small models with their hashes, and two steps of each by the reference.
import { tensorRoot } from "../commit/TensorLayout.ts";
import { encodeGraph, graphHash } from "../graph/encodeGraph.ts";
import { elementCount } from "../graph/Graph.ts";
import { bitsView, tensorFrom, type TensorValue } from "../graph/TensorValue.ts";
import type { ModelConfig } from "../models/models.ts";
import { evaluateGraph } from "../reference/evaluateGraph.ts";
import { seedWords } from "../seedStream.ts";
import { toHex } from "../sha256.ts";
import { cutExamples, exampleStarts } from "../train/dataOrder.ts";
import { rateOf, type Schedule } from "../train/schedule.ts";
import { startState } from "../train/startState.ts";
import { buildStepGraph, type StepGraph } from "../train/stepGraph.ts";
import type { TrainingConfig } from "../train/TrainingConfig.ts";
import { hexWord, tensorText } from "./vectorText.ts";

const seed = new Uint8Array(32).fill(42);
const schedule: Schedule = { kind: "cosine", rateNano: 10_000_000, finalRateNano: 1_000_000, warmupSteps: 1 };
const totalSteps = 4;

const adamw = {
  kind: "adamw",
  beta1Ppm: 900_000,
  beta2Ppm: 999_000,
  epsilonNano: 10,
  weightDecayPpm: 100_000,
} as const;

const RUNS: Record<string, { readonly model: ModelConfig; readonly training: TrainingConfig }> = {
  mlp: {
    model: { kind: "mlp", vocab: 16, context: 3, embedding: 4, hidden: 5 },
    training: { batch: 2, accumulate: 2, clipMilli: 0, optimiser: { kind: "sgd", momentumPpm: 900_000 } },
  },
  gpt: {
    model: {
      kind: "gpt",
      vocab: 16,
      context: 6,
      dim: 16,
      layers: 2,
      heads: 4,
      kvHeads: 2,
      hidden: 24,
      tiedHead: false,
      normEpsilonNano: 10_000,
      ropeTheta: 10_000,
    },
    training: { batch: 2, accumulate: 1, clipMilli: 1000, optimiser: adamw },
  },
  cnn: {
    model: {
      kind: "cnn",
      height: 6,
      width: 6,
      channels: 1,
      classes: 3,
      layers: [{ kind: "conv", filters: 4, kernel: 3, pool: 2 }],
    },
    training: { batch: 3, accumulate: 1, clipMilli: 500, optimiser: { ...adamw, weightDecayPpm: 0 } },
  },
};

/** A made-up corpus of 16 tokens with some order in it. */
const corpus = Array.from(seedWords(seed, "vectors/graph", 0, 200), (word, i) => (i * 3 + (word % 4)) % 16);

function batchOf({ batch: { data, targets } }: StepGraph, step: number): Record<string, TensorValue> {
  const rows = data.shape[0]!;
  if (data.dtype === "i32") {
    const context = data.shape[1]!;
    const starts = exampleStarts(seed, step, { rows, starts: corpus.length - context });
    return cutExamples(corpus, starts, { context, targetShape: targets.shape });
  }
  const pixels = seedWords(seed, "vectors/images", step, elementCount(data.shape));
  return {
    [data.name]: tensorFrom(
      "f32",
      data.shape,
      Array.from(pixels, (word) => (word >>> 24) / 256),
    ),
    [targets.name]: tensorFrom(
      "i32",
      targets.shape,
      Array.from({ length: rows }, (_, i) => (i + step) % 3),
    ),
  };
}

function run(name: string) {
  const { model, training } = RUNS[name]!;
  const step = buildStepGraph(model, training);
  let state: Record<string, TensorValue> = startState(seed, step.state);
  const hashes = (held: Record<string, TensorValue>) =>
    Object.fromEntries(step.state.map((tensor) => [tensor.name, toHex(tensorRoot(held[tensor.name]!))]));
  const start = hashes(state);
  const steps = [0, 1].map((number) => {
    const batch = batchOf(step, number);
    const rate = rateOf(schedule, totalSteps, number);
    const inputs = { ...state, ...batch, rate: tensorFrom("f32", [1], [rate]) };
    state = { ...evaluateGraph(step.graph, inputs).outputs };
    const loss = hexWord(bitsView(state["loss"]!)[0]!);
    const batchText = Object.fromEntries(Object.entries(batch).map(([key, tensor]) => [key, tensorText(tensor)]));
    return { batch: batchText, rate: tensorText(inputs.rate).elements, loss, state: hashes(state) };
  });
  const graphText = encodeGraph(step.graph);
  return { name, model, training, graphHash: toHex(graphHash(step.graph)), start, steps, graph: graphText };
}

/** Seed, corpus and schedule, then one run per model; the state as tensor roots. */
export function graphVectors() {
  return { seed: toHex(seed), corpus, schedule, totalSteps, runs: Object.keys(RUNS).map(run) };
}
