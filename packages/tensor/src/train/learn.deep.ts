// The main preset trained to its end against the two-character n-gram, for `npm run test:deep`.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { evaluate, evaluateNGrams } from "./evaluate.ts";
import { heldOut } from "./heldOut.ts";
import { createTrainProgram, openProgram } from "./Program.ts";
import { trainPresets } from "./presets.ts";
import { runSegment } from "./runSegment.ts";
import { openTrainer } from "./Trainer.ts";

const dataFolder = resolve(process.env["WEFT_DATA"] ?? join(import.meta.dirname, "../../../../../shared/data"));
const path = join(dataFolder, "ml", "tinyshakespeare", "input.txt");
const skip = existsSync(path) ? false : "data: tinyshakespeare";

test("tiny-shakespeare: the main preset passes the two-character n-gram by a quarter of a bit", { skip }, async () => {
  const corpus = readFileSync(path);
  const program = createTrainProgram(trainPresets.main, { corpus, seed: new Uint8Array(32).fill(7) });
  const trainer = await openTrainer(program, corpus);
  const { checkpoint } = await runSegment(trainer, { firstStep: 0, lastStep: program.totalSteps - 1 });
  await trainer.close();
  const part = heldOut(openProgram(program), corpus, 100_000);
  const { bitsPerChar } = await evaluate(part, checkpoint);
  const [baseline] = evaluateNGrams(part, [2]) as [number];
  assert.ok(bitsPerChar < baseline - 0.25, `${bitsPerChar} bits against ${baseline}`);
});
