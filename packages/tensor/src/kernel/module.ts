// The compiled kernels (kernels/build/weft.wasm), in two forms of the same code. Plain: compiled as the engine does by itself.
// Wide: compiled by an engine that fuses neighbouring 128-bit vectors into 256-bit ones (V8's experimental revectorizer; it
// fuses neighbours, never a multiplication and an addition, so bits stay). kernelCode.ts chooses.
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";

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
  /** For the bench: 96 · rounds operations on registers, or 192 · rounds. */
  peakNarrow(at: Address, rounds: number): void;
  peakWide(at: Address, rounds: number): void;
};

/** A compiled module; it can be posted to workers. */
export type KernelCode = { readonly module: WebAssembly.Module; readonly wide: boolean };

/** V8 releases whose revectorizer the tests ran with; others run plain code. */
const PROVEN_V8 = /^13\.6\./;

/** Whether this engine has the option. Without AVX2 it changes nothing. */
export const canWiden: boolean = process.arch === "x64" && PROVEN_V8.test(process.versions.v8 ?? "");

/**
 * The engine's options while the wide form is compiled: everything at once and by the optimising compiler, so that what is
 * tested is what runs later; then back, so that other modules of the process are compiled as always.
 */
const WIDE_FLAGS = ["--experimental-wasm-revectorize", "--no-liftoff", "--no-wasm-lazy-compilation"];
const USUAL_FLAGS = ["--no-experimental-wasm-revectorize", "--liftoff", "--wasm-lazy-compilation"];

/** An empty custom section: the engine shares code between modules of equal bytes, and the two forms must not share. */
const MARK = [0, 5, 4, ...Buffer.from("wide")];

function kernelBytes(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL("../../../../kernels/build/weft.wasm", import.meta.url)));
}

export function compilePlain(): KernelCode {
  return { module: new WebAssembly.Module(kernelBytes()), wide: false };
}

/** Where the engine cannot widen (canWiden), slower plain code of the same bits. */
export function compileWide(): KernelCode {
  const bytes = Uint8Array.from([...kernelBytes(), ...MARK]);
  if (canWiden) WIDE_FLAGS.forEach(setFlagsFromString);
  try {
    return { module: new WebAssembly.Module(bytes), wide: true };
  } finally {
    if (canWiden) USUAL_FLAGS.forEach(setFlagsFromString);
  }
}

/** An instance on a memory. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): PlanExports {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as PlanExports;
}
