// The operators port on the kernels, bound to one thread of a team: each thread computes its share of the output rows,
// and a barrier ends every operator. Tensors must be views that `heapAllocator` gave over the same memory.
import type { Tensor } from "./HashLayout.ts";
import { type Kernel, meet, share } from "./Kernel.ts";
import type { Operators } from "./Operators.ts";

const at = (tensor: Tensor) => tensor.data.byteOffset;
const size = (tensor: Tensor) => tensor.rows * tensor.columns;

/** Products, sums and moves: shares are rows or columns of the output. */
function rowOperators(kernel: Kernel) {
  const k = kernel.exports;
  return {
    matmulNT(a, b, out) {
      const [r0, r1] = share(kernel, a.rows, 4);
      k.matmulNT(at(a), at(b), at(out), a.columns, b.rows, r0, r1, kernel.scratch);
      meet(kernel);
    },
    transpose(x, out) {
      const [r0, r1] = share(kernel, x.columns, 4);
      k.transpose(at(x), at(out), x.rows, x.columns, r0, r1);
      meet(kernel);
    },
    sumRows(x, out) {
      const [c0, c1] = share(kernel, x.columns, 4);
      k.sumRows(at(x), at(out), x.rows, x.columns, c0, c1);
      meet(kernel);
    },
    softmaxCrossEntropy(logits, targets, gradient, losses, scale) {
      const [r0, r1] = share(kernel, logits.rows, 1);
      const to = [at(gradient), at(losses)] as const;
      k.softmaxCrossEntropy(at(logits), targets.byteOffset, ...to, logits.columns, scale, r0, r1, kernel.scratch);
      meet(kernel);
    },
    gather(table, index, out) {
      const [r0, r1] = share(kernel, index.length, 1);
      k.gather(at(table), index.byteOffset, at(out), table.columns, r0, r1);
      meet(kernel);
    },
    scatterAdd(x, index, out) {
      const [v0, v1] = share(kernel, out.rows, 1);
      k.scatterAdd(at(x), index.byteOffset, at(out), index.length, out.columns, v0, v1);
      meet(kernel);
    },
  } satisfies Partial<Operators>;
}

/** Per element or scalar: shares are flat ranges, scalars are thread 0's. */
function elementOperators(kernel: Kernel) {
  const k = kernel.exports;
  return {
    addRow(x, bias, out) {
      const [r0, r1] = share(kernel, x.rows, 1);
      k.addRow(at(x), at(bias), at(out), x.columns, r0, r1);
      meet(kernel);
    },
    tanh(x, out) {
      const [first, last] = share(kernel, size(x), 4);
      k.tanhInto(at(x), at(out), first, last);
      meet(kernel);
    },
    tanhGradient(dy, y, out) {
      const [first, last] = share(kernel, size(y), 4);
      k.tanhGradient(at(dy), at(y), at(out), first, last);
      meet(kernel);
    },
    sumScaled(x, out, scale) {
      if (kernel.thread === 0) k.sumScaled(at(x), at(out), size(x), scale);
      meet(kernel);
    },
    adam(parameter, mean, square, gradient, s) {
      const [first, last] = share(kernel, size(parameter), 4);
      const where = [at(parameter), at(mean), at(square), at(gradient)] as const;
      k.adam(...where, first, last, s.rate, s.beta1, s.beta2, s.correct1, s.correct2, s.epsilon);
      meet(kernel);
    },
    advancePowers(power, beta1, beta2) {
      if (kernel.thread === 0) {
        power.data[0] = Math.fround(power.data[0]! * beta1);
        power.data[1] = Math.fround(power.data[1]! * beta2);
      }
      meet(kernel);
    },
  } satisfies Partial<Operators>;
}

/** Every operator, computed by this thread's share of the kernels' work. */
export function kernelOperators(kernel: Kernel): Operators {
  return { ...rowOperators(kernel), ...elementOperators(kernel) };
}
