import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { runtimeCompliance } from "@weft/compute/runtimeCompliance";
import { tinyCorpus, tinyTrainProgram } from "@weft/tensor/train/tinyTrainProgram";
import { systemClock } from "@weft/transport/Clock";
import { createInlineRuntime } from "./InlineRuntime.ts";

const root = mkdtempSync(join(tmpdir(), "weft-inline-"));
after(() => rmSync(root, { recursive: true, force: true }));
const corpusPath = join(root, "corpus.txt");
writeFileSync(corpusPath, tinyCorpus);

const job = (runId: string) => ({
  runId,
  spec: { program: tinyTrainProgram({ totalSteps: 48, stepsPerSegment: 4 }), corpusPath },
  limits: { threads: 1, memoryMiB: 256, nice: 0 },
});

runtimeCompliance("inline", {
  open: (folder) => createInlineRuntime({ folder, clock: systemClock, segmentSeconds: 0.02, faults: {} }),
  folder: () => mkdtempSync(join(root, "run-")),
  job,
  badJob: (runId) => ({ ...job(runId), spec: { corpusPath, extra: 1 } as never }),
});
