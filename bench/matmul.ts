// Matrix products of the kernels, 512 x 512 x 512: fp32 against what registers alone allow, against tfjs-wasm and
// onnxruntime-node (which may fuse and has AVX-512), with two threads against one; int8. Rounds are interleaved, so that a
// busy machine slows everybody alike; values are medians.
//
// Each side runs as its users run it. Our module is compiled with V8's vector fusion on (spec/decisions/0005), the option is
// off again before tfjs is loaded: its module gets what Node gives every module. The register peak is that of the same engine
// with the same option.
//
// What limits, measured on a Zen 5 core at 3.9 GHz (register peak 62 GFLOP/s with 128-bit vectors, 125 with fused ones) in CPU time of
// the thread, contenders in turns of some milliseconds; shares of the peak are medians of a hundred turns and more:
// - Where nobody else uses the core, the wide loop gets 0.95 to 0.97 of the peak, a product 0.92 to 0.95 (105 to 111 GFLOP/s). Packing B takes
//   3% of the time, mostly waiting for it, beginnings and ends of blocks of sums 1%. Blocks of 256 or 384 terms in place of 512 give 0.01 to
//   0.04 less; 48 rows by 66 panels, 72 by 33, 132 by 33 or 516 by 12 give 0.01 to 0.03 less than 264 by 18.
// - Where another guest of the machine computes on the same core (its other hardware thread), each of the two gets half of the instructions
//   that the core can take in: 3.75 a cycle here. Then instructions count. For one multiplication and addition of 256 bits the peak needs 2.25
//   of them, and shapes of sums, with the share of the peak that their inner loop got then:
//     4 x 16, two steps of k a turn 3.5: 0.65 (a product 0.59 to 0.68)     4 x 16, eight steps 3.0: 0.78     5 x 16, eight steps 2.9: 0.81
//     3 x 24, four steps 2.9: 0.82 (a product 0.76 to 0.80)                3 x 24, eight steps 2.9: 0.83
//   Loads and arithmetic alone are 2.67 at 3 x 24: more than 0.84 is out of reach on such a core.
// - 6 x 16 and 4 x 24 sums need more than the 15 registers that V8 gives, and V8 loads for 256-bit arithmetic by an instruction of its own.
//   An unrolled loop as the AssemblyScript optimiser likes it (productBlocks.ts) spills: 0.57 to 0.73.
// - Reading the cache lines of A ahead of the inner loop costs 0.05 at 1024 and nothing at 512; those of B ahead of packing: no difference.
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
/** Products per round and contender: some 10 ms each. */
const REPEATS = 4;
/** Rounds of one product against the peak alone: a neighbour that comes and goes meets both. */
const PEAK_ROUNDS = 100;
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

type Length = { readonly rounds: number; readonly repeats: number };

/** Operations per second of each contender, per round, in units of 10^9. */
async function race(contenders: readonly Contender[], { rounds, repeats }: Length): Promise<Map<string, number[]>> {
  const rates = new Map(contenders.map(({ name }): [string, number[]] => [name, []]));
  for (let round = -1; round < rounds; round++)
    for (const { name, operations, run } of contenders) {
      const started = process.hrtime.bigint();
      for (let i = 0; i < repeats; i++) await run();
      const nanoseconds = Number(process.hrtime.bigint() - started);
      // The first round warms caches and compilers up.
      if (round >= 0) rates.get(name)!.push((operations * repeats) / nanoseconds);
    }
  return rates;
}

/** The median of each round's ratio of two contenders. */
function ratioIn(rates: ReadonlyMap<string, number[]>, name: string, to: string): number {
  return median(rates.get(name)!.map((own, i) => own / rates.get(to)![i]!));
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
    const own = { name: "one", operations, run: one.run };
    const registers = { name: "peak", operations, run: peak };
    const alone = await race([own, registers], { rounds: PEAK_ROUNDS, repeats: 1 });
    const others = [
      { name: "tfjs", operations, run: tfjs },
      { name: "ort", operations, run: ort },
      { name: "two", operations, run: two.run },
      { name: "int8", operations, run: int8.run },
    ];
    const rates = await race([own, ...others], { rounds: ROUNDS, repeats: REPEATS });
    const rate = (name: string) => median(rates.get(name)!);
    const ratio = (name: string, to: string) => ratioIn(rates, name, to);
    yield figure("matmul.gflops", { value: rate("one"), unit: "GFLOP/s" });
    yield ratioFigure("matmul.vs_simd_peak", ratioIn(alone, "one", "peak"), {
      peer: "multiply and add on registers alone, GFLOP/s",
      peerValue: median(alone.get("peak")!),
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
