// The training loop of this machine: steps of a program, a checkpoint every so often, and one more when it is asked to
// stop. Which bits come out depends on the program alone, never on threads, pace or how often it is interrupted.
// Not here: files (TrainFolder.ts), what a person sees (render/trainLines.ts).
import type { Threads } from "@weft/tensor/execute/openGraph";
import type { TrainProgram } from "@weft/tensor/train/Program";
import { openTrainer, type Trainer } from "@weft/tensor/train/Trainer";
import type { StepResult } from "@weft/tensor/train/trainerMessages";

export interface TrainingHere {
  corpus: Uint8Array;
  threads: Threads;
  /** Bytes of memory that the training may take. Default: the trainer's. */
  memoryLimit?: number;
  /** Go on from these bytes. */
  checkpoint?: Uint8Array;
  checkpointEveryMs: number;
  /** Aborted: stop after the steps on their way, with a checkpoint. */
  signal: AbortSignal;
  /** Once, when the trainer stands at its first step. */
  onOpen?(trainer: Pick<Trainer, "nextStep" | "tokensPerStep">): void;
  onSteps(results: readonly StepResult[]): void;
  /** Keeps a checkpoint: called in turn, never for the same step twice. */
  save(bytes: Uint8Array, nextStep: number): void;
}

/** The trainer never waits for this thread between two messages, and is heard from about four times a second. */
const messagesAhead = 2;
const messageMs = 250;
const mostStepsPerMessage = 64;

/**
 * Trains to the program's last step or until asked to stop; says where it ended. What is trained when it returns has been
 * saved. @throws TensorError what openTrainer says, `nan` and `bad-index` with step and operator, and what `save` throws
 */
export async function trainHere(program: TrainProgram, options: TrainingHere): Promise<{ nextStep: number }> {
  const { corpus, threads, memoryLimit, checkpoint, checkpointEveryMs, signal } = options;
  const trainer = await openTrainer(program, corpus, {
    threads,
    ...(memoryLimit === undefined ? {} : { memoryLimit }),
    ...(checkpoint === undefined ? {} : { checkpoint }),
  });
  try {
    options.onOpen?.(trainer);
    let saved = trainer.nextStep;
    const pace = { stepsPerMessage: 1 };
    while (trainer.nextStep < program.totalSteps && !signal.aborted) {
      const until = performance.now() + checkpointEveryMs;
      await runUntil(trainer, {
        pace,
        ended: () => signal.aborted || performance.now() >= until,
        onSteps: options.onSteps,
      });
      if (trainer.nextStep === saved) continue;
      options.save(await trainer.exportState(), trainer.nextStep);
      saved = trainer.nextStep;
    }
    return { nextStep: trainer.nextStep };
  } finally {
    await trainer.close();
  }
}

interface Stretch {
  pace: { stepsPerMessage: number };
  ended(): boolean;
  onSteps(results: readonly StepResult[]): void;
}

/** Runs steps until the stretch or the program ends; all that were asked for are done when it returns. */
async function runUntil(trainer: Trainer, { pace, ended, onSteps }: Stretch): Promise<void> {
  const { totalSteps } = trainer.program;
  const ahead: Promise<StepResult[]>[] = [];
  let asked = trainer.nextStep;
  const ask = () => {
    const count = Math.min(pace.stepsPerMessage, totalSteps - asked);
    asked += count;
    const reply = trainer.steps(count);
    // Awaited in its turn below; until then nobody listens to its failure.
    reply.catch(() => undefined);
    ahead.push(reply);
  };
  const fill = () => {
    while (asked < totalSteps && ahead.length < messagesAhead && !ended()) ask();
  };
  // However short the stretch, something is done in it.
  ask();
  fill();
  for (let reply = ahead.shift(), before = performance.now(); reply !== undefined; reply = ahead.shift()) {
    const results = await reply;
    const now = performance.now();
    const stepMs = (now - before) / results.length;
    before = now;
    pace.stepsPerMessage = Math.max(1, Math.min(mostStepsPerMessage, Math.round(messageMs / Math.max(stepMs, 1e-3))));
    onSteps(results);
    fill();
  }
}
