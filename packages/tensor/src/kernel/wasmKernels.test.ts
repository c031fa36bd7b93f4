// The WebAssembly kernels with 1, 2 and 4 threads against the reference.
import { COMPLIANCE_BYTES, kernelCompliance } from "./kernelCompliance.ts";
import { createWasmKernels } from "./wasmKernels.ts";

for (const threads of [1, 2, 4])
  kernelCompliance(`wasm, ${threads} threads`, () => createWasmKernels(COMPLIANCE_BYTES, { threads }));
