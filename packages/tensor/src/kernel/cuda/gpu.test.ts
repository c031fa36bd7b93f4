// The CUDA kernel set on a real GPU: the port's whole compliance suite. Skipped by name where there is none; docs/gpu.md says how to run it.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { COMPLIANCE_BYTES, kernelCompliance } from "../compliance/kernelCompliance.ts";
import { createCudaKernels } from "./cudaKernels.ts";

const repository = fileURLToPath(new URL("../../../../../", import.meta.url));
const cache = join(repository, "node_modules", ".cache", "weft-cuda");

if (spawnSync("nvidia-smi", ["-L"], { stdio: "ignore" }).status === 0)
  kernelCompliance("gpu", () => createCudaKernels(COMPLIANCE_BYTES, { cache }));
else test("gpu: every call of the compliance suite", { skip: "no GPU here" });
