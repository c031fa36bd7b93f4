// Runs the steps of one segment on a trainer and gathers what a commitment needs: roots, history, checkpoint.
import { checkpointId } from "./Checkpoint.ts";
import { historyRoot } from "./HashLayout.ts";
import { TensorError } from "./TensorError.ts";
import type { StepResult, Trainer } from "./Trainer.ts";

/** What happened in steps firstStep..lastStep (inclusive). Step i of the segment has stepRoots[i] and losses[i]. */
export type SegmentTrace = {
  firstStep: number;
  lastStep: number;
  /** State roots before the first and after the last step. */
  startRoot: Uint8Array;
  endRoot: Uint8Array;
  stepRoots: Uint8Array[];
  /** State roots after each step; with program, step and loss they open a step root. */
  stateRoots: Uint8Array[];
  historyRoot: Uint8Array;
  /** Canonical checkpoint after the last step, and its SHA-256. */
  checkpoint: Uint8Array;
  checkpointId: Uint8Array;
  /** Mean loss of each step's batch, nats. */
  losses: number[];
  /** Predicted positions: steps * batch. */
  tokens: number;
};

export type SegmentOptions = {
  /** Must be the trainer's next step. */
  firstStep: number;
  /** Inclusive. */
  lastStep: number;
  /** Called once per step, in order. */
  onStep?: (result: StepResult) => void;
  signal?: AbortSignal;
  /** Steps per message to the worker, 1 to 256. Default 8. */
  stepsPerMessage?: number;
};

/** Bounds of segment `index` of a program: [firstStep, lastStep]; undefined past the last one. */
export function segmentSteps(
  program: { totalSteps: number; stepsPerSegment: number },
  index: number,
): [firstStep: number, lastStep: number] | undefined {
  const first = index * program.stepsPerSegment;
  if (!Number.isInteger(index) || index < 0 || first >= program.totalSteps) return undefined;
  return [first, Math.min(first + program.stepsPerSegment, program.totalSteps) - 1];
}

/** Runs a segment. Throws TensorError `bad-option` when it does not start at the trainer's next step. */
export async function runSegment(trainer: Trainer, options: SegmentOptions): Promise<SegmentTrace> {
  const { firstStep, lastStep, onStep, signal, stepsPerMessage = 8 } = options;
  if (firstStep !== trainer.nextStep)
    throw new TensorError(
      "bad-option",
      `firstStep is ${firstStep}, the trainer is at ${trainer.nextStep}`,
      "open the trainer from the checkpoint before firstStep",
    );
  if (!Number.isInteger(lastStep) || lastStep < firstStep || lastStep >= trainer.program.totalSteps)
    throw new TensorError(
      "bad-option",
      `lastStep is ${lastStep}`,
      `use ${firstStep}..${trainer.program.totalSteps - 1}`,
    );
  const startRoot = await trainer.stateRoot();
  const results: StepResult[] = [];
  while (trainer.nextStep <= lastStep) {
    signal?.throwIfAborted();
    const chunk = await trainer.steps(Math.min(stepsPerMessage, lastStep - trainer.nextStep + 1));
    for (const result of chunk) {
      results.push(result);
      onStep?.(result);
    }
  }
  const checkpoint = await trainer.exportState();
  const stepRoots = results.map((result) => result.stepRoot);
  return {
    firstStep,
    lastStep,
    startRoot,
    endRoot: results.at(-1)!.stateRoot,
    stepRoots,
    stateRoots: results.map((result) => result.stateRoot),
    historyRoot: historyRoot(stepRoots),
    checkpoint,
    checkpointId: checkpointId(checkpoint),
    losses: results.map((result) => result.loss),
    tokens: results.length * trainer.program.batch,
  };
}
