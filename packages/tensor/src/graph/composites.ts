// The chains of operators that networks are made of (spec/tensor.md §3.7), each in one fixed order: activations, norms,
// softmax, losses, the linear layer. Constants are rounded to fp32.
import type { Emitter, Value } from "./Emitter.ts";
import {
  add,
  div,
  exp,
  log,
  matmul,
  max,
  min,
  mul,
  neg,
  oneHot,
  reduceMax,
  reduceSum,
  reshape,
  select,
  sqrt,
  sub,
  tanh,
} from "./ops.ts";
import { scalar } from "./scalar.ts";

const f = Math.fround;

/** Above it exp would overflow, and the gradient of 1 / (1 + inf) would be 0 · inf. */
const SIGMOID_LIMIT = 88;

/** 1 / (1 + exp(min(-x, 88))). */
export function sigmoid(g: Emitter, x: Value): Value {
  const one = scalar(g, 1);
  return div(g, one, add(g, one, exp(g, min(g, neg(g, x), scalar(g, SIGMOID_LIMIT)))));
}

/** x · sigmoid(x). */
export function silu(g: Emitter, x: Value): Value {
  return mul(g, x, sigmoid(g, x));
}

/** max(x, 0); a NaN stays, and the gradient at 0 passes. */
export function relu(g: Emitter, x: Value): Value {
  return max(g, x, scalar(g, 0));
}

/** The tanh form of gelu: (0.5 · x) · (1 + tanh(√(2/π) · (x + 0.044715 · ((x·x)·x)))). */
export function gelu(g: Emitter, x: Value): Value {
  const half = mul(g, scalar(g, 0.5), x);
  const [one, slope, bend] = [scalar(g, 1), scalar(g, 0.7978845608), scalar(g, 0.044715)];
  const inner = mul(g, slope, add(g, x, mul(g, bend, mul(g, mul(g, x, x), x))));
  return mul(g, half, add(g, one, tanh(g, inner)));
}

/** 1 / sqrt(x). */
export function rsqrt(g: Emitter, x: Value): Value {
  return div(g, scalar(g, 1), sqrt(g, x));
}

/** exp(x - m), m the row's maximum, and the row's sum; no gradient passes m, since shifting a row changes nothing. */
function shifted(g: Emitter, x: Value): { difference: Value; powers: Value; sum: Value } {
  const last = x.shape.length - 1;
  const difference = sub(g, x, g.stopGradient(reduceMax(g, x, last)));
  const powers = exp(g, difference);
  return { difference, powers, sum: reduceSum(g, powers, last) };
}

/** Along the last axis: e · (1 / S). */
export function softmax(g: Emitter, x: Value): Value {
  const { powers, sum } = shifted(g, x);
  return mul(g, powers, div(g, scalar(g, 1), sum));
}

/** logits [N,V], targets i32 [N] → losses [N,1]: log S - (x[t] - m). A target of -1 leaves log S. */
export function crossEntropy(g: Emitter, logits: Value, targets: Value): Value {
  const { difference, sum } = shifted(g, logits);
  const hot = oneHot(g, targets, logits.shape.at(-1)!);
  const picked = reduceSum(g, select(g, hot, [difference, scalar(g, 0)]), logits.shape.length - 1);
  return sub(g, log(g, sum), picked);
}

/** [N,1] or [N] → [1]: sum in order, then times fl(1/N). */
export function mean(g: Emitter, x: Value): Value {
  const sum = reduceSum(g, x, 0);
  return reshape(g, mul(g, sum, scalar(g, 1 / x.shape[0]!)), [1]);
}

export type Norm = { readonly weight: Value; readonly epsilon: number };

/** Along the last axis of D elements: (x · (1 / sqrt(Σ x·x · fl(1/D) + ε))) · w. */
export function rmsNorm(g: Emitter, x: Value, { weight, epsilon }: Norm): Value {
  return mul(g, mul(g, x, inverseSpread(g, x, epsilon)), weight);
}

/** Along the last axis: c = x - mean; (c · (1 / sqrt(Σ c·c · fl(1/D) + ε))) · w + b. */
export function layerNorm(g: Emitter, x: Value, norm: Norm & { readonly bias: Value }): Value {
  const last = x.shape.length - 1;
  const centred = sub(g, x, mul(g, reduceSum(g, x, last), scalar(g, 1 / x.shape[last]!)));
  return add(g, mul(g, mul(g, centred, inverseSpread(g, centred, norm.epsilon)), norm.weight), norm.bias);
}

/** 1 / sqrt(reduceSum(x·x) · fl(1/D) + ε), one per row. */
function inverseSpread(g: Emitter, x: Value, epsilon: number): Value {
  const last = x.shape.length - 1;
  const power = mul(g, reduceSum(g, mul(g, x, x), last), scalar(g, 1 / x.shape[last]!));
  return rsqrt(g, add(g, power, scalar(g, epsilon)));
}

/** x […,K], weight [N,K] → […,N]: the leading axes are one axis of rows for the product; then + bias [N]. */
export function linear(g: Emitter, x: Value, { weight, bias }: { weight: Value; bias?: Value | undefined }): Value {
  const lead = x.shape.slice(0, -1);
  const rows = lead.reduce((count, size) => count * size, 1);
  const product = matmul(g, reshape(g, x, [rows, x.shape.at(-1)!]), weight);
  const shifted = bias === undefined ? product : add(g, product, bias);
  return reshape(g, shifted, [...lead, weight.shape[0]!]);
}

/** fl(1 / fl(sqrt(n))) for a natural n. */
export function inverseRoot(n: number): number {
  return f(1 / f(Math.sqrt(n)));
}
