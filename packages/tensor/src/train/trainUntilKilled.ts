// For the test of a killed trainer: trains the tiny program in a process of its own and keeps a checkpoint per segment in
// the folder it is given. Says when one is there, and when it is well past it.
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tinyCorpus } from "../tinyProgram.ts";
import { openTrainer } from "./Trainer.ts";
import { tinyTrainProgram } from "./tinyTrainProgram.ts";

const folder = process.argv[2]!;
const program = tinyTrainProgram();
const trainer = await openTrainer(program, tinyCorpus);
while (trainer.nextStep < program.totalSteps) {
  const { step } = await trainer.step();
  process.stdout.write(`step ${step}\n`);
  if (trainer.nextStep % program.stepsPerSegment !== 0) continue;
  writeFileSync(join(folder, "writing"), await trainer.exportState());
  renameSync(join(folder, "writing"), join(folder, "checkpoint"));
}
// Stays until it is killed.
setInterval(() => undefined, 1000);
