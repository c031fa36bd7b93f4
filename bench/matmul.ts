// Matrix products of the kernels, 512 x 512 x 512: fp32 against what registers alone allow, against tfjs-wasm and
// onnxruntime-node (which may fuse and has AVX-512), with two threads against one; int8. Rounds are interleaved, so that a
// busy machine slows everybody alike; values are medians.
//
// Each side runs as its users run it. Our module is compiled with V8's vector fusion on (spec/decisions/0005), the option is
// off again before tfjs is loaded: its module gets what Node gives every module. The register peak is that of the same engine
// with the same option.
//
// What limits, measured on a Zen 5 core at 3.9 GHz (register peak 62 GFLOP/s with 128-bit vectors, 125 with fused ones):
// - The inner loop alone gets 0.90 of the peak, whatever its shape: 4 x 16 sums with 2, 4 or 8 steps of k a turn, 5 x 16 sums, A in
//   rows or packed, B in one stream or two give 110 to 114 GFLOP/s. 6 x 16 would need 16 registers and V8 has 15 to give; it spills.
// - Beginning and ending a block of sums takes 2 to 3% at 512 terms, packing B 3%. Blocks of 256 or 512 terms, 64 or 128 rows,
//   32 or 64 panels differ by less than 2%.
// - onnxruntime multiplies and adds in one 512-bit instruction: four times our peak per cycle. Of its 154 GFLOP/s the whole register
//   peak is 0.8, so vs_ort cannot pass that without another instruction set.
import { availableParallelism } from "node:os";
import { createArena } from "../packages/tensor/src/kernel/Arena.ts";
import type { CallOf } from "../packages/tensor/src/kernel/KernelCall.ts";
import type { KernelSet } from "../packages/tensor/src/kernel/KernelSet.ts";
import { kernelCode } from "../packages/tensor/src/kernel/kernelCode.ts";
import { instantiate } from "../packages/tensor/src/kernel/module.ts";
import type { View } from "../packages/tensor/src/kernel/View.ts";
import { soloKernels, teamBytes, teamKernels } from "../packages/tensor/src/kernel/wasmKernels.ts";
import { ortProduct, tfjsProduct } from "./matmulPeers.ts";
import { type Bench, type Figure, figure, mustHold, quantile, ratioFigure } from "./report.ts";

const SIZE = 512;
const ROUNDS = 15;
/** Products per round and contender: some 20 ms each. */
const REPEATS = 4;
const OPERATIONS = 2 * SIZE ** 3;
const CHECKED_ELEMENTS = 4000;

export const bench: Bench = {
  name: "matmul",
  about: "512 x 512 x 512 matrix products, fp32 and int8, against the register peak, tfjs-wasm and onnxruntime-node",
  run: measure,
};

const median = (values: readonly number[]): number => quantile(values, 0.5);

/** A fixed sequence, the same for every contender: multiples of 2^-10 in [-1, 1). */
function numbers(seed: number, count: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 21) / 1024 - 1;
  });
}

function transpose(x: Float32Array): Float32Array {
  return x.map((_, i) => x[(i % SIZE) * SIZE + Math.floor(i / SIZE)]!);
}

/** The element by rule 2 of the numerics, for a sample of elements. */
function checkBits(a: Float32Array, b: Float32Array, product: Float32Array): void {
  const f = Math.fround;
  const step = Math.floor((SIZE * SIZE) / CHECKED_ELEMENTS);
  for (let at = 0; at < SIZE * SIZE; at += step) {
    const [i, j] = [Math.floor(at / SIZE), at % SIZE];
    let acc = 0;
    for (let k = 0; k < SIZE; k++) acc = f(acc + f(a[i * SIZE + k]! * b[j * SIZE + k]!));
    mustHold(Object.is(product[at], acc), `element ${i},${j} is ${product[at]}, the definition says ${acc}`);
  }
}

/** A peer sums in another order: close is right. */
function checkClose(name: string, ours: Float32Array, theirs: Float32Array): void {
  const worst = ours.reduce((most, x, i) => Math.max(most, Math.abs(x - theirs[i]!)), 0);
  mustHold(worst < 1e-2, `${name} computes the same product (largest difference ${worst})`);
}

type Contender = { readonly name: string; readonly operations: number; readonly run: () => unknown };

/** Operations per second of each contender, per round, in units of 10^9. */
async function race(contenders: readonly Contender[]): Promise<Map<string, number[]>> {
  const rates = new Map(contenders.map(({ name }): [string, number[]] => [name, []]));
  for (let round = -1; round < ROUNDS; round++)
    for (const { name, operations, run } of contenders) {
      const started = process.hrtime.bigint();
      for (let i = 0; i < REPEATS; i++) await run();
      const nanoseconds = Number(process.hrtime.bigint() - started);
      // The first round warms caches and compilers up.
      if (round >= 0) rates.get(name)!.push((operations * REPEATS) / nanoseconds);
    }
  return rates;
}

type Setup = {
  readonly solo: KernelSet;
  readonly duo: KernelSet;
  /** Runs the register-only loop for as many operations as a product has. */
  readonly peak: () => void;
};

async function prepare(): Promise<Setup> {
  const arena = createArena(16 * 2 ** 20 + teamBytes({ threads: 1 }) + teamBytes({ threads: 2 }));
  const { module, wide } = kernelCode();
  const { peakNarrow, peakWide } = instantiate(module, arena.memory);
  const at = arena.reserve(512);
  new Float32Array(arena.memory.buffer, at, 2).set([0.999, 0.001]);
  return {
    solo: soloKernels(arena),
    duo: await teamKernels(arena, { threads: 2 }),
    peak: () => (wide ? peakWide(at, OPERATIONS / 192) : peakNarrow(at, OPERATIONS / 96)),
  };
}

function matrix(set: KernelSet, dtype: View["dtype"], elements?: ArrayBufferView): View {
  const view: View = { at: set.reserve(SIZE * SIZE * 4), dtype, shape: [SIZE, SIZE] };
  if (elements !== undefined) set.write(view, elements);
  return view;
}

/** A run of one product, and its result when asked for. */
function product(set: KernelSet, call: CallOf<"matmul"> | CallOf<"matmulInt8">) {
  const plan = set.compile([call]);
  const result = new Float32Array(SIZE * SIZE);
  return {
    run: () => set.run(plan),
    result() {
      set.run(plan);
      set.read(call.out, result);
      return result;
    },
  };
}

async function* measure(): AsyncGenerator<Figure> {
  const { solo, duo, peak } = await prepare();
  try {
    const [a, b] = [numbers(1, SIZE * SIZE), numbers(2, SIZE * SIZE)];
    const operands = { a: matrix(solo, "f32", a), b: matrix(solo, "f32", b) };
    const one = product(solo, { call: "matmul", ...operands, out: matrix(solo, "f32") });
    const two = product(duo, { call: "matmul", ...operands, out: matrix(solo, "f32") });
    const bytes = { a: matrix(solo, "i8", undefined), b: matrix(solo, "i8", undefined) };
    for (const view of [bytes.a, bytes.b])
      solo.write(
        view,
        Int8Array.from(numbers(3, SIZE * SIZE), (x) => x * 127),
      );
    const int8 = product(solo, { call: "matmulInt8", ...bytes, out: matrix(solo, "i32") });
    const columns = transpose(b);
    const [tfjs, ort] = [await tfjsProduct(SIZE, a, columns), await ortProduct(SIZE, a, columns)];

    checkBits(a, b, one.result());
    checkClose("tfjs-wasm", one.result(), await tfjs());
    checkClose("onnxruntime-node", one.result(), await ort());
    const equal = Buffer.from(one.result().buffer).equals(Buffer.from(two.result().buffer));
    mustHold(equal, "two threads compute the bits of one");
    yield figure("matmul.bits_equal", { value: 1, unit: "" }, { atLeast: 1 });

    const operations = OPERATIONS;
    const rates = await race([
      { name: "one", operations, run: one.run },
      { name: "peak", operations, run: peak },
      { name: "tfjs", operations, run: tfjs },
      { name: "ort", operations, run: ort },
      { name: "two", operations, run: two.run },
      { name: "int8", operations, run: int8.run },
    ]);
    const rate = (name: string) => median(rates.get(name)!);
    const ratio = (name: string, to: string) => median(rates.get(name)!.map((own, i) => own / rates.get(to)![i]!));
    yield figure("matmul.gflops", { value: rate("one"), unit: "GFLOP/s" });
    yield ratioFigure("matmul.vs_simd_peak", ratio("one", "peak"), {
      peer: "multiply and add on registers alone, GFLOP/s",
      peerValue: rate("peak"),
      atLeast: 0.85,
    });
    yield ratioFigure("matmul.vs_tfjs", ratio("one", "tfjs"), {
      peer: "tfjs-wasm 4.22, GFLOP/s",
      peerValue: rate("tfjs"),
      atLeast: 1.4,
    });
    yield ratioFigure("matmul.vs_ort", ratio("one", "ort"), {
      peer: "onnxruntime-node 1.30, GFLOP/s",
      peerValue: rate("ort"),
      atLeast: 0.5,
    });
    if (availableParallelism() > 1)
      yield ratioFigure("matmul.scaling_2", ratio("two", "one"), {
        peer: "one thread, GFLOP/s",
        peerValue: rate("one"),
        atLeast: 1.8,
      });
    yield figure("matmul.int8_gops", { value: rate("int8"), unit: "Gop/s" });
  } finally {
    await Promise.all([solo.close(), duo.close()]);
  }
}
