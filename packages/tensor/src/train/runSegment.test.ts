// Segments: where they begin and end, and what of a trainer they refuse.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runSegment, segmentSteps } from "./runSegment.ts";
import { openTrainer } from "./Trainer.ts";
import { tinyCorpus, tinyTrainProgram } from "./tinyTrainProgram.ts";

test("steps past the program's end and misplaced segments are refused", async () => {
  const trainer = await openTrainer(tinyTrainProgram(), tinyCorpus, { inline: true });
  await assert.rejects(trainer.steps(25), /past the program's 24 steps/);
  await assert.rejects(trainer.steps(0), /count is 0/);
  await assert.rejects(runSegment(trainer, { firstStep: 6, lastStep: 11 }), /firstStep is 6, the trainer is at 0/);
  await assert.rejects(runSegment(trainer, { firstStep: 0, lastStep: 24 }), /lastStep is 24/);
  await trainer.close();
});

test("segments tile the program", () => {
  const program = { totalSteps: 20, stepsPerSegment: 6 };
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((i) => segmentSteps(program, i)),
    [[0, 5], [6, 11], [12, 17], [18, 19], undefined],
  );
});
