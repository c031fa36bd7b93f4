// Pointwise, row and optimiser operators of the first form (spec/tensor.md §2): exp, log, tanh, tanh gradient, row bias,
// column sum, softmax cross-entropy, gather, scatter-add, Adam. Every operator canonicalises NaN in what it writes.
// Flat ranges are multiples of 4 elements except at a tensor's end; tensors are padded to 16 bytes by the host.
import { canonical, expLanes, logLanes, tanhLanes } from "./lanes";

export function expInto(x: usize, out: usize, first: usize, last: usize): void {
  for (let i = first; i < last; i += 4) v128.store(out + (i << 2), expLanes(v128.load(x + (i << 2))));
}

export function logInto(x: usize, out: usize, first: usize, last: usize): void {
  for (let i = first; i < last; i += 4) v128.store(out + (i << 2), logLanes(v128.load(x + (i << 2))));
}

export function tanhInto(x: usize, out: usize, first: usize, last: usize): void {
  for (let i = first; i < last; i += 4) v128.store(out + (i << 2), tanhLanes(v128.load(x + (i << 2))));
}

/** out = dy * (1 - y*y), with y = tanh(…). */
export function tanhGradient(dy: usize, y: usize, out: usize, first: usize, last: usize): void {
  const one = f32x4.splat(1.0);
  for (let i = first; i < last; i += 4) {
    const t = v128.load(y + (i << 2));
    const d = v128.load(dy + (i << 2));
    v128.store(out + (i << 2), canonical(f32x4.mul(d, f32x4.sub(one, f32x4.mul(t, t)))));
  }
}

@inline
function canonicalScalar(x: f32): f32 {
  return x == x ? x : reinterpret<f32>(0x7fc00000);
}

/** out[i,j] = x[i,j] + bias[j] for rows r0 ≤ i < r1; out may be x. */
export function addRow(x: usize, bias: usize, out: usize, N: usize, r0: usize, r1: usize): void {
  for (let i = r0; i < r1; i++) {
    const row = i * N * 4;
    let j: usize = 0;
    for (; j + 4 <= N; j += 4) {
      const at = row + (j << 2);
      v128.store(out + at, canonical(f32x4.add(v128.load(x + at), v128.load(bias + (j << 2)))));
    }
    for (; j < N; j++) {
      const at = row + (j << 2);
      store<f32>(out + at, canonicalScalar(load<f32>(x + at) + load<f32>(bias + (j << 2))));
    }
  }
}

/** out[j] = ((+0 + x[0,j]) + x[1,j]) + … for columns c0 ≤ j < c1. */
export function sumRows(x: usize, out: usize, M: usize, N: usize, c0: usize, c1: usize): void {
  let j = c0;
  for (; j + 4 <= c1; j += 4) {
    let acc = f32x4.splat(0);
    for (let i: usize = 0; i < M; i++) acc = f32x4.add(acc, v128.load(x + (i * N + j) * 4));
    v128.store(out + (j << 2), canonical(acc));
  }
  for (; j < c1; j++) {
    let acc: f32 = 0;
    for (let i: usize = 0; i < M; i++) acc += load<f32>(x + (i * N + j) * 4);
    store<f32>(out + (j << 2), canonicalScalar(acc));
  }
}

/**
 * Per row: maximum m (sequential, strict >), e = exp(x-m), s = sequential sum of e, loss = log s - (x[t] - m),
 * gradient = (e/s - [j == t]) * scale. `scratch` holds one row padded to 16 bytes.
 */
export function softmaxCrossEntropy(
  x: usize, targets: usize, gradient: usize, losses: usize, N: usize, scale: f32, r0: usize, r1: usize, scratch: usize,
): void {
  for (let i = r0; i < r1; i++) {
    const row = x + i * N * 4;
    const out = gradient + i * N * 4;
    const target = <usize>load<u32>(targets + (i << 2));
    let m = load<f32>(row);
    for (let j: usize = 1; j < N; j++) {
      const v = load<f32>(row + (j << 2));
      if (v > m) m = v;
    }
    const shift = f32x4.splat(m);
    for (let j: usize = 0; j < N; j += 4) {
      v128.store(scratch + (j << 2), expLanes(f32x4.sub(v128.load(row + (j << 2)), shift)));
    }
    let sum: f32 = 0;
    for (let j: usize = 0; j < N; j++) sum += load<f32>(scratch + (j << 2));
    const logSum = f32x4.extract_lane(logLanes(f32x4.splat(sum)), 0);
    store<f32>(losses + (i << 2), canonicalScalar(logSum - (load<f32>(row + (target << 2)) - m)));
    for (let j: usize = 0; j < N; j++) {
      const p = load<f32>(scratch + (j << 2)) / sum;
      store<f32>(out + (j << 2), canonicalScalar((p - (j == target ? <f32>1 : <f32>0)) * scale));
    }
  }
}

/** out[0] = (((+0 + x[0]) + x[1]) + …) * scale. */
export function sumScaled(x: usize, out: usize, count: usize, scale: f32): void {
  let acc: f32 = 0;
  for (let i: usize = 0; i < count; i++) acc += load<f32>(x + (i << 2));
  store<f32>(out, canonicalScalar(acc * scale));
}

/** out[i,:] = table[index[i],:] for r0 ≤ i < r1. Moves bits. The host has checked the indices. */
export function gather(table: usize, index: usize, out: usize, width: usize, r0: usize, r1: usize): void {
  const bytes = width << 2;
  for (let i = r0; i < r1; i++) memory.copy(out + i * bytes, table + <usize>load<u32>(index + (i << 2)) * bytes, bytes);
}

/** out[v,:] = +0, then + x[i,:] for every i in order with index[i] == v; only output rows v0 ≤ v < v1. */
export function scatterAdd(x: usize, index: usize, out: usize, count: usize, width: usize, v0: usize, v1: usize): void {
  const bytes = width << 2;
  memory.fill(out + v0 * bytes, 0, (v1 - v0) * bytes);
  for (let i: usize = 0; i < count; i++) {
    const v = <usize>load<u32>(index + (i << 2));
    if (v < v0 || v >= v1) continue;
    const to = out + v * bytes;
    const from = x + i * bytes;
    let j: usize = 0;
    for (; j + 16 <= bytes; j += 16) v128.store(to + j, canonical(f32x4.add(v128.load(to + j), v128.load(from + j))));
    for (; j < bytes; j += 4) store<f32>(to + j, canonicalScalar(load<f32>(to + j) + load<f32>(from + j)));
  }
}

/**
 * Adam in place (spec/tensor.md §5). `correct1` = 1 - β1^t and `correct2` = 1 - β2^t, both fp32.
 */
export function adam(
  p: usize, m: usize, v: usize, g: usize, first: usize, last: usize,
  rate: f32, beta1: f32, beta2: f32, correct1: f32, correct2: f32, epsilon: f32,
): void {
  const b1 = f32x4.splat(beta1), b2 = f32x4.splat(beta2);
  const n1 = f32x4.splat(<f32>1 - beta1), n2 = f32x4.splat(<f32>1 - beta2);
  const c1 = f32x4.splat(correct1), c2 = f32x4.splat(correct2);
  const lr = f32x4.splat(rate), eps = f32x4.splat(epsilon);
  for (let i = first; i < last; i += 4) {
    const at = i << 2;
    const grad = v128.load(g + at);
    const mean = canonical(f32x4.add(f32x4.mul(b1, v128.load(m + at)), f32x4.mul(n1, grad)));
    const square = canonical(f32x4.add(f32x4.mul(b2, v128.load(v + at)), f32x4.mul(n2, f32x4.mul(grad, grad))));
    v128.store(m + at, mean);
    v128.store(v + at, square);
    const step = f32x4.div(f32x4.div(mean, c1), f32x4.add(f32x4.sqrt(f32x4.div(square, c2)), eps));
    v128.store(p + at, canonical(f32x4.sub(v128.load(p + at), f32x4.mul(lr, step))));
  }
}
