// For the test of a killed training: `weft train` of a job file in a folder, with a checkpoint after every message, in a
// process that stops for good after step `LAST`, between two checkpoints, and waits there to be killed.
import { join } from "node:path";
import { createJobProgram } from "@weft/compute/tensor/jobProgram";
import { openProgram } from "@weft/tensor/train/Program";
import { readCorpus } from "../job/corpus.ts";
import { readJobFile } from "../job/readJobFile.ts";
import { appendLosses, keepLosses, openTrainFolder, saveCheckpointFile } from "./TrainFolder.ts";
import { trainHere } from "./trainHere.ts";

const [, , jobPath, out] = process.argv as [string, string, string, string];
const LAST = 40;
const { job } = readJobFile(jobPath);
const corpus = readCorpus(join(jobPath, "..", "text.txt"));
const open = openProgram(createJobProgram(job.program, { corpus }));
const folder = await openTrainFolder(out, job.name);
keepLosses(folder, 0);
await trainHere(open.program, {
  ...{ corpus, threads: 1, checkpointEveryMs: 0, signal: new AbortController().signal },
  onSteps(results) {
    appendLosses(folder, results);
    if (results.at(-1)!.step < LAST) return;
    process.stdout.write(`step ${LAST}\n`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
  save: (bytes, nextStep) => void saveCheckpointFile(folder, bytes, nextStep),
});
