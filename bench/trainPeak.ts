// Trains a few steps of the ten-million-parameter GPT in this process and prints its peak resident memory in MiB.
import { createTrainProgram } from "../packages/tensor/src/train/Program.ts";
import { openTrainer } from "../packages/tensor/src/train/Trainer.ts";
import { benchCorpus, large } from "./trainSubjects.ts";

const corpus = benchCorpus(100_000);
const program = createTrainProgram(large, { corpus, seed: new Uint8Array(32) });
const trainer = await openTrainer(program, corpus);
await trainer.steps(3);
await trainer.close();
process.stdout.write(`${process.resourceUsage().maxRSS / 1024}\n`);
