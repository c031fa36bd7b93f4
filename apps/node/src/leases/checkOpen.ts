// Does a `job.open` belong to this lease? Everything it says is checked against the order's commitment on chain, before
// anything is fetched or run. Pure.

import type { LeaseFacts } from "@weft/chain/facts";
import { WeftError } from "@weft/protocol/Errors";
import { hexOf } from "@weft/protocol/fields";
import { maxCheckpointBytes, maxCorpusBytes } from "@weft/protocol/generated/params";
import * as JobCourt from "@weft/protocol/JobCourt";
import * as JobDetails from "@weft/protocol/JobDetails";
import * as JobStart from "@weft/protocol/JobStart";
import type { Opening, StreamMessage } from "@weft/protocol/messages";
import * as Order from "@weft/protocol/Order";
import { checkpointBytes } from "@weft/tensor/train/Checkpoint";
import { outlineProgram, type TrainProgram } from "@weft/tensor/train/Program";
import { bytesToHex, type Hex } from "viem";
import { z } from "zod";
import type { BlobRef } from "./LeaseBody.ts";

/** What the openings say, once they are proven to belong to the order. */
export interface JobTerms {
  program: TrainProgram;
  programHash: Hex;
  corpus: BlobRef;
  /** Where the order's work begins. */
  start: JobStart.JobStart;
  /** Hash of the court program that the buyer says follows from the rest; checkCourt.ts computes it again. */
  court: JobCourt.JobCourt;
}

const corpusShape = z.strictObject({ contentId: hexOf(32), bytes: z.int().nonnegative().max(maxCorpusBytes) });

function refuse(code: string, message: string, remedy: string): never {
  throw new WeftError(message, { code, fault: "caller", remedy });
}

/**
 * Reads the details against the commitment in the order.
 * @throws WeftError `details.forged`, `details.missing`, `details.kind`, `details.corpus`, `details.program`,
 * `details.start`, `details.court`, `tensor.bad-program`
 */
export function readTerms(jobCommitment: Hex, details: readonly Opening[]): JobTerms {
  const fieldOf = (name: JobDetails.FieldName): JobDetails.Json => {
    const opening = details.find(({ field }) => field === name);
    if (opening === undefined) return refuse("details.missing", `the job's ${name} was not opened`, "open every field");
    return JobDetails.read(jobCommitment, opening);
  };
  const kind = fieldOf("kind");
  if (kind !== "train-lm")
    refuse("details.kind", `this node has no runtime for ${String(kind).slice(0, 64)}`, "order kind train-lm");
  const corpus = corpusShape.safeParse(fieldOf("corpus"));
  if (!corpus.success)
    return refuse("details.corpus", "the job's corpus is malformed", "commit to contentId and bytes");
  const outline = outlineProgram(fieldOf("program"));
  const { program } = outline;
  // Its state is hashed here and its checkpoints travel; a program of this size also expands and is planned in seconds.
  const bytes = checkpointBytes(outline, program.totalSteps);
  if (bytes > maxCheckpointBytes)
    refuse("details.program", `a checkpoint has ${bytes} bytes, at most ${maxCheckpointBytes}`, "use a smaller model");
  const start = JobStart.shape.safeParse(fieldOf("start"));
  if (!start.success || !JobStart.fits(start.data, program))
    return refuse(
      "details.start",
      "the job's start is malformed",
      "commit to null, or to a state after a whole segment",
    );
  const court = JobCourt.shape.safeParse(fieldOf("court"));
  if (!court.success)
    return refuse("details.court", "the job's court is malformed", "commit to null, or to the court program's hash");
  const programHash = bytesToHex(outline.hash);
  return { program, programHash, corpus: corpus.data, start: start.data, court: court.data };
}

/**
 * @throws WeftError `job.order` when the order is not the lease's, `job.court`, `job.corpus`, `job.resume`, or as readTerms
 */
export function checkOpen(lease: LeaseFacts, open: StreamMessage<"job.open">): JobTerms {
  if (Order.hash(open.order) !== lease.orderHash || open.order.jobCommitment !== lease.jobCommitment)
    refuse("job.order", "the order is not the one this lease was opened with", "send the order of the lease");
  const terms = readTerms(lease.jobCommitment, open.details);
  if (open.corpus.contentId !== terms.corpus.contentId || open.corpus.bytes !== terms.corpus.bytes)
    refuse("job.corpus", "the corpus is not the one the order commits to", "send the corpus of the order");
  if (terms.corpus.bytes !== terms.program.corpusBytes)
    refuse("job.corpus", "corpus and program disagree on the corpus' length", "rebuild the program from the corpus");
  if (BigInt(open.order.courtId) !== 0n && terms.court === null)
    refuse("job.court", "the order pins a court and its details name no court program", "let the gateway name it");
  checkResume(terms.program, open.resume);
  return terms;
}

/** A run continues at a segment's first step, never past its end. @throws WeftError `job.resume` */
export function checkResume(program: TrainProgram, resume: StreamMessage<"job.open">["resume"]): void {
  if (resume === undefined) return;
  const aligned = resume.nextStep > 0 && resume.nextStep % program.stepsPerSegment === 0;
  if (!aligned || resume.nextStep >= program.totalSteps || resume.bytes > maxCheckpointBytes)
    refuse("job.resume", `the run can't continue at step ${resume.nextStep}`, "continue after a whole segment");
}

/** The runtime's number of the lease's first segment. */
export const firstSegmentOf = (program: Pick<TrainProgram, "stepsPerSegment">, nextStep: number | undefined): number =>
  Math.floor((nextStep ?? 0) / program.stepsPerSegment);

/**
 * Who may speak for the buyer: the first peer that proved to know the details, and whoever holds the session key.
 * Auditors know the details too, later; they must not take over the session.
 */
export function mayOpen(
  lease: Pick<LeaseFacts, "voucherKey">,
  options: { boundTo: string | undefined; peerId: string; operator: string },
): boolean {
  return options.boundTo === undefined || options.boundTo === options.peerId || options.operator === lease.voucherKey;
}
