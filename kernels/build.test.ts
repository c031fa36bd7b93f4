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
  const bodies = [...functionBodies(wasm)];
  assert.ok(bodies.length > 20, `${bodies.length} functions`);
  for (const [from, to] of bodies)
    for (let i = from; i + 2 < to; i++)
      assert.ok(
        !(wasm[i] === 0xfd && wasm[i + 1]! >= 0x80 && wasm[i + 1]! <= 0xaf && wasm[i + 2] === 2),
        `at byte ${i}`,
      );
});

const CODE_SECTION = 10;

/** An unsigned LEB128 number and where it ends. */
function numberAt(bytes: Uint8Array, at: number): [value: number, end: number] {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]!;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, at];
  }
}

/** First byte and end of each function: its length before it may look like any instruction. */
function* functionBodies(wasm: Uint8Array): Generator<[from: number, to: number]> {
  for (let at = 8; at < wasm.length; ) {
    const [size, start] = numberAt(wasm, at + 1);
    if (wasm[at] === CODE_SECTION) {
      let [left, body] = numberAt(wasm, start);
      for (; left > 0; left--) {
        const [length, from] = numberAt(wasm, body);
        yield [from, from + length];
        body = from + length;
      }
    }
    at = start + size;
  }
}
