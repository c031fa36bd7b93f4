// The committed module is what the sources compile to, and stays small.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { compileKernels, kernelPath } from "./build.ts";

/** Bytes. Raised on purpose only: the module travels to every browser and node that checks a step. */
const SIZE_BUDGET = 56 * 2 ** 10;

test("a rebuild gives the committed bytes", async () => {
  const built = Buffer.from(await compileKernels());
  assert.ok(built.equals(readFileSync(kernelPath)), "kernels/build is stale: run node kernels/build.ts");
});

test("the module stays within its size budget and has no fused or relaxed instruction", () => {
  const wasm = readFileSync(kernelPath);
  assert.ok(wasm.length <= SIZE_BUDGET, `${wasm.length} bytes, the budget is ${SIZE_BUDGET}`);
  // Relaxed SIMD, which holds the fused multiply-add, has the opcodes 0xfd 0x80..0xaf 0x02.
  for (let i = 0; i + 2 < wasm.length; i++)
    assert.ok(!(wasm[i] === 0xfd && wasm[i + 1]! >= 0x80 && wasm[i + 1]! <= 0xaf && wasm[i + 2] === 2), `at byte ${i}`);
});
