// The CUDA kernel set, host side and sources, on an emulated device: the same calls of the driver, the sources compiled as C++. It says
// nothing of a real compiler or GPU (compiled.deep.ts and gpu.test.ts do).
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { stepInputs } from "../../execute/executeFixture.ts";
import { openRunner } from "../../execute/GraphRunner.ts";
import { walkBytes } from "../../execute/openGraph.ts";
import { tinyAdamw, tinyGpt } from "../../graph/graphFixture.ts";
import { bitsView, type TensorValue, tensorFrom } from "../../graph/TensorValue.ts";
import { openStepper, stepperBytes } from "../../infer/GptStepper.ts";
import { drawModel, prefixLogits, rowBits } from "../../infer/inferFixture.ts";
import { planGraph } from "../../plan/planGraph.ts";
import { evaluateGraph } from "../../reference/evaluateGraph.ts";
import { startState } from "../../train/startState.ts";
import { buildStepGraph } from "../../train/stepGraph.ts";
import { COMPLIANCE_BYTES, kernelCompliance } from "../compliance/kernelCompliance.ts";
import { bits, createDraws, drawTensor, expected, get, put, room, runOnce } from "../setFixture.ts";
import { compileKernels } from "./compile.ts";
import { createCudaKernels } from "./cudaKernels.ts";
import { buildEmulator, type Emulator, emulatorWorks } from "./emulatorFixture.ts";
import { kernelSource } from "./sources.ts";

const MEBIBYTE = 2 ** 20;
let built: Emulator | undefined;
const emulator = (): Emulator => (built ??= buildEmulator());
after(() => built?.remove());

if (emulatorWorks) kernelCompliance("emulated gpu", () => createCudaKernels(COMPLIANCE_BYTES, emulator().options));
else test("emulated gpu: every call of the compliance suite", { skip: "no g++" });

const emulated = (name: string, run: () => Promise<void>) =>
  test(`emulated gpu: ${name}`, { skip: emulatorWorks ? false : "no g++" }, run);

emulated("planned training steps, chains fused, give the reference's state", async () => {
  const step = buildStepGraph(tinyGpt, { ...tinyAdamw, batch: 3, accumulate: 2, clipMilli: 500 });
  const plan = planGraph(step.graph);
  const set = await createCudaKernels(walkBytes(plan) * 2 + MEBIBYTE, emulator().options);
  const runner = openRunner(set, plan);
  let state: Record<string, TensorValue> = startState(new Uint8Array(32), step.state);
  for (const [name, value] of Object.entries(state)) runner.write(name, value);
  for (let t = 0; t < 2; t++) {
    const inputs = stepInputs(step, t);
    for (const [name, value] of Object.entries(inputs)) runner.write(name, value);
    runner.run();
    const { outputs } = evaluateGraph(step.graph, { ...state, ...inputs });
    for (const [name, value] of Object.entries(outputs))
      assert.deepEqual(bitsView(runner.read(name)), bitsView(value), `step ${t}, ${name}`);
    state = Object.fromEntries(Object.keys(state).map((name) => [name, outputs[name]!]));
  }
  await set.close();
});

emulated("a device that flushes subnormals is refused before any work", async () => {
  const flushing = buildEmulator("-DEMULATE_FLUSH");
  await assert.rejects(createCudaKernels(MEBIBYTE, flushing.options), {
    code: "tensor.device-failed",
    message: /the GPU computes other bits than the reference/,
    fault: "us",
  });
  flushing.remove();
});

emulated("more memory than the GPU has, and a GPU that is not there, are refused with what to do", async () => {
  const { options } = emulator();
  await assert.rejects(createCudaKernels(2 ** 34, options), { code: "tensor.over-memory", remedy: /smaller model/ });
  await assert.rejects(createCudaKernels(MEBIBYTE, { ...options, device: 3 }), {
    code: "tensor.no-device",
    message: "there is no GPU 3: this machine has 1",
  });
});

emulated("a set refuses what lies outside its memory, and all work once it is closed", async () => {
  const set = await createCudaKernels(4096, emulator().options);
  const x = put(set, tensorFrom("f32", [4], [1, 2, 3, 4]));
  const out = room(set, { dtype: "f32", shape: [4] });
  assert.throws(() => set.reserve(8192), { code: "tensor.bad-option", message: /8192 bytes more than/ });
  assert.throws(() => set.write({ ...x, at: 0 }, new Float32Array(4)), /outside the set's memory/);
  assert.throws(() => set.read({ ...x, at: 4160 }, new Float32Array(4)), /outside the set's memory/);
  assert.throws(() => set.compile([{ call: "copy", x, out: { ...out, at: 4156 } }]), /copy of bytes/);
  assert.throws(() => set.compile([{ call: "copy", x, out: { ...out, shape: [5] } }]), /does not broadcast/);
  const plan = set.compile([{ call: "copy", x, out }]);
  set.run(plan);
  assert.deepEqual(Array.from(get(set, out).data), [1, 2, 3, 4]);
  await set.close();
  await set.close();
  plan.release();
  assert.throws(() => set.run(plan), { code: "tensor.closed" });
});

emulated("host arrays in shared memory are copied in and out", async () => {
  const set = await createCudaKernels(4096, emulator().options);
  const [into, from] = [1, 2].map(() => new Float32Array(new SharedArrayBuffer(12))) as [Float32Array, Float32Array];
  from.set([5, -0, 7]);
  const view = room(set, { dtype: "f32", shape: [3] });
  set.write(view, from);
  set.read(view, into);
  assert.deepEqual(into, from);
  await set.close();
});

emulated("a product of many tiles of either size, and one row folded over a batch", async () => {
  const set = await createCudaKernels(16 * MEBIBYTE, emulator().options);
  const draws = createDraws("tiles");
  for (const [shapeA, shapeB] of [
    [
      [300, 19],
      [270, 19],
    ],
    [
      [33, 40],
      [260, 40],
    ],
    [
      [64, 1, 30],
      [9, 30],
    ],
    [
      [130, 257],
      [1, 257],
    ],
  ] as const) {
    const [a, b] = [drawTensor(draws, shapeA, "ordinary"), drawTensor(draws, shapeB, "ordinary")];
    const result = expected("matmul", [a, b], {});
    const out = room(set, result);
    runOnce(set, [{ call: "matmul", a: put(set, a), b: put(set, b), out }]);
    assert.deepEqual(bits(get(set, out)), bits(result), `[${shapeA}] · [${shapeB}]`);
  }
  await set.close();
});

emulated("compiled code is kept under what it depends on", async () => {
  const { options } = emulator();
  const folder = mkdtempSync(join(tmpdir(), "weft-cache-"));
  const cache = join(folder, "kernels");
  const source = kernelSource();
  const first = compileKernels(source, 90, { ...options, cache });
  assert.match(readdirSync(cache).join(), /^[0-9a-f]{64}\.cubin$/);
  assert.equal(statSync(cache).mode & 0o077, 0, "nobody else may write what is run");
  assert.deepEqual(Buffer.from(compileKernels(source, 90, { ...options, cache }).code), Buffer.from(first.code));
  compileKernels(`${source}\n`, 90, { ...options, cache });
  assert.equal(readdirSync(cache).length, 2);
  rmSync(folder, { recursive: true });
});

emulated("sequences fed to the inference stepper in pieces have the bits of the forward graph", async () => {
  for (const seed of ["emulated/0", "emulated/1", "emulated/2"]) {
    const draws = createDraws(seed);
    const model = drawModel(draws);
    const { context, vocab } = model.config;
    const size = { slots: 3, context, rows: 7 };
    const set = await createCudaKernels(stepperBytes(model.config, size, 1), emulator().options);
    const stepper = openStepper(set, model.config, size);
    for (const { name, data } of model.tensors) stepper.load(name, 0, data as Float32Array);
    stepper.finishLoading();
    const sequences = Array.from({ length: 3 }, () => Array.from({ length: context }, () => draws.below(vocab)));
    const wanted = sequences.map((tokens) => prefixLogits(model, tokens));
    const done = [0, 0, 0];
    while (done.some((count) => count < context)) {
      const rows = done.flatMap((from, slot) => {
        const count = Math.min(draws.below(3), context - from);
        done[slot]! += count;
        return Array.from({ length: count }, (_, i) => ({
          token: sequences[slot]![from + i]!,
          slot,
          position: from + i,
        }));
      });
      const last = rows.flatMap(({ slot }, i) => (rows[i + 1]?.slot === slot ? [] : [i]));
      if (rows.length === 0) continue;
      const logits = stepper.step(rows, last);
      last.forEach((row, i) => {
        const { slot, position } = rows[row]!;
        const own = rowBits(logits.subarray(i * vocab, (i + 1) * vocab));
        assert.equal(own, wanted[slot]![position], `${seed}, slot ${slot}, position ${position}`);
      });
    }
    await set.close();
  }
});
