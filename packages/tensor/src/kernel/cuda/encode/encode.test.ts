// Calls as launches: what the words hold, and that what one kernel set refuses the other refuses with the same words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createArena } from "../../Arena.ts";
import type { ChainStep, KernelCall } from "../../KernelCall.ts";
import type { View } from "../../View.ts";
import { soloKernels, teamBytes } from "../../wasmKernels.ts";
import { encodeLaunches } from "./encodeLaunches.ts";
import type { DeviceShape } from "./Launch.ts";

const device: DeviceShape = { multiprocessors: 100, sharedBytes: 49_152 };
const GIBIBYTE = 2 ** 30;
const f32 = (at: number, ...shape: number[]): View => ({ at, dtype: "f32", shape });
const encode = (...calls: KernelCall[]) => encodeLaunches(calls, device, [64, 100 * GIBIBYTE]);

test("addresses beyond 4 GiB are two words", () => {
  const x = f32(5 * GIBIBYTE, 8);
  const [one] = encode({ call: "copy", x, out: f32(64 * GIBIBYTE + 64, 8) });
  assert.deepEqual(one!.words.slice(0, 4), [GIBIBYTE, 1, 64, 16]);
  assert.deepEqual(one!.words.slice(4), [4, 8, 1, 8, 1, 1]);
});

test("tiles are wide where there are enough of them for the device", () => {
  const product = (M: number, N: number): KernelCall => ({
    call: "matmul",
    a: f32(GIBIBYTE, M, 16),
    b: f32(2 * GIBIBYTE, N, 16),
    out: f32(3 * GIBIBYTE, M, N),
  });
  const [few, many] = encode(product(512, 512), product(2048, 2048));
  assert.deepEqual([few!.kernel, few!.blocks, few!.call], ["weftMatmul", [256, 1], 0]);
  assert.deepEqual([many!.kernel, many!.blocks, many!.call], ["weftMatmulWide", [256, 1], 1]);
});

test("a batch of single rows times one matrix is one product", () => {
  const [one] = encode({ call: "matmul", a: f32(64, 40, 1, 8), b: f32(4096, 5, 8), out: f32(8192, 40, 1, 5) });
  assert.deepEqual(one!.words.slice(6, 9), [40, 5, 8]);
  assert.deepEqual(one!.blocks, [2, 1]);
});

test("the registers of a long chain are used again", () => {
  const steps: ChainStep[] = Array.from({ length: 60 }, (_, i) => ({ op: "exp", in: [i] }));
  const x = f32(64, 1000);
  const [one] = encode({
    call: "chain",
    shape: [1000],
    sources: [x],
    steps,
    outputs: [{ value: 60, out: f32(8192, 1000) }],
  });
  assert.equal(one!.shared, 1024);
  const rows = [...steps, { op: "reduceSum", in: [60] } as const, { op: "sub", in: [60, 61] } as const];
  const out = f32(8192, 1000);
  const [two] = encode({ call: "chain", shape: [1000], sources: [x], steps: rows, outputs: [{ value: 62, out }] });
  assert.deepEqual([two!.kernel, two!.shared], ["weftChainRows", 1024 + 128]);
});

test("a chain of more live values than the device has room for is refused", () => {
  // Eighty values, each read again once all of them are there.
  const steps: ChainStep[] = Array.from({ length: 80 }, () => ({ op: "exp", in: [0] }));
  for (let i = 1; i < 80; i++) steps.push({ op: "add", in: [steps.length, i] });
  for (let i = 1; i <= 80; i++) steps.push({ op: "mul", in: [steps.length, i] });
  const outputs = [{ value: steps.length, out: f32(8192, 10) }];
  const call: KernelCall = { call: "chain", shape: [10], sources: [f32(64, 10)], steps, outputs };
  assert.throws(() => encode(call), /a chain of 239 steps needs \d+ bytes of registers/);
});

test("a call that does not fit is refused as the WebAssembly set refuses it", () => {
  const wasm = soloKernels(createArena(4096 + teamBytes({ threads: 1 })));
  const at = wasm.reserve(1024);
  const [x, y] = [f32(at, 4, 4), f32(at + 256, 4, 4)];
  const wrong: KernelCall[] = [
    { call: "matmul", a: x, b: f32(at + 128, 4, 5), out: y },
    { call: "matmul", a: { ...x, dtype: "i32" }, b: x, out: y },
    { call: "reduce", kind: "sum", x, axis: 2, out: y },
    { call: "swapPairs", x: f32(at, 5), out: f32(at + 64, 5) },
    { call: "gather", table: x, index: f32(at + 128, 2), fill: 0, out: y },
    { call: "copy", x, out: f32(at + 2, 4, 4) },
    { call: "copy", x, out: { ...x, at: at + 4 } },
    { call: "chain", shape: [4, 4], sources: [x], steps: [{ op: "add", in: [0] }], outputs: [{ value: 1, out: y }] },
    {
      call: "chain",
      shape: [4, 4],
      sources: [x],
      steps: [{ op: "neg", in: [0] }],
      outputs: [{ value: 1, out: f32(at + 4, 4, 4) }],
    },
    { call: "toInt8", x, out: y },
  ];
  for (const call of wrong) {
    const message = (run: () => unknown): string => {
      try {
        run();
      } catch (error) {
        return (error as Error).message;
      }
      assert.fail(`${JSON.stringify(call)} is not refused`);
    };
    assert.equal(
      message(() => encodeLaunches([call], device, [at, at + 1024])),
      message(() => wasm.compile([call])),
    );
  }
});
