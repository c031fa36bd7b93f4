// The shared vectors are what the reference computes, and the kernels and the trainer reproduce them.
// WEFT_UPDATE_VECTORS=1 rewrites the files.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { kernelBench } from "./kernelFixture.ts";
import { decodeProgram } from "./Program.ts";
import { runSegment } from "./runSegment.ts";
import { toHex } from "./sha256.ts";
import { openTrainer } from "./Trainer.ts";
import { hexWord, tensorVectors } from "./tensorVectors.ts";

const folder = resolve(import.meta.dirname, "../../../spec/vectors/tensor");
const vectors = tensorVectors();

if (process.env["WEFT_UPDATE_VECTORS"] === "1") {
  mkdirSync(folder, { recursive: true });
  for (const [name, value] of Object.entries(vectors)) {
    const lines = JSON.stringify(value, null, 1).replaceAll(
      /\[\s+((?:"[^"]*"|\d+)(?:,\s+(?:"[^"]*"|\d+))*)\s+\]/g,
      (_, items) => `[${items.replaceAll(/\s+/g, " ")}]`,
    );
    writeFileSync(join(folder, `${name}.json`), `${lines}\n`);
  }
}

const read = (name: string) => JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));

for (const name of Object.keys(vectors))
  test(`spec/vectors/tensor/${name}.json is what the reference computes`, () => {
    assert.deepEqual(read(name), JSON.parse(JSON.stringify(vectors[name])));
  });

const words = (texts: string[]) => Uint32Array.from(texts, (text) => Number.parseInt(text, 16));

test("the kernels reproduce the recipe vectors", () => {
  const { rows } = read("recipes") as { rows: [string, string, string, string][] };
  const { kernel, allocate } = kernelBench(20_000);
  const x = allocate(1, rows.length);
  new Uint32Array(x.buffer, x.byteOffset, x.length).set(words(rows.map((row) => row[0])));
  for (const [column, recipe] of [
    [1, "expInto"],
    [2, "logInto"],
    [3, "tanhInto"],
  ] as const) {
    const out = allocate(1, rows.length);
    kernel.exports[recipe](x.byteOffset, out.byteOffset, 0, rows.length);
    const got = Array.from(new Uint32Array(out.buffer, out.byteOffset, out.length), hexWord);
    assert.deepEqual(
      got,
      rows.map((row) => row[column]),
      recipe,
    );
  }
});

test("the kernels reproduce the matmul vectors", () => {
  for (const { name, M, K, N, a, b, out } of read("matmul")) {
    const { ops, allocate } = kernelBench(20_000);
    const put = (rows: number, columns: number, bits: string[]) => {
      const data = allocate(rows, columns);
      new Uint32Array(data.buffer, data.byteOffset, data.length).set(words(bits));
      return { rows, columns, data };
    };
    const result = put(M, N, []);
    ops.matmulNT(put(M, K, a), put(N, K, b), result);
    const got = new Uint32Array(result.data.buffer, result.data.byteOffset, M * N);
    assert.deepEqual(Array.from(got, hexWord), out, name);
  }
});

test("the trainer reproduces the training vector", async () => {
  const vector = read("training");
  const trainer = await openTrainer(decodeProgram(vector.program), new TextEncoder().encode(vector.corpus), {
    threads: 2,
  });
  const trace = await runSegment(trainer, { firstStep: 0, lastStep: 2 });
  await trainer.close();
  assert.equal(toHex(trace.startRoot), vector.startRoot);
  assert.deepEqual(
    trace.stepRoots.map(toHex),
    vector.steps.map((step: { stepRoot: string }) => step.stepRoot),
  );
  assert.equal(toHex(trace.historyRoot), vector.historyRoot);
  assert.equal(toHex(trace.checkpointId), vector.checkpointId);
});
