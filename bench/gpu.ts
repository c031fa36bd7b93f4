// The CUDA kernels on this machine's GPU: matrix products, chains and reductions at sizes that fill it, a training step, and that their
// bits are those of the WebAssembly kernels. Where no GPU can be used it says why and gives one figure, gpu.present = 0.
import { join } from "node:path";
import { openRunner } from "../packages/tensor/src/execute/GraphRunner.ts";
import { openGraph, walkBytes } from "../packages/tensor/src/execute/openGraph.ts";
import { elementCount } from "../packages/tensor/src/graph/Graph.ts";
import { type CudaOptions, createCudaKernels } from "../packages/tensor/src/kernel/cuda/cudaKernels.ts";
import type { KernelCall } from "../packages/tensor/src/kernel/KernelCall.ts";
import type { KernelSet } from "../packages/tensor/src/kernel/KernelSet.ts";
import type { View } from "../packages/tensor/src/kernel/View.ts";
import { createWasmKernels } from "../packages/tensor/src/kernel/wasmKernels.ts";
import { planGraph } from "../packages/tensor/src/plan/planGraph.ts";
import { TensorError } from "../packages/tensor/src/TensorError.ts";
import { trainPresets } from "../packages/tensor/src/train/presets.ts";
import { buildStepGraph } from "../packages/tensor/src/train/stepGraph.ts";
import { repositoryRoot } from "../tools/skips.ts";
import { type Bench, type Figure, figure, mustHold, quantile } from "./report.ts";
import { fillStep } from "./trainSubjects.ts";

const ROUNDS = 9;
const VOCAB = 65;

/** Edge of the products that are timed and of that whose bits are compared, elements of a chain, rows x columns of a softmax. */
export type GpuSizes = {
  readonly edge: number;
  readonly checkedEdge: number;
  readonly chain: number;
  readonly rows: readonly [number, number];
};
const SIZES: GpuSizes = { edge: 4096, checkedEdge: 512, chain: 2 ** 26, rows: [32_768, 1024] };

export const bench: Bench = {
  name: "gpu",
  about:
    "the CUDA kernels, where there is a GPU: products, chains, a training step, and that their bits are the processor's",
  run: () => measureGpu({ cache: join(repositoryRoot, "node_modules", ".cache", "weft-cuda") }, SIZES),
};

function numbers(seed: number, count: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) * 2 ** -23 - 1;
  });
}

function room(set: KernelSet, dtype: View["dtype"], ...shape: number[]): View {
  return { at: set.reserve(elementCount(shape) * (dtype === "i8" ? 1 : 4)), dtype, shape };
}

function filled(set: KernelSet, seed: number, ...shape: number[]): View {
  const view = room(set, "f32", ...shape);
  set.write(view, numbers(seed, elementCount(shape)));
  return view;
}

/** Nanoseconds of a run: the median of ROUNDS after one that warms up. */
function timed(run: () => unknown): number {
  const times: number[] = [];
  for (let round = -1; round < ROUNDS; round++) {
    const started = process.hrtime.bigint();
    run();
    if (round >= 0) times.push(Number(process.hrtime.bigint() - started));
  }
  return quantile(times, 0.5);
}

function timedCall(set: KernelSet, call: KernelCall): number {
  const plan = set.compile([call]);
  const time = timed(() => set.run(plan));
  plan.release();
  return time;
}

/** The product of the same numbers. */
function product(set: KernelSet, edge: number): Float32Array {
  const [a, b, out] = [filled(set, 1, edge, edge), filled(set, 2, edge, edge), room(set, "f32", edge, edge)];
  const plan = set.compile([{ call: "matmul", a, b, out }]);
  set.run(plan);
  plan.release();
  const result = new Float32Array(edge * edge);
  set.read(out, result);
  return result;
}

const same = (a: Float32Array, b: Float32Array): boolean => Buffer.from(a.buffer).equals(Buffer.from(b.buffer));

async function checkProduct(set: KernelSet, edge: number): Promise<void> {
  const wasm = await createWasmKernels(3 * 4 * edge * edge + 2 ** 20, { threads: 1 });
  mustHold(same(product(set, edge), product(wasm, edge)), "the GPU's product has the bits of the processor's");
  await wasm.close();
}

function* measureCalls(set: KernelSet, { edge, chain, rows }: GpuSizes): Generator<Figure> {
  const [a, b, out] = [filled(set, 1, edge, edge), filled(set, 2, edge, edge), room(set, "f32", edge, edge)];
  const operations = 2 * edge ** 3;
  const fp32 = timedCall(set, { call: "matmul", a, b, out });
  yield figure("gpu.matmul_gflops", { value: operations / fp32, unit: "GFLOP/s" });
  const bytes = { a: { ...a, dtype: "i8" }, b: { ...b, dtype: "i8" }, out: { ...out, dtype: "i32" } } as const;
  const int8 = timedCall(set, { call: "matmulInt8", ...bytes });
  yield figure("gpu.int8_gops", { value: operations / int8, unit: "Gop/s" });
  const [x, y, z] = [filled(set, 3, chain), filled(set, 4, chain), room(set, "f32", chain)];
  const steps = [
    { op: "tanh", in: [0] } as const,
    { op: "mul", in: [2, 1] } as const,
    { op: "add", in: [3, 0] } as const,
  ];
  const outputs = [{ value: 4, out: z }];
  const elementwise = timedCall(set, { call: "chain", shape: [chain], sources: [x, y], steps, outputs });
  yield figure("gpu.chain_gbytes", { value: (12 * chain) / elementwise, unit: "GB/s" });
  const r = filled(set, 5, ...rows);
  const softmax = timedCall(set, {
    call: "chain",
    shape: rows,
    sources: [r],
    steps: [
      { op: "reduceMax", in: [0] },
      { op: "sub", in: [0, 1] },
      { op: "exp", in: [2] },
      { op: "reduceSum", in: [3] },
      { op: "div", in: [3, 4] },
    ],
    outputs: [{ value: 5, out: room(set, "f32", ...rows) }],
  });
  yield figure("gpu.softmax_gbytes", { value: (8 * elementCount(rows)) / softmax, unit: "GB/s" });
}

/** The GPT step of the main preset on both: the state after two steps must be the same. */
async function* measureStep(options: CudaOptions): AsyncGenerator<Figure> {
  const preset = trainPresets.main;
  const step = buildStepGraph({ ...preset.model, vocab: VOCAB } as never, preset);
  const plan = planGraph(step.graph);
  const set = await createCudaKernels(2 * walkBytes(plan) + 2 ** 22, options);
  const [gpu, processor] = [openRunner(set, plan), await openGraph(step.graph)];
  for (const runner of [gpu, processor.runner]) {
    fillStep(step, runner, VOCAB);
    for (let t = 0; t < 2; t++) runner.run();
  }
  for (const { name } of step.graph.outputs)
    mustHold(
      same(gpu.read(name).data as Float32Array, processor.runner.read(name).data as Float32Array),
      `${name} after two steps has the bits of the processor's`,
    );
  yield figure("gpu.bits_equal", { value: 1, unit: "" }, { atLeast: 1 });
  const [theirs, ours] = [timed(() => processor.runner.run()), timed(() => gpu.run())];
  yield figure(
    "gpu.step_ms",
    { value: ours / 1e6, unit: "ms" },
    { peer: "one processor thread", peerValue: theirs / 1e6 },
  );
  await processor.close();
  await set.close();
}

/** The figures on a device; one figure when there is none. */
export async function* measureGpu(options: CudaOptions, sizes: GpuSizes): AsyncGenerator<Figure> {
  const { edge, checkedEdge, chain, rows } = sizes;
  const elements = 3 * edge ** 2 + 3 * checkedEdge ** 2 + 3 * chain + 2 * elementCount(rows);
  let set: KernelSet;
  try {
    set = await createCudaKernels(4 * elements + 2 ** 20, options);
  } catch (error) {
    if (!(error instanceof TensorError && error.code === "tensor.no-device")) throw error;
    process.stderr.write(`no GPU is measured: ${error.message} (${error.remedy})\n`);
    yield figure("gpu.present", { value: 0, unit: "" });
    return;
  }
  process.stderr.write(`${set.name}\n`);
  yield figure("gpu.present", { value: 1, unit: "" });
  await checkProduct(set, checkedEdge);
  yield* measureCalls(set, sizes);
  await set.close();
  yield* measureStep(options);
}
