// The operators a program is made of, as a port: the kernels and the slow reference both implement it, and the step
// (mlpStep.ts) is written once against it. Semantics: spec/tensor.md §2. Every output is NaN-canonical.
import type { Tensor } from "./HashLayout.ts";

/** Token indices, one per row. */
export type Indices = Uint32Array;

/** fp32 scalars of one Adam update. */
export type AdamScalars = {
  rate: number;
  beta1: number;
  beta2: number;
  /** 1 - β1^t and 1 - β2^t. */
  correct1: number;
  correct2: number;
  epsilon: number;
};

export interface Operators {
  /** out[M,N] = a[M,K] · b[N,K]ᵀ, sequential in k, multiply then add. */
  matmulNT(a: Tensor, b: Tensor, out: Tensor): void;
  /** out[N,M] = x[M,N]ᵀ. */
  transpose(x: Tensor, out: Tensor): void;
  /** out[i,j] = x[i,j] + bias[j]; out may be x. */
  addRow(x: Tensor, bias: Tensor, out: Tensor): void;
  tanh(x: Tensor, out: Tensor): void;
  /** out = dy * (1 - y*y). */
  tanhGradient(dy: Tensor, y: Tensor, out: Tensor): void;
  /** out[j] = sum over i, in order. */
  sumRows(x: Tensor, out: Tensor): void;
  /** Loss per row and gradient of (scale * sum of losses) by the logits. */
  softmaxCrossEntropy(logits: Tensor, targets: Indices, gradient: Tensor, losses: Tensor, scale: number): void;
  /** out[0] = (sum over elements, in order) * scale. */
  sumScaled(x: Tensor, out: Tensor, scale: number): void;
  /** out[i,:] = table[index[i],:]; `out` may be any tensor with as many elements. */
  gather(table: Tensor, index: Indices, out: Tensor): void;
  /** out = 0, then out[index[i],:] += row i of x (rows as wide as out), in order of i. */
  scatterAdd(x: Tensor, index: Indices, out: Tensor): void;
  /** Updates parameter, mean and square in place. */
  adam(parameter: Tensor, mean: Tensor, square: Tensor, gradient: Tensor, scalars: AdamScalars): void;
  /** power[0] *= β1, power[1] *= β2. */
  advancePowers(power: Tensor, beta1: number, beta2: number): void;
}
