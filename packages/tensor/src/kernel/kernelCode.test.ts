// Wide code is used only when its bits are right: damaged code is found out, and plain code runs in its place.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { chooseCode, kernelCode } from "./kernelCode.ts";
import { canWiden, compilePlain, compileWide, type KernelCode } from "./module.ts";
import { failedChecks, runChecks } from "./selfTest.ts";

const bytes = readFileSync(new URL("../../../../kernels/build/weft.wasm", import.meta.url));

/** The kernels with every instruction `from` replaced by `to` (SIMD opcodes of two bytes, LEB128). */
function damaged(from: number, to: number): KernelCode {
  const text = bytes.toString("latin1");
  const opcode = (code: number) => String.fromCharCode(0xfd, (code & 0x7f) | 0x80, code >> 7);
  assert.ok(text.includes(opcode(from)), `the kernels have instruction ${from}`);
  const patched = Buffer.from(text.replaceAll(opcode(from), opcode(to)), "latin1");
  return { module: new WebAssembly.Module(new Uint8Array(patched)), wide: true };
}

const F32X4 = { add: 0xe4, sub: 0xe5, mul: 0xe6, sqrt: 0xe3, abs: 0xe0, pmin: 0xea, pmax: 0xeb };
const I32X4_DOT = 0xba;
const I32X4_MUL = 0xb5;

test("both forms have the recorded bits", () => {
  assert.deepEqual(failedChecks(compilePlain()), []);
  assert.deepEqual(failedChecks(compileWide()), []);
});

test("a wrong instruction changes the checks that use it", () => {
  const products = ["one row", "edges of blocks", "more than a block of terms", "special numbers"];
  const found = (from: number, to: number) => failedChecks(damaged(from, to));
  for (const name of products) assert.ok(found(F32X4.add, F32X4.sub).includes(name), name);
  assert.deepEqual(found(F32X4.sqrt, F32X4.abs), ["chains", "chains of special numbers"]);
  assert.ok(found(F32X4.pmax, F32X4.pmin).includes("reductions"));
  assert.deepEqual(found(I32X4_DOT, I32X4_MUL), ["int8"]);
});

test("code that fails a check, or cannot run, gives way to plain code", () => {
  const empty: KernelCode = { module: new WebAssembly.Module(new Uint8Array(bytes.subarray(0, 8))), wide: true };
  for (const code of [damaged(F32X4.mul, F32X4.add), empty])
    assert.equal(chooseCode({ canWiden: true, compileWide: () => code }).wide, false);
  const unable = () => assert.fail("an engine that cannot widen is not asked to");
  assert.equal(chooseCode({ canWiden: false, compileWide: unable }).wide, false);
});

test("this process runs wide code exactly where the engine has it", () => {
  assert.equal(kernelCode().wide, canWiden);
  assert.equal(kernelCode(), kernelCode());
  assert.deepEqual(runChecks(kernelCode()), runChecks(compilePlain()));
});
