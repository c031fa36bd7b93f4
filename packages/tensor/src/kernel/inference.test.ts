// The WebAssembly kernels' calls for inference, wide and plain, with 1, 2 and 4 threads, against the reference.
import { inferenceCompliance } from "./inferenceCompliance.ts";
import { compilePlain, compileWide } from "./module.ts";
import { createWasmKernels } from "./wasmKernels.ts";

for (const [form, compile, teams] of [
  ["wide", compileWide, [1, 2, 4]],
  ["plain", compilePlain, [1]],
] as const)
  for (const threads of teams)
    inferenceCompliance(`${form} wasm, ${threads} threads`, () =>
      createWasmKernels(64 * 2 ** 20, { threads, code: compile() }),
    );
