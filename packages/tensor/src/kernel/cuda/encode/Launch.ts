// One launch of a kernel of kernels/cuda, and how numbers become its words.
import { refuseCall } from "../../View.ts";

export const KERNELS = [
  "weftMatmul",
  "weftMatmulWide",
  "weftMatmulInt8",
  "weftCopy",
  "weftSwapPairs",
  "weftGather",
  "weftToInt8",
  "weftToFloat",
  "weftOneHot",
  "weftScatterAdd",
  "weftReduce",
  "weftReduceRows",
  "weftChain",
  "weftChainRows",
  "weftCacheRows",
  "weftAttend",
  "weftHashSubtrees",
  "weftHashTops",
] as const;
export type KernelName = (typeof KERNELS)[number];

/** Threads of a block (kernels/cuda/arithmetic.cuh). */
export const THREADS = 256;
/** Most blocks of one launch along x. */
const MOST_BLOCKS = 2 ** 31 - 1;

export type Launch = {
  readonly kernel: KernelName;
  readonly blocks: readonly [x: number, y: number];
  readonly threads: number;
  /** Bytes of shared memory beyond what the kernel declares. */
  readonly shared: number;
  /** What follows the command's number, as numbers below 2^32 or int32. */
  readonly words: readonly number[];
};

/** What encoding needs to know of the device. */
export type DeviceShape = {
  readonly multiprocessors: number;
  /** Most bytes of shared memory that a block may ask for. */
  readonly sharedBytes: number;
};

type Options = {
  readonly blocks: number | readonly [number, number];
  readonly threads?: number;
  readonly shared?: number;
};

export function launch(kernel: KernelName, words: readonly number[], options: Options): Launch {
  const blocks = typeof options.blocks === "number" ? ([options.blocks, 1] as const) : options.blocks;
  if (!(blocks[0] >= 1 && blocks[0] <= MOST_BLOCKS)) refuseCall(`${kernel} in ${blocks[0]} blocks`);
  return { kernel, blocks, threads: options.threads ?? THREADS, shared: options.shared ?? 0, words };
}

/** Blocks that have a thread for each of `count`. */
export function blocksFor(count: number): number {
  return Math.ceil(count / THREADS);
}

/** An address of memory: two words, low first. */
export function address(at: number): [number, number] {
  return [at % 2 ** 32, Math.floor(at / 2 ** 32)];
}

/** A stride in elements, as an int32. */
export function stride(elements: number): number {
  if (!(Math.abs(elements) < 2 ** 31)) refuseCall(`a stride of ${elements} elements`);
  return elements | 0;
}
