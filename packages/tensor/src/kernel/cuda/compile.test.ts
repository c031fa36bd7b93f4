// What a machine without a GPU is told, and the source that compilers get.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { bitsOf, EXP_COEFFICIENTS, LOG_COEFFICIENTS, TANH_COEFFICIENTS } from "../../recipes.ts";
import { createCudaKernels } from "./cudaKernels.ts";
import { KERNELS } from "./encode/Launch.ts";
import { kernelSource } from "./sources.ts";

const folder = fileURLToPath(new URL("../../../../../kernels/cuda/", import.meta.url));

test("without a driver: no-device, the caller's, with a remedy", async () => {
  await assert.rejects(createCudaKernels(4096, { driver: ["libweft-no-such-driver.so"] }), {
    code: "tensor.no-device",
    fault: "caller",
    message: "there is no CUDA driver here (libweft-no-such-driver.so)",
    remedy: "install the GPU's driver, or use the processor",
  });
});

if (process.platform === "linux")
  test("a library that is no CUDA driver is refused, not called", async () => {
    const options = { driver: ["libc.so.6"] };
    await assert.rejects(createCudaKernels(4096, options), { code: "tensor.no-device", message: /is too old/ });
  });

test("one source: every include in place, every kernel in it", () => {
  const source = kernelSource();
  assert.doesNotMatch(source, /#include/);
  const defined = [...source.matchAll(/__global__ void(?: __launch_bounds__\(\w+\))? (weft\w+)\(/g)].map(
    ([, name]) => name,
  );
  assert.deepEqual(defined.sort(), [...KERNELS].sort());
});

test("fp32 arithmetic goes through the rounded intrinsics alone", () => {
  const files = globSync("*.cuh", { cwd: folder });
  assert.ok(files.length >= 8);
  for (const file of files) {
    const text = readFileSync(join(folder, file), "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    // Functions that compilers may approximate or fuse.
    assert.doesNotMatch(
      text,
      /\b(fmaf?|__fmaf_rn|__expf|__logf|expf|logf|tanhf|sqrtf|rsqrtf|fmaxf|fminf|fdividef)\b/,
      file,
    );
    const rounded = [...text.matchAll(/__f(add|sub|mul|div|sqrt)_rn/g)].length;
    assert.equal(rounded, file === "arithmetic.cuh" ? 5 : 0, `${file}: through add, sub, mul, quotient, root`);
    assert.doesNotMatch(text, /\bfloat \w+ = [^;=]*\w [*/] \w/, file);
  }
});

test("the recipes' constants are the reference's", () => {
  const text = readFileSync(join(folder, "recipes.cuh"), "utf8");
  const words = [...text.matchAll(/0x([0-9a-f]{8})u?/g)].map(([, word]) => Number.parseInt(word!, 16));
  for (const coefficients of [EXP_COEFFICIENTS, LOG_COEFFICIENTS, TANH_COEFFICIENTS]) {
    const wanted = coefficients.map(bitsOf);
    const at = words.indexOf(wanted[0]!);
    assert.deepEqual(words.slice(at, at + wanted.length), wanted);
  }
});
