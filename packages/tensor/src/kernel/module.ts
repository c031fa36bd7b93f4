// The compiled kernels (kernels/build/weft.wasm): read and compiled once, on first use; posted to workers as it is.
import { readFileSync } from "node:fs";

type Address = number;

/** What plans need of the module; kernels/assembly/execute.ts and tensorHash.ts say what each does. */
export type PlanExports = {
  /** 0, or the word number of a command whose data was wrong, plus 1. */
  lead(plan: Address, threads: number, scratch: Address, control: Address): number;
  follow(thread: number, threads: number, scratch: Address, control: Address, seen: number): void;
  dismiss(threads: number, control: Address): void;
  fillHashTables(tables: Address): void;
  hashTableBytes(): number;
  tensorHashScratchBytes(): number;
  productScratchBytes(): number;
  productInt8ScratchBytes(): number;
  /** For the bench: 96 · rounds operations on registers. */
  peak(at: Address, rounds: number): void;
};

let compiled: WebAssembly.Module | undefined;

/** The compiled module, compiled on first use; it can be posted to workers. */
export function kernelModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(readFileSync(new URL("../../../../kernels/build/weft.wasm", import.meta.url)));
  return compiled;
}

/** An instance on a memory. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): PlanExports {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as PlanExports;
}
