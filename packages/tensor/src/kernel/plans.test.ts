// Plans and sets at their limits: calls that do not fit are refused before anything runs; memory and plans are handed out once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { tensorFrom } from "../graph/TensorValue.ts";
import { arenaOf, createArena } from "./Arena.ts";
import type { ChainStep, KernelCall } from "./KernelCall.ts";
import { packedBytes } from "./packedBytes.ts";
import { get, put, room, runOnce } from "./setFixture.ts";
import { contiguousStrides, transposed, type View } from "./View.ts";
import { createWasmKernels, soloKernels, teamBytes, teamKernels } from "./wasmKernels.ts";

const MEGABYTE = 2 ** 20;
const solo = (bytes = MEGABYTE) => soloKernels(createArena(bytes + teamBytes({ threads: 1 })));
const wrong = (message: RegExp) => ({ code: "tensor.bad-tensor", message });

test("calls that do not fit their views are refused with what is wrong", () => {
  const set = solo();
  const f32 = (...shape: number[]): View => room(set, { dtype: "f32", shape });
  const i32 = (...shape: number[]): View => room(set, { dtype: "i32", shape });
  const [x, y, index] = [f32(4, 6), f32(4, 6), i32(4)];
  const gaps: View = { ...f32(4, 8), shape: [4, 6], strides: [8, 1] };
  const inside = (view: View): View => ({ ...view, at: x.at + 8 });
  const bad: [KernelCall, RegExp][] = [
    [{ call: "matmul", a: x, b: f32(5, 7), out: f32(4, 5) }, /matmul of \[4,6\] and \[5,7\] into \[4,5\]/],
    [{ call: "matmul", a: x, b: f32(5, 6), out: i32(4, 5) }, /matmul of f32 and f32 into i32/],
    [
      { call: "matmul", a: { ...x, strides: [12, 2] }, b: f32(5, 6), out: f32(4, 5) },
      /a of a product has strides 12,2/,
    ],
    [{ call: "matmul", a: f32(2, 4, 6), b: f32(3, 5, 6), out: f32(3, 4, 5) }, /\[2\] does not broadcast to \[3\]/],
    [{ call: "matmul", a: x, b: f32(6, 6), out: x }, /the result of matmul lies on an operand/],
    [{ call: "reduce", kind: "sum", x: gaps, axis: 0, out: f32(1, 6) }, /x of reduce must be contiguous/],
    [{ call: "reduce", kind: "sum", x, axis: 2, out: f32(1, 6) }, /reduce of axis 2 of \[4,6\]/],
    [{ call: "copy", x, out: inside(f32(4, 6)) }, /the result of copy lies on an operand/],
    [{ call: "copy", x, out: { ...f32(6), shape: [4, 6], strides: [0, 1] } }, /copy into a broadcast view/],
    [{ call: "swapPairs", x: f32(2, 3), out: f32(2, 3) }, /swapPairs of \[2,3\]/],
    [{ call: "gather", table: x, index, fill: 0, out: f32(4, 5) }, /gather of \[4,6\] by \[4\] into \[4,5\]/],
    [{ call: "gather", table: x, index: y, fill: 0, out: f32(4, 6) }, /index of gather is f32 \[4,6\], not i32/],
    [{ call: "scatterAdd", x, index: i32(3), out: f32(9, 6) }, /scatterAdd of \[4,6\] by \[3\] into \[9,6\]/],
    [{ call: "toInt8", x, out: f32(4, 6) }, /out of toInt8 is f32 \[4,6\], not i8/],
    [{ call: "reduce", kind: "max", x: { ...x, at: 2 ** 30 }, axis: 0, out: f32(1, 6) }, /reduce of bytes 1073741824/],
    [{ call: "reduce", kind: "max", x: { ...x, at: 0 }, axis: 0, out: f32(1, 6) }, /reduce of bytes 0 to 96/],
    [{ call: "reduce", kind: "max", x: { ...x, at: x.at + 2 }, axis: 0, out: f32(1, 6) }, /reduce of bytes/],
  ];
  for (const [call, message] of bad) assert.throws(() => set.compile([call]), wrong(message), JSON.stringify(call));
});

test("chains that do not fit are refused with what is wrong", () => {
  const set = solo(8 * MEGABYTE);
  const f32 = (...shape: number[]): View => room(set, { dtype: "f32", shape });
  const [x, y, out] = [f32(4, 6), f32(4, 6), f32(4, 6)];
  const add: ChainStep = { op: "add", in: [0, 1] };
  const wide = 40_000;
  const bad: [Partial<Extract<KernelCall, { call: "chain" }>>, RegExp][] = [
    [{ steps: [{ op: "add", in: [0, 2] }] }, /step 0 of a chain is add of 0,2/],
    [{ steps: [{ op: "neg", in: [0, 1] }] }, /step 0 of a chain is neg of 0,1/],
    [{ steps: [{ op: "toFloat", in: [0] }] }, /step 0 of a chain is toFloat of f32/],
    [{ sources: [x, f32(5)] }, /\[5\] does not broadcast to \[4,6\]/],
    [{ sources: [x, { ...y, strides: [12, 2] }] }, /source 1 of a chain has column stride 2/],
    [
      { sources: [x, { oneHot: room(set, { dtype: "i32", shape: [3] }) }] },
      /one-hot rows of \[3\] in a chain of \[4,6\]/,
    ],
    [{ outputs: [{ value: 5, out }] }, /a chain's output is value 5/],
    [{ outputs: [{ value: 2, out: f32(6, 4) }] }, /output \[6,4\] of a chain of \[4,6\]/],
    [{ outputs: [{ value: 2, out: { ...x, at: x.at + 4 } }] }, /output 0 of a chain lies on source 0/],
    [{ sources: [x, f32(6)], outputs: [{ value: 2, out: { ...x, at: x.at - 16 } }] }, /lies on source 0/],
    [
      {
        outputs: [
          { value: 2, out },
          { value: 0, out: { ...out, at: out.at + 4 } },
        ],
      },
      /outputs of a chain overlap/,
    ],
    [
      {
        outputs: [
          { value: 2, out: x },
          { value: 0, out },
        ],
      },
      /output 0 of a chain lies on source 0/,
    ],
    [
      {
        shape: [2, wide],
        sources: [f32(2, wide)],
        steps: [{ op: "reduceSum", in: [0] }],
        outputs: [{ value: 1, out: f32(2, 1) }],
      },
      /a chain over rows of 40000 columns/,
    ],
  ];
  const good = { call: "chain", shape: [4, 6], sources: [x, y], steps: [add], outputs: [{ value: 2, out }] } as const;
  runOnce(set, [good]);
  for (const [change, message] of bad)
    assert.throws(() => set.compile([{ ...good, ...change }]), wrong(message), String(message));
});

test("a chain may write over the sources that it reads at the same index, and nothing else", () => {
  const set = solo();
  const p = put(set, tensorFrom("f32", [2, 3], [1, 2, 3, 4, 5, 6]));
  const g = put(set, tensorFrom("f32", [2, 3], [1, 1, 1, 2, 2, 2]));
  const steps: ChainStep[] = [
    { op: "sub", in: [0, 1] },
    { op: "mul", in: [1, 2] },
    { op: "reduceSum", in: [3] },
  ];
  const sums = room(set, { dtype: "f32", shape: [2, 1] });
  const outputs = [
    { value: 2, out: p },
    { value: 3, out: g },
    { value: 4, out: sums },
  ];
  runOnce(set, [{ call: "chain", shape: [2, 3], sources: [p, g], steps, outputs }]);
  assert.deepEqual(Array.from(get(set, p).data), [0, 1, 2, 2, 3, 4]);
  assert.deepEqual(Array.from(get(set, g).data), [0, 1, 2, 4, 6, 8]);
  assert.deepEqual(Array.from(get(set, sums).data), [3, 18]);
});

test("memory that does not suffice is refused with the numbers; plans give theirs back", () => {
  assert.throws(() => createArena(2 ** 32), { code: "tensor.bad-option", message: /the kernels address 4294901760/ });
  const set = solo();
  const view = { ...room(set, { dtype: "f32", shape: [9] }), shape: [3] };
  set.write(view, Float32Array.of(1, 2, 3));
  for (let i = 0; i < 1000; i++) runOnce(set, [{ call: "copy", x: view, out: { ...view, at: view.at + 12 } }]);
  const free = set.reserve(0);
  assert.ok(free - view.at < 64 * 1024, "a thousand plans one after the other fit where one fits");
  assert.throws(() => set.reserve(4 * MEGABYTE), { code: "tensor.bad-option", message: /4194304 bytes more than/ });
  set.reserve(64);
  const copy: KernelCall = { call: "copy", x: view, out: { ...view, at: view.at + 12 } };
  const released = set.compile([copy]);
  released.release();
  released.release();
  const plans = [set.compile([copy]), set.compile([{ ...copy, out: { ...view, at: view.at + 24 } }])];
  for (const plan of plans) set.run(plan);
  const copied = { ...view, at: view.at + 12, shape: [6] };
  assert.deepEqual(Array.from(get(set, copied).data), [1, 2, 3, 1, 2, 3], "a plan given back twice is lent once");
});

test("what the host reads and writes must be contiguous, of the right size, inside memory", () => {
  const set = solo();
  const view = room(set, { dtype: "f32", shape: [2, 3] });
  assert.throws(() => set.write(view, new Float32Array(5)), wrong(/20 bytes for a view of 24/));
  assert.throws(() => set.read(transposed(view, [1, 0]), new Float32Array(6)), wrong(/must be contiguous/));
  assert.throws(() => set.write({ ...view, at: 2 ** 31 }, new Float32Array(6)), wrong(/outside the set's memory/));
  assert.throws(() => set.write({ ...view, at: 0 }, new Float32Array(6)), wrong(/outside the set's memory/));
});

test("a set with a senseless number of threads is refused, a closed one runs nothing", async () => {
  for (const threads of [0, 1.5, 65]) {
    const open = teamKernels(createArena(MEGABYTE), { threads });
    await assert.rejects(open, { code: "tensor.bad-option", message: `${threads} threads` });
  }
  const set = await createWasmKernels(MEGABYTE, { threads: 3 });
  const x = put(set, tensorFrom("f32", [1], [1]));
  const plan = set.compile([{ call: "copy", x, out: { ...x, at: set.reserve(4) } }]);
  set.run(plan);
  await set.close();
  await set.close();
  assert.throws(() => set.run(plan), { code: "tensor.closed" });
});

test("two sets on one memory: one computes with what the other made", async () => {
  const arena = createArena(MEGABYTE + teamBytes({ threads: 1 }) + teamBytes({ threads: 2 }));
  const [one, two] = [soloKernels(arena), await teamKernels(arena, { threads: 2 })];
  const x = put(one, tensorFrom("f32", [4], [1, 4, 9, 16]));
  const [roots, negative] = [room(one, x), room(two, x)];
  const step = (op: "sqrt" | "neg", from: View, out: View): KernelCall => ({
    call: "chain",
    shape: [4],
    sources: [from],
    steps: [{ op, in: [0] }],
    outputs: [{ value: 1, out }],
  });
  runOnce(one, [step("sqrt", x, roots)]);
  runOnce(two, [step("neg", roots, negative)]);
  assert.deepEqual(Array.from(get(one, negative).data), [-1, -2, -3, -4]);
  await two.close();
});

test("a part of an arena, posted, is an arena of its own over the same tensors", () => {
  const arena = createArena(MEGABYTE + 2 * teamBytes({ threads: 1 }));
  const x = put(soloKernels(arena), tensorFrom("f32", [2], [1, 2]));
  const other = arenaOf(structuredClone(arena.part(teamBytes({ threads: 1 }) + 8192)));
  const set = soloKernels(other);
  assert.deepEqual(Array.from(get(set, x).data), [1, 2]);
  const copied = room(set, x);
  runOnce(set, [{ call: "copy", x, out: copied }]);
  assert.deepEqual(Array.from(get(set, copied).data), [1, 2]);
  assert.throws(() => set.reserve(8192), { code: "tensor.bad-option" });
  assert.throws(() => soloKernels(other), { code: "tensor.bad-option" });
  assert.ok(arena.reserve(64) >= copied.at + 4096, "the part is not handed out again");
});

test("packed operands take whole panels; strides of a shape are its row-major ones", () => {
  assert.equal(packedBytes({ dtype: "f32", shape: [2, 9, 5] }), 2 * 16 * 5 * 4);
  assert.equal(packedBytes({ dtype: "i8", shape: [9, 5] }), 16 * 3 * 4);
  assert.deepEqual(contiguousStrides([2, 3, 4]), [12, 4, 1]);
});
