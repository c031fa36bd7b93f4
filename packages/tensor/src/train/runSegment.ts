// Runs the steps of one segment on a trainer and gathers what a commitment needs: roots, history, checkpoint.
import { historyRoot } from "../HashLayout.ts";
import { TensorError } from "../TensorError.ts";
import { checkpointId } from "./Checkpoint.ts";
import type { Trainer } from "./Trainer.ts";
import type { StepResult } from "./trainerMessages.ts";

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
  /** Predicted positions: steps times those of a step. */
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

/** Messages on their way: the worker never waits for the caller between two. */
const MESSAGES_AHEAD = 2;

/** Runs a segment. Throws TensorError `bad-option` when it does not start at the trainer's next step. */
export async function runSegment(trainer: Trainer, options: SegmentOptions): Promise<SegmentTrace> {
  const { firstStep, lastStep } = options;
  const { program, nextStep, tokensPerStep } = trainer;
  if (firstStep !== nextStep)
    throw new TensorError(
      "bad-option",
      `firstStep is ${firstStep}, the trainer is at ${nextStep}`,
      "open the trainer from the checkpoint before firstStep",
    );
  if (!Number.isInteger(lastStep) || lastStep < firstStep || lastStep >= program.totalSteps)
    throw new TensorError("bad-option", `lastStep is ${lastStep}`, `use ${firstStep}..${program.totalSteps - 1}`);
  const startRoot = await trainer.stateRoot();
  const results = await runSteps(trainer, options);
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
    tokens: results.length * tokensPerStep,
  };
}

async function runSteps(trainer: Trainer, { firstStep, lastStep, ...options }: SegmentOptions): Promise<StepResult[]> {
  const { onStep, signal, stepsPerMessage = 8 } = options;
  const results: StepResult[] = [];
  const ahead: Promise<StepResult[]>[] = [];
  let asked = firstStep;
  const ask = () => {
    const count = Math.min(stepsPerMessage, lastStep - asked + 1);
    asked += count;
    const reply = trainer.steps(count);
    // Awaited in its turn below; until then nobody listens to its failure.
    reply.catch(() => undefined);
    ahead.push(reply);
  };
  while (asked <= lastStep && ahead.length < MESSAGES_AHEAD) ask();
  for (let reply = ahead.shift(); reply !== undefined; reply = ahead.shift()) {
    for (const result of await reply) {
      results.push(result);
      onStep?.(result);
    }
    signal?.throwIfAborted();
    if (asked <= lastStep) ask();
  }
  return results;
}
