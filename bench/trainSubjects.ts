// What the training bench runs: GPT steps of two sizes without a trainer around them, and a plain MLP that tfjs trains too.
import { type OpenGraph, openGraph } from "../packages/tensor/src/execute/openGraph.ts";
import { crossEntropy, linear, mean } from "../packages/tensor/src/graph/composites.ts";
import { differentiate } from "../packages/tensor/src/graph/differentiate.ts";
import { elementCount, type Graph } from "../packages/tensor/src/graph/Graph.ts";
import { GraphBuilder } from "../packages/tensor/src/graph/GraphBuilder.ts";
import { firstNodeValue, inferTypes } from "../packages/tensor/src/graph/inferTypes.ts";
import { mul, sub, tanh } from "../packages/tensor/src/graph/ops.ts";
import type { GptConfig } from "../packages/tensor/src/models/gpt.ts";
import type { TrainPreset } from "../packages/tensor/src/train/Program.ts";
import { trainPresets } from "../packages/tensor/src/train/presets.ts";
import { startState } from "../packages/tensor/src/train/startState.ts";
import { buildStepGraph, type StepGraph } from "../packages/tensor/src/train/stepGraph.ts";

/** Bytes of a corpus that looks like text: 65 symbols, so that vocabularies are those of tiny-shakespeare. */
export function benchCorpus(bytes: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: bytes }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return 32 + ((state >>> 16) % 65);
  });
}

/** Ten million parameters, 1,024 tokens a step. */
export const large: TrainPreset = {
  ...trainPresets.main,
  model: {
    ...(trainPresets.main.model as Omit<GptConfig, "vocab">),
    ...{ context: 256, dim: 384, layers: 6, heads: 6, kvHeads: 6, hidden: 1024 },
  },
  batch: 4,
};

export type Subject = {
  readonly parameters: number;
  readonly tokens: number;
  /** Multiplications and additions of the step's matrix products. */
  readonly operations: number;
  /** Runs one step; the loss. */
  run(): number;
  close(): Promise<void>;
};

/** 2·M·N·K of every product of a graph. */
function productOperations(graph: Graph): number {
  const types = inferTypes(graph);
  const first = firstNodeValue(graph);
  return graph.nodes.reduce((sum, { op, in: operands }, i) => {
    if (op !== "matmul") return sum;
    return sum + 2 * elementCount(types[first + i]!.shape) * types[operands[0]!]!.shape.at(-1)!;
  }, 0);
}

/** A start state, a batch of text and a rate. */
export function fillStep(step: StepGraph, runner: OpenGraph["runner"], vocab: number): void {
  for (const [name, value] of Object.entries(startState(new Uint8Array(32), step.state))) runner.write(name, value);
  const text = benchCorpus(elementCount(step.batch.data.shape) + 1).map((byte) => (byte - 32) % vocab);
  runner.write(step.batch.data.name, { data: Int32Array.from(text.subarray(0, -1)) });
  runner.write(step.batch.targets.name, { data: Int32Array.from(text.subarray(1)) });
  runner.write("rate", { data: Float32Array.of(0.001) });
}

/** A GPT step on one thread of the caller, again and again on the same batch. */
export async function gptSubject(preset: TrainPreset): Promise<Subject> {
  const vocab = 65;
  const model = { ...preset.model, vocab } as GptConfig;
  const step = buildStepGraph(model, preset);
  const open = await openGraph(step.graph);
  fillStep(step, open.runner, vocab);
  return {
    parameters: step.parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0),
    tokens: elementCount(step.batch.targets.shape),
    operations: productOperations(step.graph),
    run() {
      open.runner.run();
      return open.runner.read("loss").data[0]!;
    },
    close: open.close,
  };
}

export const MLP = { rows: 256, inputs: 192, hidden: 256, classes: 65, rate: 0.1 } as const;

export type MlpStart = Readonly<Record<"w1" | "b1" | "w2" | "b2" | "x", Float32Array>> & {
  readonly targets: Int32Array;
};

/** The same start for every contender. Weights are [out, in]. */
export function mlpStart(): MlpStart {
  let state = 7;
  const draw = (count: number, bound: number) =>
    Float32Array.from({ length: count }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return ((state >>> 8) * 2 ** -23 - 1) * bound;
    });
  const { rows, inputs, hidden, classes } = MLP;
  return {
    w1: draw(hidden * inputs, 0.1),
    b1: new Float32Array(hidden),
    w2: draw(classes * hidden, 0.1),
    b2: new Float32Array(classes),
    x: draw(rows * inputs, 1),
    targets: Int32Array.from({ length: rows }, (_, i) => (i * 7) % classes),
  };
}

/** tanh layer, linear layer, mean cross entropy, gradient descent: as one graph. */
export async function mlpSubject(start: MlpStart): Promise<Subject> {
  const { rows, inputs, hidden, classes, rate } = MLP;
  const g = new GraphBuilder();
  const state = (name: string, shape: number[]) => g.input({ name, role: "state", dtype: "f32", shape });
  const weights = {
    w1: state("w1", [hidden, inputs]),
    b1: state("b1", [hidden]),
    w2: state("w2", [classes, hidden]),
    b2: state("b2", [classes]),
  };
  const x = g.input({ name: "x", role: "batch", dtype: "f32", shape: [rows, inputs] });
  const targets = g.input({ name: "targets", role: "batch", dtype: "i32", shape: [rows] });
  const inner = tanh(g, linear(g, x, { weight: weights.w1, bias: weights.b1 }));
  const logits = linear(g, inner, { weight: weights.w2, bias: weights.b2 });
  const loss = mean(g, crossEntropy(g, logits, targets));
  const speed = g.input({ name: "rate", role: "scalar", dtype: "f32", shape: [1] });
  const gradients = differentiate(g, loss, Object.values(weights));
  Object.entries(weights).forEach(([name, value], i) => {
    g.output(name, sub(g, value, mul(g, speed, gradients[i]!)));
  });
  g.output("loss", loss);
  const graph = g.finish();
  const { runner, close } = await openGraph(graph);
  for (const [name, data] of Object.entries({ ...start, rate: Float32Array.of(rate) })) runner.write(name, { data });
  return {
    parameters: hidden * inputs + hidden + classes * hidden + classes,
    tokens: rows,
    operations: productOperations(graph),
    run() {
      runner.run();
      return runner.read("loss").data[0]!;
    },
    close,
  };
}
