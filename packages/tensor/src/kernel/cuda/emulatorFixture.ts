// For tests: kernels/cuda/emulator compiled into a library that stands for the CUDA driver and for NVRTC.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CudaOptions } from "./cudaKernels.ts";

const source = fileURLToPath(new URL("../../../../../kernels/cuda/emulator/emulator.cpp", import.meta.url));
/** Strict fp32, and jumps between stacks that the library's checks would take for errors. */
const FLAGS = [
  "-std=c++17",
  "-O1",
  "-fPIC",
  "-shared",
  "-ffp-contract=off",
  "-fno-strict-aliasing",
  "-U_FORTIFY_SOURCE",
];

export const emulatorWorks =
  process.platform === "linux" && spawnSync("g++", ["--version"], { stdio: "ignore" }).status === 0;

export type Emulator = { readonly options: CudaOptions; remove(): void };

/** Compiles the emulator, with more preprocessor definitions. */
export function buildEmulator(...definitions: readonly string[]): Emulator {
  const folder = mkdtempSync(join(tmpdir(), "weft-emulator-"));
  const library = join(folder, "libemulator.so");
  const { status, stderr } = spawnSync("g++", [...FLAGS, ...definitions, source, "-o", library], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const remove = () => rmSync(folder, { recursive: true, force: true });
  return { options: { driver: [library], nvrtc: [library] }, remove };
}
