// The MLP 784-56-10 that verifiable-inference systems are compared by, trained here on MNIST's 10,000 test images, which are
// read from the data root: 8,000 drawn by a seed to learn from, the other 2,000 to be tested on. Deterministic.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { openGraph } from "../packages/tensor/src/execute/openGraph.ts";
import { crossEntropy, inverseRoot, linear, mean, relu } from "../packages/tensor/src/graph/composites.ts";
import { differentiate } from "../packages/tensor/src/graph/differentiate.ts";
import type { Emitter, Value } from "../packages/tensor/src/graph/Emitter.ts";
import type { Graph } from "../packages/tensor/src/graph/Graph.ts";
import { GraphBuilder } from "../packages/tensor/src/graph/GraphBuilder.ts";
import { type TensorOf, type TensorValue, tensorFrom } from "../packages/tensor/src/graph/TensorValue.ts";
import { type StateTensor, stateInput, uniform, ZEROS } from "../packages/tensor/src/models/StateTensor.ts";
import { seedWords } from "../packages/tensor/src/seedStream.ts";
import { type AdamwConfig, optimiserOf } from "../packages/tensor/src/train/optimisers.ts";
import { rateOf } from "../packages/tensor/src/train/schedule.ts";
import { startState } from "../packages/tensor/src/train/startState.ts";
import { inputPath } from "./realInputs.ts";

export const PIXELS = 784;
export const CLASSES = 10;
const HIDDEN = 56;
const TRAINED = 8_000;
const BATCH = 100;
const EPOCHS = 20;
const STEPS = (EPOCHS * TRAINED) / BATCH;
const seed = new Uint8Array(32).fill(28);

const parameters: readonly StateTensor[] = [
  { name: "hidden.weight", shape: [HIDDEN, PIXELS], start: uniform(Math.sqrt(Math.fround(6 / PIXELS))) },
  { name: "hidden.bias", shape: [HIDDEN], start: ZEROS },
  { name: "output.weight", shape: [CLASSES, HIDDEN], start: uniform(inverseRoot(HIDDEN)) },
  { name: "output.bias", shape: [CLASSES], start: ZEROS },
];
const optimiser: AdamwConfig = {
  kind: "adamw",
  ...{ beta1Ppm: 900_000, beta2Ppm: 999_000, epsilonNano: 10, weightDecayPpm: 10_000 },
};
const schedule = { kind: "cosine", rateNano: 2_000_000, finalRateNano: 10_000, warmupSteps: 50 } as const;

export type Weights = Readonly<Record<string, TensorValue>>;

/** Pixels from 0 to 1, row after row, and what each image shows. */
export type Digits = { readonly images: Float32Array; readonly labels: Int32Array };

/** `count` of them from the first-th on, as a batch. */
export function batchOf({ images }: Digits, first: number, count: number): TensorOf<"f32"> {
  return tensorFrom("f32", [count, PIXELS], images.subarray(first * PIXELS, (first + count) * PIXELS));
}

function bytesOf(name: string, header: number): Uint8Array {
  return gunzipSync(readFileSync(inputPath("ml", "mnist", name))).subarray(header);
}

/** The numbers below `count` in an order that a seed draws. */
function shuffled(label: string, count: number, counter = 0): number[] {
  const words = seedWords(seed, label, counter, count);
  return Array.from(words.keys()).sort((a, b) => words[a]! - words[b]! || a - b);
}

/** The images in an order of their own: those to learn from first. */
export function readDigits(): { readonly learned: Digits; readonly unseen: Digits } {
  const [pixels, labels] = [bytesOf("t10k-images-idx3-ubyte.gz", 16), bytesOf("t10k-labels-idx1-ubyte.gz", 8)];
  const order = shuffled("mnist/split", labels.length);
  const all = pick({ images: Float32Array.from(pixels, (byte) => byte / 255), labels: Int32Array.from(labels) }, order);
  const part = (from: number, to: number) => ({
    images: all.images.subarray(from * PIXELS, to * PIXELS),
    labels: all.labels.subarray(from, to),
  });
  return { learned: part(0, TRAINED), unseen: part(TRAINED, labels.length) };
}

function pick({ images, labels }: Digits, order: readonly number[]): Digits {
  const picked = new Float32Array(order.length * PIXELS);
  for (const [to, from] of order.entries())
    picked.set(images.subarray(from * PIXELS, (from + 1) * PIXELS), to * PIXELS);
  return { images: picked, labels: Int32Array.from(order, (from) => labels[from]!) };
}

type Layers = Readonly<Record<string, Value>>;

function logitsOf(g: Emitter, held: Layers, images: Value): Value {
  const layer = (name: string) => ({ weight: held[`${name}.weight`]!, bias: held[`${name}.bias`]! });
  return linear(g, relu(g, linear(g, images, layer("hidden"))), layer("output"));
}

function inputsOf(g: GraphBuilder, state: readonly StateTensor[], rows: number) {
  const held = Object.fromEntries(state.map((tensor) => [tensor.name, g.input(stateInput(tensor))]));
  const images = g.input({ name: "images", role: "batch", dtype: "f32", shape: [rows, PIXELS] });
  return { held, images };
}

/** Weights and `images` f32 [rows, 784] in, `logits` [rows, 10] out. */
export function inferenceGraph(rows: number): Graph {
  const g = new GraphBuilder();
  const { held, images } = inputsOf(g, parameters, rows);
  g.output("logits", logitsOf(g, held, images));
  return g.finish();
}

function trainingGraph(state: readonly StateTensor[]): Graph {
  const g = new GraphBuilder();
  const { held, images } = inputsOf(g, state, BATCH);
  const targets = g.input({ name: "targets", role: "batch", dtype: "i32", shape: [BATCH] });
  const rate = g.input({ name: "rate", role: "scalar", dtype: "f32", shape: [1] });
  const loss = mean(g, crossEntropy(g, logitsOf(g, held, images), targets));
  const weights = parameters.map(({ name }) => held[name]!);
  const gradients = differentiate(g, loss, weights);
  const updates = parameters.map(({ name }, i) => ({ name, value: weights[i]!, gradient: gradients[i]! }));
  const next = optimiserOf(optimiser).update(g, optimiser, { updates, state: held, rate });
  for (const { name } of state) g.output(name, next[name]!);
  g.output("loss", loss);
  return g.finish();
}

/** The weights after some passes over the images. */
export async function trainMlp(learned: Digits): Promise<Weights> {
  const state = [...parameters, ...optimiserOf(optimiser).state(optimiser, parameters)];
  const { runner, close } = await openGraph(trainingGraph(state));
  for (const [name, value] of Object.entries(startState(seed, state))) runner.write(name, value);
  for (let step = 0, epoch = 0; step < STEPS; epoch++) {
    const order = shuffled("mnist/order", learned.labels.length, epoch);
    for (let at = 0; at < order.length; at += BATCH, step++) {
      const { images, labels } = pick(learned, order.slice(at, at + BATCH));
      runner.write("images", { data: images });
      runner.write("targets", { data: labels });
      runner.write("rate", { data: Float32Array.of(rateOf(schedule, STEPS, step)) });
      runner.run();
    }
  }
  const weights = Object.fromEntries(parameters.map(({ name }) => [name, runner.read(name)]));
  await close();
  return weights;
}
