// For the test of a killed trainer: trains the tiny program in a process of its own and keeps a checkpoint per segment in
// the folder it is given. After step `LAST` it says so, and is killed while it computes on towards the next checkpoint.
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openTrainer } from "./Trainer.ts";
import { tinyCorpus, tinyTrainProgram } from "./tinyTrainProgram.ts";

const folder = process.argv[2]!;
const LAST = 14;
const program = tinyTrainProgram();
const trainer = await openTrainer(program, tinyCorpus);
while (trainer.nextStep <= LAST) {
  await trainer.step();
  if (trainer.nextStep % program.stepsPerSegment !== 0) continue;
  writeFileSync(join(folder, "writing"), await trainer.exportState());
  renameSync(join(folder, "writing"), join(folder, "checkpoint"));
}
process.stdout.write(`step ${LAST}\n`);
await trainer.steps(3);
// Stays until it is killed.
setInterval(() => undefined, 1000);
