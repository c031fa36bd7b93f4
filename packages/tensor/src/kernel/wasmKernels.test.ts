// The WebAssembly kernels, wide and plain, with 1, 2 and 4 threads, against the reference.
import { COMPLIANCE_BYTES, kernelCompliance } from "./compliance/kernelCompliance.ts";
import { compilePlain, compileWide } from "./module.ts";
import { createWasmKernels } from "./wasmKernels.ts";

for (const [form, compile, teams] of [
  ["wide", compileWide, [1, 2, 4]],
  ["plain", compilePlain, [1, 4]],
] as const)
  for (const threads of teams)
    kernelCompliance(`${form} wasm, ${threads} threads`, () =>
      createWasmKernels(COMPLIANCE_BYTES, { threads, code: compile() }),
    );
