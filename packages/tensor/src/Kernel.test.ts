// Kernels against the slow reference, bit for bit: ordinary, arbitrary and subnormal-heavy elements, odd sizes, NaN.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Tensor } from "./HashLayout.ts";
import { tensorRoot } from "./HashLayout.ts";
import { createMemory } from "./Kernel.ts";
import { allocateHashRoom, kernelTensorRoots } from "./KernelHash.ts";
import { bits, type KernelBench, kernelBench, type Mix, twins } from "./kernelFixture.ts";
import { fromBits } from "./recipes.ts";
import { referenceOperators as slow } from "./referenceOperators.ts";

const mixes: Mix[] = ["ordinary", "any-bits", "subnormal"];
const size = fc.integer({ min: 1, max: 37 });
const cases = fc.record({ seed: fc.nat(255), mix: fc.constantFrom(...mixes), m: size, k: size, n: size });
const options = { numRuns: 40, verbose: true };

function outs(bench: KernelBench, rows: number, columns: number): [Tensor, Tensor] {
  const plain = { rows, columns, data: new Float32Array(rows * columns) };
  return [{ rows, columns, data: bench.allocate(rows, columns) }, plain];
}

function same(pair: [Tensor, Tensor], what: string): void {
  assert.deepEqual(bits(pair[0]), bits(pair[1]), what);
}

test("matmul NT equals the sequential-k reference bit for bit", () => {
  fc.assert(
    fc.property(cases, ({ seed, mix, m, k, n }) => {
      const bench = kernelBench(200_000);
      const a = twins(bench, seed, mix, m, k);
      const b = twins(bench, seed ^ 255, mix, n, k);
      const out = outs(bench, m, n);
      bench.ops.matmulNT(a[0], b[0], out[0]);
      slow.matmulNT(a[1], b[1], out[1]);
      same(out, "matmulNT");
    }),
    options,
  );
});

test("the sum of a matmul is not fused and not reordered", () => {
  const bench = kernelBench(10_000);
  const put = (values: number[]): Tensor => {
    const data = bench.allocate(1, values.length);
    data.set(values);
    return { rows: 1, columns: values.length, data };
  };
  const [out] = outs(bench, 1, 1);
  const x = 1 + 2 ** -12;
  // Unfused: x*x rounds to 1 + 2^-11, so the sum is 0; fused it would be 2^-24.
  bench.ops.matmulNT(put([1, x]), put([-(1 + 2 ** -11), x]), out);
  assert.equal(out.data[0], 0);
  // In order: (1e8 + 1) - 1e8 = 0 in fp32; any pairing of the large terms first gives 1.
  bench.ops.matmulNT(put([1e8, 1, -1e8]), put([1, 1, 1]), out);
  assert.equal(out.data[0], 0);
});

test("every other operator equals the reference bit for bit", () => {
  fc.assert(
    fc.property(cases, ({ seed, mix, m, n }) => {
      const bench = kernelBench(400_000);
      const x = twins(bench, seed, mix, m, n);
      const y = twins(bench, seed ^ 129, mix, m, n);
      const bias = twins(bench, seed ^ 77, mix, 1, n);
      const run = (name: "addRow" | "tanhGradient", second: [Tensor, Tensor]) => {
        const out = outs(bench, m, n);
        bench.ops[name](x[0], second[0], out[0]);
        slow[name](x[1], second[1], out[1]);
        same(out, name);
      };
      run("addRow", bias);
      run("tanhGradient", y);
      const moved = outs(bench, n, m);
      const tanh = outs(bench, m, n);
      const sums = outs(bench, 1, n);
      const total = outs(bench, 1, 1);
      [bench.ops, slow].forEach((ops, i) => {
        ops.transpose(x[i]!, moved[i]!);
        ops.tanh(x[i]!, tanh[i]!);
        ops.sumRows(x[i]!, sums[i]!);
        ops.sumScaled(x[i]!, total[i]!, 1 / 3);
      });
      same(moved, "transpose");
      same(tanh, "tanh");
      same(sums, "sumRows");
      same(total, "sumScaled");
    }),
    options,
  );
});

test("softmax cross-entropy, gather, scatter-add and Adam equal the reference bit for bit", () => {
  fc.assert(
    fc.property(cases, ({ seed, mix, m, n, k }) => {
      const bench = kernelBench(400_000);
      const logits = twins(bench, seed, mix, m, n);
      const table = twins(bench, seed ^ 3, mix, n, k);
      const index = Array.from({ length: m }, (_, i) => (i * 7 + seed) % n);
      const shared = bench.allocate(1, m);
      const indices = [new Uint32Array(shared.buffer, shared.byteOffset, m), new Uint32Array(m)] as const;
      for (const view of indices) view.set(index);
      const gradient = outs(bench, m, n);
      const losses = outs(bench, 1, m);
      const rows = outs(bench, m, k);
      const sums = outs(bench, n, k);
      const moments = [twins(bench, seed ^ 9, mix, n, k), twins(bench, seed ^ 10, mix, n, k)] as const;
      const scalars = {
        rate: Math.fround(0.003),
        beta1: Math.fround(0.9),
        beta2: Math.fround(0.99),
        correct1: Math.fround(0.1),
        correct2: Math.fround(0.01),
        epsilon: Math.fround(1e-8),
      };
      [bench.ops, slow].forEach((ops, i) => {
        ops.softmaxCrossEntropy(logits[i]!, indices[i]!, gradient[i]!, losses[i]!, Math.fround(1 / m));
        ops.gather(table[i]!, indices[i]!, rows[i]!);
        ops.scatterAdd(rows[i]!, indices[i]!, sums[i]!);
        ops.adam(table[i]!, moments[0][i]!, moments[1][i]!, sums[i]!, scalars);
      });
      for (const pair of [gradient, losses, rows, sums, table, ...moments]) same(pair, "operator");
    }),
    options,
  );
});

test("a NaN of any sign and payload leaves an arithmetic operator as 0x7fc00000", () => {
  const bench = kernelBench(10_000);
  const x = { rows: 1, columns: 4, data: bench.allocate(1, 4) };
  new Uint32Array(x.data.buffer, x.data.byteOffset, 4).set([0xffc00000, 0x7fa00001, 0x7f800000, 0xff800000]);
  const zero = { rows: 1, columns: 4, data: bench.allocate(1, 4) };
  const [out] = outs(bench, 1, 4);
  bench.ops.addRow(x, zero, out);
  assert.deepEqual(bits(out), [0x7fc00000, 0x7fc00000, 0x7f800000, 0xff800000]);
  const one = outs(bench, 1, 1)[0];
  bench.ops.matmulNT(x, zero, one); // inf * 0 is NaN too
  assert.deepEqual(bits(one), [0x7fc00000]);
});

test("kernel tensor roots equal the plain hash layout for odd shapes", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 23 }),
      fc.integer({ min: 1, max: 100 }),
      fc.nat(255),
      (rows, columns, seed) => {
        const bench = kernelBench(400_000);
        const [fast, plain] = twins(bench, seed, "ordinary", rows, columns);
        const named = [{ name: "t", ...fast }];
        const [root] = kernelTensorRoots(bench.kernel, named, allocateHashRoom(named, bench.allocate));
        assert.deepEqual(root, tensorRoot(plain));
      },
    ),
    options,
  );
});

test("a program that does not fit the kernels' memory is refused with the limit and a remedy", () => {
  assert.throws(() => createMemory(2 ** 31, 4096, 1), /needs \d+ bytes and the kernels address 1073741824/);
});

test("the first subnormal survives a multiplication by one", () => {
  const bench = kernelBench(10_000);
  const tiny = { rows: 1, columns: 1, data: bench.allocate(1, 1) };
  tiny.data[0] = fromBits(1);
  const one = { rows: 1, columns: 1, data: bench.allocate(1, 1) };
  one.data[0] = 1;
  const [out] = outs(bench, 1, 1);
  bench.ops.matmulNT(tiny, one, out);
  assert.deepEqual(bits(out), [1]);
});
