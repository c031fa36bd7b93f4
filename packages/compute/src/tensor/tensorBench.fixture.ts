// For tests: the tiny program and its corpus on disk, temporary folders, jobs over them.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tinyCorpus, tinyTrainProgram } from "@weft/tensor/train/tinyTrainProgram";
import type { RuntimeJob } from "../Runtime.ts";
import type { TensorSpec } from "./TensorRuntime.ts";

export const tempFolder = (): string => mkdtempSync(join(tmpdir(), "weft-compute-"));

export const corpusPath = join(tempFolder(), "corpus.txt");
writeFileSync(corpusPath, tinyCorpus);

export const limits = { threads: 1, memoryMiB: 512, nice: 0 };

/** 12 segments of 40 steps. */
export const program = tinyTrainProgram({ totalSteps: 480, stepsPerSegment: 40 });

export const tensorJob = (runId: string, spec: Partial<TensorSpec> = {}): RuntimeJob<TensorSpec> => ({
  runId,
  spec: { program, corpusPath, ...spec },
  limits,
});
