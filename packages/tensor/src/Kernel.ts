// Host side of kernels/build/weft.wasm: compiles the module once, lazily, and lays out its memory for a team of threads
// (kernelOperators.ts binds the operators). All threads run the same operators on the same memory; each computes its share of the output
// rows, and a barrier ends every operator. Nothing is compiled or reserved before the first call.
import { readFileSync } from "node:fs";
import type { Allocate } from "./State.ts";
import { TensorError } from "./TensorError.ts";

const PAGE_BYTES = 65_536;
/** The module's own page, then one control page shared by the threads. */
const CONTROL_OFFSET = PAGE_BYTES;
const HEAP_OFFSET = 2 * PAGE_BYTES;
/** The kernels' declared maximum, 1 GiB. */
const MAX_PAGES = 16_384;
/** Words of the control page: 0 and 1 are the barrier's, the rest is the trainer's mailbox (trainerWorker.ts). */
export const CONTROL = { sequence: 2, command: 3, argument: 4 } as const;

type Address = number;

/** Exports of the module; addresses and counts in bytes and elements as documented in kernels/assembly. */
export type KernelExports = {
  matmulNT(a: Address, b: Address, c: Address, K: number, N: number, r0: number, r1: number, scratch: Address): void;
  transpose(x: Address, out: Address, M: number, N: number, r0: number, r1: number): void;
  expInto(x: Address, out: Address, first: number, last: number): void;
  logInto(x: Address, out: Address, first: number, last: number): void;
  tanhInto(x: Address, out: Address, first: number, last: number): void;
  tanhGradient(dy: Address, y: Address, out: Address, first: number, last: number): void;
  addRow(x: Address, bias: Address, out: Address, N: number, r0: number, r1: number): void;
  sumRows(x: Address, out: Address, M: number, N: number, c0: number, c1: number): void;
  softmaxCrossEntropy(
    x: Address,
    targets: Address,
    gradient: Address,
    losses: Address,
    N: number,
    scale: number,
    r0: number,
    r1: number,
    scratch: Address,
  ): void;
  sumScaled(x: Address, out: Address, count: number, scale: number): void;
  gather(table: Address, index: Address, out: Address, width: number, r0: number, r1: number): void;
  scatterAdd(x: Address, index: Address, out: Address, count: number, width: number, v0: number, v1: number): void;
  adam(
    p: Address,
    m: Address,
    v: Address,
    g: Address,
    first: number,
    last: number,
    rate: number,
    beta1: number,
    beta2: number,
    correct1: number,
    correct2: number,
    epsilon: number,
  ): void;
  hashLeaves(x: Address, N: number, first: number, last: number, out: Address, scratch: Address): void;
  hashNodes(below: Address, width: number, first: number, last: number, out: Address, scratch: Address): void;
  hashScratchBytes(): number;
  barrier(at: Address, threads: number): void;
};

/** One thread's binding: its exports, its place in the team, its private scratch. */
export type Kernel = {
  exports: KernelExports;
  memory: WebAssembly.Memory;
  thread: number;
  threads: number;
  scratch: Address;
};

let compiled: WebAssembly.Module | undefined;

/** The compiled module, compiled on first use; it can be posted to workers. */
export function kernelModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(readFileSync(new URL("../../../kernels/build/weft.wasm", import.meta.url)));
  return compiled;
}

/** Bytes of address space a layout needs; `plan` allocates exactly what the real layout will. */
export function measureHeap(plan: (allocate: Allocate) => void): number {
  let bytes = 0;
  plan((rows, columns) => {
    bytes += paddedBytes(rows * columns);
    return new Float32Array(0);
  });
  return bytes;
}

// 64 bytes: whole cache lines, and room for a vector load that starts at the last element.
function paddedBytes(elements: number): number {
  return Math.ceil((elements * 4 + 16) / 64) * 64;
}

/** Shared memory for a heap of `heapBytes` and `threads` scratches. Throws TensorError `bad-option` above 1 GiB. */
export function createMemory(heapBytes: number, scratchBytes: number, threads: number): WebAssembly.Memory {
  const pages = Math.ceil((HEAP_OFFSET + heapBytes + threads * scratchBytes) / PAGE_BYTES) + 1;
  if (pages > MAX_PAGES)
    throw new TensorError(
      "bad-option",
      `the program needs ${pages * PAGE_BYTES} bytes and the kernels address ${MAX_PAGES * PAGE_BYTES}`,
      "lower batch, model.hidden, model.context or model.embedding",
    );
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

/** A bump allocator over the heap: views of the shared memory, zero at first, in call order. */
export function heapAllocator(memory: WebAssembly.Memory): Allocate {
  let at = HEAP_OFFSET;
  return (rows, columns) => {
    const view = new Float32Array(memory.buffer, at, rows * columns);
    at += paddedBytes(rows * columns);
    return view;
  };
}

/** Bytes of scratch one thread needs: a packed panel over the longest k, a softmax row, the hash state. */
export function scratchBytes(longestK: number, vocab: number): number {
  return Math.ceil(Math.max(longestK * 32 + 64, vocab * 4 + 64, 4096) / 64) * 64;
}

/** Instantiates the module for one thread. */
export function createKernel(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  team: { thread: number; threads: number; heapBytes: number; scratchBytes: number },
): Kernel {
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const scratch = HEAP_OFFSET + team.heapBytes + team.thread * team.scratchBytes;
  return { exports: instance.exports as KernelExports, memory, thread: team.thread, threads: team.threads, scratch };
}

/** Waits until every thread of the team has come here. */
export function meet(kernel: Kernel): void {
  kernel.exports.barrier(CONTROL_OFFSET, kernel.threads);
}

/** The control page as words. */
export function controlWords(memory: WebAssembly.Memory): Int32Array {
  return new Int32Array(memory.buffer, CONTROL_OFFSET, 16);
}

/** This thread's share [first, last) of `count`, cut at multiples of `grain`. */
export function share(kernel: Kernel, count: number, grain: number): [number, number] {
  const units = Math.ceil(count / grain);
  const from = Math.floor((units * kernel.thread) / kernel.threads) * grain;
  const to = Math.floor((units * (kernel.thread + 1)) / kernel.threads) * grain;
  return [Math.min(from, count), Math.min(to, count)];
}
