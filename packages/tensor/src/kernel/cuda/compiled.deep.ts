// The kernels by NVIDIA's own compiler, which needs no GPU: for every generation they compile, and the intermediate code holds no fused
// multiply-add, no approximation and no flush of subnormals.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { EXACT_OPTIONS } from "./compile.ts";
import { KERNELS } from "./encode/Launch.ts";
import { kernelSource } from "./sources.ts";

const skip = spawnSync("nvcc", ["--version"], { stdio: "ignore" }).status === 0 ? false : "no nvcc";
const ALLOWED = ["add.rn.f32", "div.rn.f32", "mul.rn.f32", "sqrt.rn.f32", "sub.rn.f32"];

function compiled(source: string, options: readonly string[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "weft-nvcc-"));
  const [from, to] = [join(folder, "weft.cu"), join(folder, "out")];
  writeFileSync(from, source);
  const { status, stderr } = spawnSync("nvcc", [...options, "-o", to, from], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const bytes = readFileSync(to);
  rmSync(folder, { recursive: true });
  return bytes;
}

/** Arithmetic on floats in PTX. */
function arithmetic(ptx: string): string[] {
  const found = ptx.matchAll(
    /^\s*(?:@%p\d+ )?((?:add|sub|mul|div|sqrt|fma|mad|rsqrt|rcp|ex2|lg2|tanh|sin|cos|min|max|neg|abs)(?:\.[a-z\d]+)*\.(?:f16|bf16|f32|f64)\w*)\s/gm,
  );
  return [...new Set([...found].map(([, instruction]) => instruction!))].sort();
}

for (const [name, options] of [
  ["the options that are used", EXACT_OPTIONS],
  ["options that invite fusing", ["--fmad=true"]],
] as const)
  test(`compiled for a gpu: PTX has only rounded operations, with ${name}`, { skip }, () => {
    const ptx = compiled(kernelSource(), ["-ptx", "-arch=compute_75", ...options]).toString();
    assert.deepEqual(arithmetic(ptx), ALLOWED);
    assert.doesNotMatch(ptx, /\.ftz|\.approx|\.full\.f32/);
    for (const kernel of KERNELS) assert.match(ptx, new RegExp(`\\.entry ${kernel}\\(`));
  });

test("compiled for a gpu: the check finds a fused multiply-add", { skip }, () => {
  const source = kernelSource()
    .replace("return __fadd_rn(a, b)", "return a + b")
    .replace("return __fmul_rn(a, b)", "return a * b");
  const ptx = compiled(source, ["-ptx", "-arch=compute_75"]).toString();
  assert.ok(arithmetic(ptx).includes("fma.rn.f32"));
});

for (const arch of [75, 80, 90, 120])
  test(`compiled for a gpu: machine code for sm_${arch}`, { skip }, () => {
    const code = compiled(kernelSource(), ["-cubin", `-arch=sm_${arch}`, ...EXACT_OPTIONS]);
    assert.equal(code.subarray(1, 4).toString(), "ELF");
  });
