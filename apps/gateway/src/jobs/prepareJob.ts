// From a job file and a corpus to what is ordered: the program, its salted details and their commitment. Pure.

import * as JobDetails from "@weft/protocol/JobDetails";
import type { JobFile } from "@weft/protocol/JobFile";
import type { JobStart } from "@weft/protocol/JobStart";
import type { Opening } from "@weft/protocol/messages";
import { createProgram, encodeProgram, type Preset, type Program } from "@weft/tensor/Program";
import { presets } from "@weft/tensor/presets";
import { type Hex, numberToHex, sha256 } from "viem";

export interface Prepared {
  program: Program;
  details: Opening[];
  jobCommitment: Hex;
}

/** The preset with the file's overrides. */
export function presetOf(file: JobFile): Preset {
  const base = presets[file.program.preset];
  const { context, embed, hidden, batch, steps, stepsPerSegment, learningRate } = file.program;
  const totalSteps = steps ?? base.totalSteps;
  return {
    ...base,
    model: {
      context: context ?? base.model.context,
      embedding: embed ?? base.model.embedding,
      hidden: hidden ?? base.model.hidden,
    },
    batch: batch ?? base.batch,
    totalSteps,
    stepsPerSegment: Math.min(stepsPerSegment ?? base.stepsPerSegment, totalSteps),
    schedule: {
      ...base.schedule,
      rateNano: learningRate ?? base.schedule.rateNano,
      finalRateNano: Math.min(base.schedule.finalRateNano, learningRate ?? base.schedule.rateNano),
      warmupSteps: Math.min(base.schedule.warmupSteps, totalSteps),
    },
  };
}

/** 32 bytes from the file's seed number. */
const seedBytes = (seed: number): Uint8Array => sha256(numberToHex(seed, { size: 32 }), "bytes");

/**
 * @param corpus the training text
 * @param secret 32 bytes from which the salts of the details derive; whoever has it can open every field
 * @throws TensorError `bad-program`, `bad-corpus`
 */
export function prepareJob(file: JobFile, corpus: { bytes: Uint8Array; contentId: Hex }, secret: Hex): Prepared {
  const program = createProgram(presetOf(file), corpus.bytes, seedBytes(file.program.seed));
  const details: JobDetails.Details = {
    kind: file.kind,
    program: JSON.parse(encodeProgram(program)) as JobDetails.Json,
    corpus: { contentId: corpus.contentId, bytes: corpus.bytes.length },
    name: file.name,
    start: null,
  };
  return { program, ...openAll(details, JobDetails.saltsOf(secret)) };
}

type Committed = Pick<Prepared, "details" | "jobCommitment">;

const openAll = (details: JobDetails.Details, salts: JobDetails.Salts): Committed => ({
  details: JobDetails.fieldNames.map((field) => JobDetails.open(details, salts, field)),
  jobCommitment: JobDetails.commit(details, salts),
});

/** The same details for an order that begins elsewhere. */
export function withStart(openings: readonly Opening[], start: JobStart): Committed {
  const values = openings.map(({ field, value }) => [field, JSON.parse(value) as JobDetails.Json]);
  const salts = Object.fromEntries(openings.map(({ field, salt }) => [field, salt])) as JobDetails.Salts;
  return openAll({ ...Object.fromEntries(values), start }, salts);
}

/** Where the work of opened details begins. */
export function startOf(openings: readonly Opening[]): JobStart {
  return JSON.parse(openings.find(({ field }) => field === "start")?.value ?? "null") as JobStart;
}
