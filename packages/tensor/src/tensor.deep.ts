// The long forms of this package's suites, for `npm run test:deep`: a million bit patterns through the recipes, and the
// main preset trained to its end against the two-character n-gram.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { evaluate, evaluateNGram } from "./evaluate.ts";
import { kernelBench } from "./kernelFixture.ts";
import { createProgram } from "./Program.ts";
import { presets } from "./presets.ts";
import { bitsOf, expRecipe, fromBits, logRecipe, tanhRecipe } from "./recipes.ts";
import { runSegment, segmentSteps } from "./runSegment.ts";
import { seedWords } from "./seedStream.ts";
import { openTrainer } from "./Trainer.ts";

const dataFolder = resolve(process.env["WEFT_DATA"] ?? join(import.meta.dirname, "../../../../shared/data"));
const path = join(dataFolder, "ml", "tinyshakespeare", "input.txt");
const skip = existsSync(path) ? false : "data: tinyshakespeare";

for (const [name, scalar] of [
  ["expInto", expRecipe],
  ["logInto", logRecipe],
  ["tanhInto", tanhRecipe],
] as const) {
  test(`${name}: kernel and reference agree on a million random bit patterns`, () => {
    const inputs = seedWords(new Uint8Array(32).fill(2), `deep/${name}`, 0, 1_000_000);
    const { kernel, allocate } = kernelBench(inputs.length * 8 + 256);
    const x = allocate(1, inputs.length);
    const out = allocate(1, inputs.length);
    new Uint32Array(x.buffer, x.byteOffset, x.length).set(inputs);
    kernel.exports[name](x.byteOffset, out.byteOffset, 0, inputs.length);
    const got = new Uint32Array(out.buffer, out.byteOffset, out.length);
    inputs.forEach((input, i) => {
      if (got[i] !== bitsOf(scalar(fromBits(input)))) assert.fail(`${name} differs at 0x${input.toString(16)}`);
    });
  });
}

test("tiny-shakespeare: the main preset passes the two-character n-gram by 0.4 bits", { skip }, async () => {
  const corpus = readFileSync(path);
  const program = createProgram(presets.main, corpus, new Uint8Array(32).fill(7));
  const trainer = await openTrainer(program, corpus);
  let checkpoint = new Uint8Array();
  for (let segment = 0; segmentSteps(program, segment); segment++) {
    const [firstStep, lastStep] = segmentSteps(program, segment)!;
    checkpoint = new Uint8Array((await runSegment(trainer, { firstStep, lastStep, stepsPerMessage: 64 })).checkpoint);
  }
  await trainer.close();
  const { bitsPerChar } = await evaluate(program, checkpoint, corpus, { positions: 200_000 });
  const baseline = evaluateNGram(program, corpus, 2, { positions: 200_000 });
  assert.ok(bitsPerChar < baseline - 0.4, `${bitsPerChar} bits against ${baseline}`);
});
