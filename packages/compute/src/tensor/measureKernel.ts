// Speed of the project's own fp32 kernel on this thread: 256×256×256 matmuls for a given time, best of the batches.
import type { View } from "@weft/tensor/kernel/View";
import { createWasmKernels } from "@weft/tensor/kernel/wasmKernels";

const size = 256;
const productsPerBatch = 4;

/** GFLOP/s (a multiply and an add count as two); runs for about `milliseconds` after a short warm-up. */
export async function measureKernel(milliseconds: number): Promise<number> {
  const bytes = 4 * size * size;
  const kernels = await createWasmKernels(3 * bytes + 65_536, { threads: 1 });
  try {
    const matrix = (): View => ({ at: kernels.reserve(bytes), dtype: "f32", shape: [size, size] });
    const [a, b, out] = [matrix(), matrix(), matrix()];
    kernels.write(a, new Float32Array(size * size).fill(0.5));
    kernels.write(b, new Float32Array(size * size).fill(0.25));
    const batch = kernels.compile(Array.from({ length: productsPerBatch }, () => ({ call: "matmul", a, b, out })));
    const until = performance.now() + milliseconds;
    let best = Number.POSITIVE_INFINITY;
    // The first quarter warms up the engine's compiler; the best batch is the one least disturbed by others.
    for (let n = 0; n < 100_000 && performance.now() < until; n++) {
      const startedAt = performance.now();
      kernels.run(batch);
      best = Math.min(best, (performance.now() - startedAt) / productsPerBatch);
    }
    return (2 * size ** 3) / (best * 1e6);
  } finally {
    await kernels.close();
  }
}
