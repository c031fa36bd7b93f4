// From a job file and a corpus to what is ordered: the program, its salted details and their commitment. Pure.

import { createJobProgram, memoryOf, statedSpeed } from "@weft/compute/tensor/jobProgram";
import { WeftError } from "@weft/protocol/Errors";
import { maxCheckpointBytes } from "@weft/protocol/generated/params";
import type { JobCourt } from "@weft/protocol/JobCourt";
import * as JobDetails from "@weft/protocol/JobDetails";
import type { JobFile } from "@weft/protocol/JobFile";
import type { JobStart } from "@weft/protocol/JobStart";
import type { Opening } from "@weft/protocol/messages";
import { checkpointBytes } from "@weft/tensor/train/Checkpoint";
import { encodeTrainProgram, outlineProgram, type TrainProgram } from "@weft/tensor/train/Program";
import type { Hex } from "viem";

export interface Prepared {
  program: TrainProgram;
  details: Opening[];
  jobCommitment: Hex;
}

/** Checkpoints travel after every segment; nodes refuse programs with larger ones. */
function checkSize(program: TrainProgram): void {
  const bytes = checkpointBytes(outlineProgram(program), program.totalSteps);
  if (bytes > maxCheckpointBytes)
    throw new WeftError(`a checkpoint of the program has ${bytes} bytes, at most ${maxCheckpointBytes} travel`, {
      code: "job.checkpoint",
      remedy: "use a smaller model; AdamW's state is two more of it, sgd's one",
    });
}

const gib = 2 ** 30;
/** What a file that states no memory gets: no smaller machine offers itself. */
const unstatedGiB = 1;

/** A provider would refuse it after the lease has begun; here it costs nothing yet. */
function checkMemory({ resources }: JobFile, program: TrainProgram): void {
  const bytes = memoryOf(program);
  const stated = resources.memoryGiB || unstatedGiB;
  if (bytes <= stated * gib) return;
  throw new WeftError(`the program needs ${bytes} bytes of memory, units of ${stated} GiB have ${stated * gib}`, {
    code: "job.memory",
    remedy: `set resources.memoryGiB to ${Math.ceil(bytes / gib)} or more, or use a smaller model, batch or context`,
  });
}

/**
 * @param corpus the training text
 * @param secret 32 bytes from which the salts of the details derive; whoever has it can open every field
 * @throws TensorError `bad-program`, `bad-tokenizer`; WeftError `program.schedule`, `program.text`, `job.checkpoint`,
 * `job.memory`
 */
export function prepareJob(file: JobFile, corpus: { bytes: Uint8Array; contentId: Hex }, secret: Hex): Prepared {
  const program = createJobProgram(file.program, { corpus: corpus.bytes, gflops: statedSpeed(file) });
  checkSize(program);
  checkMemory(file, program);
  const details: JobDetails.Details = {
    kind: file.kind,
    program: JSON.parse(encodeTrainProgram(program)) as JobDetails.Json,
    corpus: { contentId: corpus.contentId, bytes: corpus.bytes.length },
    name: file.name,
    start: null,
    court: null,
  };
  return { program, ...openAll(details, JobDetails.saltsOf(secret)) };
}

type Committed = Pick<Prepared, "details" | "jobCommitment">;

const openAll = (details: JobDetails.Details, salts: JobDetails.Salts): Committed => ({
  details: JobDetails.fieldNames.map((field) => JobDetails.open(details, salts, field)),
  jobCommitment: JobDetails.commit(details, salts),
});

/** What of a job's details belongs to one order: where its work begins, and the court program that follows from that. */
export type OrderFields = {
  start: JobStart;
  court: JobCourt;
};

/** The same details for another order. */
export function withFields(openings: readonly Opening[], fields: OrderFields): Committed {
  const values = openings.map(({ field, value }) => [field, JSON.parse(value) as JobDetails.Json]);
  const salts = Object.fromEntries(openings.map(({ field, salt }) => [field, salt])) as JobDetails.Salts;
  return openAll({ ...Object.fromEntries(values), ...fields }, salts);
}

/** Those fields of opened details. */
export function fieldsOf(openings: readonly Opening[]): OrderFields {
  const read = (name: string) => JSON.parse(openings.find(({ field }) => field === name)?.value ?? "null");
  return { start: read("start") as JobStart, court: read("court") as JobCourt };
}
