// The port to whatever computes operators: WebAssembly threads today (wasmKernels.ts), another device later. Memory belongs to
// the set; the host sees it through `write` and `read`. Every implementation gives the same bits: compliance/ holds it
// to the reference.
import type { KernelCall } from "./KernelCall.ts";
import type { View } from "./View.ts";

/** A compiled list of calls. Good for any number of runs until it is released. */
export type Plan = { readonly calls: readonly KernelCall[]; release(): void };

export type KernelSet = {
  /** For reports: "wasm, 2 threads". */
  readonly name: string;
  /**
   * Address of `bytes` zeroed bytes, aligned to 64, that stay reserved until the set closes. Throws TensorError
   * `bad-option` when memory is used up.
   */
  reserve(bytes: number): number;
  /** Copies a contiguous tensor's elements in, or out of, memory; the array has one entry per element. */
  write(view: View, elements: ArrayBufferView): void;
  read(view: View, into: ArrayBufferView): void;
  /** Checks and prepares calls that run in this order. Throws TensorError for a call that does not fit or leaves memory. */
  compile(calls: readonly KernelCall[]): Plan;
  /** Runs a plan to its end. Throws TensorError `bad-index`, naming the call's place, for an index out of range. */
  run(plan: Plan): void;
  close(): Promise<void>;
};
