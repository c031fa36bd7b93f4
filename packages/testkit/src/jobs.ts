// The job that test networks buy: four segments of six steps of a model small enough that a step costs nothing.
import { prepareJob } from "@weft/gateway/jobs/prepareJob";
import { check, type JobFile } from "@weft/protocol/JobFile";
import { runSegment, segmentSteps } from "@weft/tensor/train/runSegment";
import { openTrainer } from "@weft/tensor/train/Trainer";
import { tinyCorpus } from "@weft/tensor/train/tinyTrainProgram";

/** A job file's fields as a person writes them; sections are merged. */
export interface JobChanges {
  name?: string;
  program?: Record<string, unknown>;
  resources?: Record<string, unknown>;
  pay?: Record<string, unknown>;
  placement?: Record<string, unknown>;
  [field: string]: unknown;
}

const base = {
  ...{ name: "tiny", kind: "train-lm", duration: "60s", auctionMs: 1500 },
  program: {
    model: { context: 4, dim: 8, layers: 1, heads: 2, kvHeads: 1, hidden: 10 },
    ...{ batch: 2, steps: 24, stepsPerSegment: 6, seed: 1 },
  },
  pay: { maxPricePerHour: "1", budget: "5" },
  resources: {},
  placement: {},
};

export const segmentsOfTinyJob = 4;

export function tinyJob(changes: JobChanges = {}): Record<string, unknown> {
  const { program, resources, pay, placement, ...rest } = changes;
  return {
    ...base,
    ...rest,
    program: { ...base.program, ...program },
    resources: { ...base.resources, ...resources },
    pay: { ...base.pay, ...pay },
    placement: { ...base.placement, ...placement },
  };
}

export function checkedJob(changes: JobChanges = {}): JobFile {
  const checked = check(tinyJob(changes));
  if (!checked.ok) throw new Error(`the job file is malformed: ${JSON.stringify(checked.issues)}`);
  return checked.job;
}

/** The final checkpoint of the same program, trained here without any network. */
export async function trainAlone(changes: JobChanges = {}): Promise<Uint8Array> {
  const nowhere = `0x${"00".repeat(32)}` as const;
  const { program } = prepareJob(checkedJob(changes), { bytes: tinyCorpus, contentId: nowhere }, nowhere);
  const trainer = await openTrainer(program, tinyCorpus, { inline: true });
  try {
    for (let segment = 0; ; segment++) {
      const steps = segmentSteps(program, segment);
      if (steps === undefined) return await trainer.exportState();
      await runSegment(trainer, { firstStep: steps[0], lastStep: steps[1] });
    }
  } finally {
    await trainer.close();
  }
}
