// One training step of the byte-level MLP language model (Bengio et al. 2003, without the direct connections), forward
// and backward, as a fixed sequence of operators (spec/tensor.md §5). Written once; the operators decide who computes.
import type { Tensor } from "./HashLayout.ts";
import type { Indices, Operators } from "./Operators.ts";
import type { Program } from "./Program.ts";
import { type Allocate, PARAMETER_KEYS, type Parameters, parameterShapes, type State } from "./State.ts";

/** Intermediate tensors of a step. `B` = batch, `I` = context * embedding, `H` = hidden, `V` = vocabulary. */
export type Workspace = {
  contexts: Indices;
  targets: Indices;
  input: Tensor;
  inputT: Tensor;
  inputGradient: Tensor;
  hidden: Tensor;
  hiddenT: Tensor;
  hiddenGradient: Tensor;
  preGradient: Tensor;
  preGradientT: Tensor;
  logits: Tensor;
  logitsGradient: Tensor;
  logitsGradientT: Tensor;
  hiddenWeightT: Tensor;
  outputWeightT: Tensor;
  losses: Tensor;
  loss: Tensor;
  gradients: Parameters;
};

/** Room for a step over `batch` rows. */
export function allocateWorkspace(program: Program, batch: number, allocate: Allocate): Workspace {
  const { context, embedding, hidden } = program.model;
  const width = context * embedding;
  const vocab = program.vocab.length;
  const tensor = (rows: number, columns: number): Tensor => ({ rows, columns, data: allocate(rows, columns) });
  const indices = (count: number): Indices => {
    const data = allocate(1, count);
    return new Uint32Array(data.buffer, data.byteOffset, data.length);
  };
  const shapes = parameterShapes(program);
  return {
    contexts: indices(batch * context),
    targets: indices(batch),
    input: tensor(batch, width),
    inputT: tensor(width, batch),
    inputGradient: tensor(batch, width),
    hidden: tensor(batch, hidden),
    hiddenT: tensor(hidden, batch),
    hiddenGradient: tensor(batch, hidden),
    preGradient: tensor(batch, hidden),
    preGradientT: tensor(hidden, batch),
    logits: tensor(batch, vocab),
    logitsGradient: tensor(batch, vocab),
    logitsGradientT: tensor(vocab, batch),
    hiddenWeightT: tensor(width, hidden),
    outputWeightT: tensor(hidden, vocab),
    losses: tensor(1, batch),
    loss: tensor(1, 1),
    gradients: Object.fromEntries(PARAMETER_KEYS.map((key) => [key, tensor(...shapes[key])])) as Parameters,
  };
}

/** Logits of the batch in `w.contexts`. */
export function forward(ops: Operators, p: Parameters, w: Workspace): void {
  ops.gather(p.embedding, w.contexts, w.input);
  ops.matmulNT(w.input, p.hiddenWeight, w.hidden);
  ops.addRow(w.hidden, p.hiddenBias, w.hidden);
  ops.tanh(w.hidden, w.hidden);
  ops.matmulNT(w.hidden, p.outputWeight, w.logits);
  ops.addRow(w.logits, p.outputBias, w.logits);
}

/** Mean loss and its gradients by every parameter. */
function backward(ops: Operators, p: Parameters, w: Workspace): void {
  const scale = Math.fround(1 / w.targets.length);
  const g = w.gradients;
  ops.softmaxCrossEntropy(w.logits, w.targets, w.logitsGradient, w.losses, scale);
  ops.sumScaled(w.losses, w.loss, scale);
  ops.sumRows(w.logitsGradient, g.outputBias);
  ops.transpose(w.logitsGradient, w.logitsGradientT);
  ops.transpose(w.hidden, w.hiddenT);
  ops.matmulNT(w.logitsGradientT, w.hiddenT, g.outputWeight);
  ops.transpose(p.outputWeight, w.outputWeightT);
  ops.matmulNT(w.logitsGradient, w.outputWeightT, w.hiddenGradient);
  ops.tanhGradient(w.hiddenGradient, w.hidden, w.preGradient);
  ops.sumRows(w.preGradient, g.hiddenBias);
  ops.transpose(w.preGradient, w.preGradientT);
  ops.transpose(w.input, w.inputT);
  ops.matmulNT(w.preGradientT, w.inputT, g.hiddenWeight);
  ops.transpose(p.hiddenWeight, w.hiddenWeightT);
  ops.matmulNT(w.preGradient, w.hiddenWeightT, w.inputGradient);
  ops.scatterAdd(w.inputGradient, w.contexts, g.embedding);
}

/** Learning rate before step `step` + 1, in 1e-9: integer arithmetic only. */
export function rateNano(schedule: Program["schedule"], totalSteps: number, step: number): number {
  const { rateNano: peak, finalRateNano: final, warmupSteps } = schedule;
  if (step < warmupSteps) return Math.floor((peak * (step + 1)) / warmupSteps);
  // BigInt: the product can pass 2^53 at the limits. Division truncates toward zero.
  return peak + Number((BigInt(final - peak) * BigInt(step - warmupSteps)) / BigInt(totalSteps - warmupSteps));
}

/** Adam over every parameter, with the powers kept in the state (Kingma & Ba 2015, algorithm 1). */
function optimise(ops: Operators, program: Program, step: number, state: State, gradients: Parameters): void {
  const f = Math.fround;
  const beta1 = f(program.optimiser.beta1Ppm / 1_000_000);
  const beta2 = f(program.optimiser.beta2Ppm / 1_000_000);
  ops.advancePowers(state.power, beta1, beta2);
  const scalars = {
    rate: f(rateNano(program.schedule, program.totalSteps, step) / 1_000_000_000),
    beta1,
    beta2,
    correct1: f(1 - state.power.data[0]!),
    correct2: f(1 - state.power.data[1]!),
    epsilon: f(program.optimiser.epsilonNano / 1_000_000_000),
  };
  for (const key of PARAMETER_KEYS)
    ops.adam(state.parameters[key], state.mean[key], state.square[key], gradients[key], scalars);
}

/** The whole step on a batch that is already in the workspace; the loss ends in `workspace.loss`. */
export function mlpStep(ops: Operators, program: Program, step: number, state: State, workspace: Workspace): void {
  forward(ops, state.parameters, workspace);
  backward(ops, state.parameters, workspace);
  optimise(ops, program, step, state, workspace.gradients);
}
