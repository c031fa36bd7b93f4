// The WebAssembly kernels' calls for inference with 1, 2 and 4 threads against the reference.
import { inferenceCompliance } from "./inferenceCompliance.ts";
import { createWasmKernels } from "./wasmKernels.ts";

for (const threads of [1, 2, 4])
  inferenceCompliance(`wasm, ${threads} threads`, () => createWasmKernels(64 * 2 ** 20, { threads }));
