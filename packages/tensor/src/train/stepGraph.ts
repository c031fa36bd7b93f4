// The step graph of a training program (spec/tensor.md §7.2): forward, backward, accumulation, clipping, optimiser, all as
// operators. A pure function of the two configurations, so that anyone can expand and compare it.
import { crossEntropy, mean } from "../graph/composites.ts";
import { differentiate } from "../graph/differentiate.ts";
import type { Emitter, Value } from "../graph/Emitter.ts";
import type { Graph, Input } from "../graph/Graph.ts";
import { GraphBuilder } from "../graph/GraphBuilder.ts";
import { add, mul, reshape, slice } from "../graph/ops.ts";
import { scalar } from "../graph/scalar.ts";
import type { Weights } from "../models/ModelKind.ts";
import { type ModelConfig, modelOf } from "../models/models.ts";
import { type StateTensor, stateInput } from "../models/StateTensor.ts";
import { clipByGlobalNorm, type OptimiserConfig, optimiserOf, type Update } from "./optimisers.ts";
import type { TrainingConfig } from "./TrainingConfig.ts";

export type StepGraph = {
  readonly graph: Graph;
  /** The first tensors of the state. */
  readonly parameters: readonly StateTensor[];
  /** Everything that lives from step to step, in committed order. */
  readonly state: readonly StateTensor[];
  readonly batch: { readonly data: Input; readonly targets: Input };
};

/** Everything that lives from step to step, in committed order: the parameters, then what the optimiser keeps. */
export function stateOf(model: ModelConfig, optimiser: OptimiserConfig): StateTensor[] {
  const parameters = modelOf(model).parameters(model);
  return [...parameters, ...optimiserOf(optimiser).state(optimiser, parameters)];
}

type Loss = { readonly loss: Value; readonly gradients: readonly Value[] };

/** Both configurations checked. Throws TensorError `bad-graph` when the graph passes a limit. */
export function buildStepGraph(model: ModelConfig, training: TrainingConfig): StepGraph {
  const g = new GraphBuilder();
  const parameters = modelOf(model).parameters(model);
  const optimiser = optimiserOf(training.optimiser);
  const state = stateOf(model, training.optimiser);
  const held = Object.fromEntries(state.map((tensor) => [tensor.name, g.input(stateInput(tensor))]));
  const batch = modelOf(model).batch(model, training.batch * training.accumulate);
  const inputs = { data: g.input(batch.data), targets: g.input(batch.targets) };
  const rate = g.input({ name: "rate", role: "scalar", dtype: "f32", shape: [1] });

  const weights = Object.fromEntries(parameters.map(({ name }) => [name, held[name]!]));
  const whole = accumulate(g, training, (part) => lossOf(g, model, { weights, ...partOf(g, inputs, part) }));
  const clipped = training.clipMilli > 0 ? clipByGlobalNorm(g, whole.gradients, training.clipMilli / 1000) : undefined;
  const gradients = clipped?.gradients ?? whole.gradients;
  const updates = parameters.map(({ name }, i): Update => ({ name, value: held[name]!, gradient: gradients[i]! }));
  const next = optimiser.update(g, training.optimiser, { updates, state: held, rate });

  for (const { name } of state) g.output(name, next[name]!);
  g.output("loss", whole.loss);
  if (clipped !== undefined) g.output("metric.gradientNorm", clipped.norm);
  return { graph: g.finish(), parameters, state, batch };
}

type Given = { readonly weights: Weights; readonly data: Value; readonly targets: Value };

/** Mean cross entropy of a batch and its gradients, in the order of the parameters. */
function lossOf(g: GraphBuilder, model: ModelConfig, given: Given): Loss {
  const loss = meanLoss(g, model, given);
  const wanted = modelOf(model)
    .parameters(model)
    .map(({ name }) => given.weights[name]!);
  return { loss, gradients: differentiate(g, loss, wanted) };
}

function meanLoss(g: Emitter, model: ModelConfig, { weights, data, targets }: Given): Value {
  const logits = modelOf(model).logits(g, model, { weights, data });
  return mean(g, crossEntropy(g, logits, reshape(g, targets, [logits.shape[0]!])));
}

/** Rows of the micro-batch. */
type Part = { readonly axis: 0; readonly start: number; readonly length: number };

function partOf(g: Emitter, { data, targets }: { data: Value; targets: Value }, part: Part) {
  return { data: slice(g, data, part), targets: slice(g, targets, part) };
}

/** Losses and gradients of the micro-batches added in order, then times fl(1 / number of them). */
function accumulate(g: Emitter, { batch, accumulate: parts }: TrainingConfig, lossAt: (part: Part) => Loss): Loss {
  let sum = lossAt({ axis: 0, start: 0, length: batch });
  for (let part = 1; part < parts; part++) {
    const { loss, gradients } = lossAt({ axis: 0, start: part * batch, length: batch });
    sum = {
      loss: add(g, sum.loss, loss),
      gradients: gradients.map((gradient, i) => add(g, sum.gradients[i]!, gradient)),
    };
  }
  if (parts === 1) return sum;
  const share = scalar(g, 1 / parts);
  return { loss: mul(g, sum.loss, share), gradients: sum.gradients.map((gradient) => mul(g, gradient, share)) };
}

/** The model alone: parameters and data in, `logits` and, with targets, `loss` out. For evaluation and inference. */
export function buildForwardGraph(model: ModelConfig, rows: number, wanted: "logits" | "loss"): Graph {
  const g = new GraphBuilder();
  const parameters = modelOf(model).parameters(model);
  const weights = Object.fromEntries(parameters.map((tensor) => [tensor.name, g.input(stateInput(tensor))]));
  const batch = modelOf(model).batch(model, rows);
  const data = g.input(batch.data);
  if (wanted === "logits") g.output("logits", modelOf(model).logits(g, model, { weights, data }));
  else g.output("loss", meanLoss(g, model, { weights, data, targets: g.input(batch.targets) }));
  return g.finish();
}
