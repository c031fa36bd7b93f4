// For tests: one kernel thread over a small heap, and tensors from seeded bits.
import type { Tensor } from "./HashLayout.ts";
import { createKernel, createMemory, heapAllocator, type Kernel, kernelModule } from "./Kernel.ts";
import { kernelOperators } from "./kernelOperators.ts";
import type { Operators } from "./Operators.ts";
import type { Allocate } from "./State.ts";
import { seedWords } from "./seedStream.ts";

export type KernelBench = { kernel: Kernel; ops: Operators; allocate: Allocate };

/** A kernel with room for `heapBytes`; the scratch fits k up to 2048. */
export function kernelBench(heapBytes = 4_000_000): KernelBench {
  const team = { thread: 0, threads: 1, heapBytes, scratchBytes: 70_000 };
  const memory = createMemory(heapBytes, team.scratchBytes, 1);
  const kernel = createKernel(kernelModule(), memory, team);
  return { kernel, ops: kernelOperators(kernel), allocate: heapAllocator(memory) };
}

/** How the bits of test elements are drawn. */
export type Mix = "ordinary" | "any-bits" | "subnormal";

/** Element bits: ordinary = uniform in [-1,1); any-bits includes NaN and infinities; subnormal = tiny and subnormal. */
export function elementBits(mix: Mix, word: number): number {
  if (mix === "any-bits") return word;
  if (mix === "subnormal") return (word & 0x80ffffff) >>> 0;
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, (word >>> 8) * 2 ** -23 - 1);
  return view.getUint32(0);
}

/** The same elements as a kernel tensor and as a plain one. */
export function twins(bench: KernelBench, seed: number, mix: Mix, rows: number, columns: number): [Tensor, Tensor] {
  const words = seedWords(new Uint8Array(32).fill(seed), `test/${mix}`, rows * 65_536 + columns, rows * columns);
  const pair = [bench.allocate(rows, columns), new Float32Array(rows * columns)].map((data): Tensor => {
    const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
    words.forEach((word, i) => {
      bits[i] = elementBits(mix, word);
    });
    return { rows, columns, data };
  });
  return pair as [Tensor, Tensor];
}

/** The bits of a tensor, for comparison. */
export function bits(tensor: { data: Float32Array }): number[] {
  return Array.from(new Uint32Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.length));
}
