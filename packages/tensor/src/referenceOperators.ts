// The operators of `fp32-seq-unfused` as slow, plain TypeScript: the executable form of spec/tensor.md §2.
// One Math.fround per fp32 operation, one loop per sum. For tests and for reading; the kernels do the work.
import type { Tensor } from "./HashLayout.ts";
import type { Operators } from "./Operators.ts";
import { expRecipe, logRecipe, tanhRecipe } from "./recipes.ts";

const f = Math.fround;

/** Rewrites every NaN as 0x7fc00000; JavaScript leaves a stored NaN's bits open. */
function canonicalise(tensor: Tensor): void {
  const bits = new Uint32Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.length);
  tensor.data.forEach((value, i) => {
    if (Number.isNaN(value)) bits[i] = 0x7fc00000;
  });
}

/** Copies bits, so that a NaN passes through data movement unchanged. */
function bitView(data: Float32Array): Uint32Array {
  return new Uint32Array(data.buffer, data.byteOffset, data.length);
}

function matmulNT(a: Tensor, b: Tensor, out: Tensor): void {
  const K = a.columns;
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < b.rows; j++) {
      let sum = 0;
      for (let k = 0; k < K; k++) sum = f(sum + f(a.data[i * K + k]! * b.data[j * K + k]!));
      out.data[i * b.rows + j] = sum;
    }
  }
  canonicalise(out);
}

function transpose(x: Tensor, out: Tensor): void {
  const from = bitView(x.data);
  const to = bitView(out.data);
  for (let i = 0; i < x.rows; i++) for (let j = 0; j < x.columns; j++) to[j * x.rows + i] = from[i * x.columns + j]!;
}

function addRow(x: Tensor, bias: Tensor, out: Tensor): void {
  for (let i = 0; i < x.data.length; i++) out.data[i] = f(x.data[i]! + bias.data[i % x.columns]!);
  canonicalise(out);
}

function tanh(x: Tensor, out: Tensor): void {
  for (let i = 0; i < x.data.length; i++) out.data[i] = tanhRecipe(x.data[i]!);
  canonicalise(out);
}

function tanhGradient(dy: Tensor, y: Tensor, out: Tensor): void {
  for (let i = 0; i < y.data.length; i++) out.data[i] = f(dy.data[i]! * f(1 - f(y.data[i]! * y.data[i]!)));
  canonicalise(out);
}

function sumRows(x: Tensor, out: Tensor): void {
  for (let j = 0; j < x.columns; j++) {
    let sum = 0;
    for (let i = 0; i < x.rows; i++) sum = f(sum + x.data[i * x.columns + j]!);
    out.data[j] = sum;
  }
  canonicalise(out);
}

function softmaxCrossEntropy(
  logits: Tensor,
  targets: Uint32Array,
  gradient: Tensor,
  losses: Tensor,
  scale: number,
): void {
  const N = logits.columns;
  for (let i = 0; i < logits.rows; i++) {
    const row = logits.data.subarray(i * N, (i + 1) * N);
    let max = row[0]!;
    for (let j = 1; j < N; j++) if (row[j]! > max) max = row[j]!;
    const powers = Array.from(row, (value) => expRecipe(f(value - max)));
    let sum = 0;
    for (const power of powers) sum = f(sum + power);
    const target = targets[i]!;
    losses.data[i] = f(logRecipe(sum) - f(row[target]! - max));
    powers.forEach((power, j) => {
      gradient.data[i * N + j] = f(f(f(power / sum) - (j === target ? 1 : 0)) * f(scale));
    });
  }
  canonicalise(losses);
  canonicalise(gradient);
}

function sumScaled(x: Tensor, out: Tensor, scale: number): void {
  let sum = 0;
  for (const value of x.data) sum = f(sum + value);
  out.data[0] = f(sum * f(scale));
  canonicalise(out);
}

function gather(table: Tensor, index: Uint32Array, out: Tensor): void {
  const width = table.columns;
  const from = bitView(table.data);
  index.forEach((v, i) => {
    bitView(out.data).set(from.subarray(v * width, (v + 1) * width), i * width);
  });
}

function scatterAdd(x: Tensor, index: Uint32Array, out: Tensor): void {
  const width = out.columns;
  out.data.fill(0);
  index.forEach((v, i) => {
    for (let j = 0; j < width; j++) out.data[v * width + j] = f(out.data[v * width + j]! + x.data[i * width + j]!);
  });
  canonicalise(out);
}

const adam: Operators["adam"] = (parameter, mean, square, gradient, scalars) => {
  const { rate, beta1, beta2, correct1, correct2, epsilon } = scalars;
  const rest1 = f(1 - beta1);
  const rest2 = f(1 - beta2);
  gradient.data.forEach((g, i) => {
    mean.data[i] = f(f(beta1 * mean.data[i]!) + f(rest1 * g));
    square.data[i] = f(f(beta2 * square.data[i]!) + f(rest2 * f(g * g)));
    const root = f(f(Math.sqrt(f(square.data[i]! / correct2))) + epsilon);
    const step = f(f(mean.data[i]! / correct1) / root);
    parameter.data[i] = f(parameter.data[i]! - f(rate * step));
  });
  for (const tensor of [mean, square, parameter]) canonicalise(tensor);
};

function advancePowers(power: Tensor, beta1: number, beta2: number): void {
  power.data[0] = f(power.data[0]! * beta1);
  power.data[1] = f(power.data[1]! * beta2);
}

export const referenceOperators: Operators = {
  matmulNT,
  transpose,
  addRow,
  tanh,
  tanhGradient,
  sumRows,
  softmaxCrossEntropy,
  sumScaled,
  gather,
  scatterAdd,
  adam,
  advancePowers,
};
