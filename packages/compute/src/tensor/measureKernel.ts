// Speed of the project's own fp32 kernel on this thread: 256×256×256 matmuls for a given time, best of the batches.
import { createKernel, createMemory, heapAllocator, kernelModule } from "@weft/tensor/Kernel";
import { kernelOperators } from "@weft/tensor/kernelOperators";

const size = 256;

/** GFLOP/s (a multiply and an add count as two); runs for about `milliseconds` after a short warm-up. */
export function measureKernel(milliseconds: number): number {
  const team = { thread: 0, threads: 1, heapBytes: 4 * (size * size * 4 + 64), scratchBytes: 65_536 };
  const memory = createMemory(team.heapBytes, team.scratchBytes, 1);
  const ops = kernelOperators(createKernel(kernelModule(), memory, team));
  const allocate = heapAllocator(memory);
  const [a, b, out] = [0, 1, 2].map(() => ({ rows: size, columns: size, data: allocate(size, size) })) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  a.data.fill(0.5);
  b.data.fill(0.25);
  const until = performance.now() + milliseconds;
  let best = Number.POSITIVE_INFINITY;
  // The first quarter warms up the engine's compiler; the best batch is the one least disturbed by others.
  for (let batch = 0; batch < 100_000 && performance.now() < until; batch++) {
    const startedAt = performance.now();
    for (let i = 0; i < 4; i++) ops.matmulNT(a, b, out);
    best = Math.min(best, (performance.now() - startedAt) / 4);
  }
  return (2 * size ** 3) / (best * 1e6);
}

type Tensor = { rows: number; columns: number; data: Float32Array };
