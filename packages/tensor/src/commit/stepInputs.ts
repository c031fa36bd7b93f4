// The inputs of one step of a training: state, batch, rate, from a checkpoint at or before it.
import { createTensor, type TensorValue } from "../graph/TensorValue.ts";
import { fromHex32 } from "../sha256.ts";
import { TensorError } from "../TensorError.ts";
import { decodeCheckpoint } from "../train/Checkpoint.ts";
import type { OpenProgram } from "../train/Program.ts";
import { startState } from "../train/startState.ts";
import { trainingTokens } from "../train/Trainer.ts";
import { inputsFrom, stateBefore } from "./SegmentRun.ts";

export type StepAt = {
  readonly corpus: Uint8Array;
  readonly step: number;
  /** State to start from; default is the program's start state. */
  readonly checkpoint?: Uint8Array | undefined;
  readonly memoryLimit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
};

type Inputs = Record<string, TensorValue>;

/**
 * Inputs by name. Steps between the checkpoint and this one are run first, without commitments. Throws TensorError
 * `bad-corpus`, `bad-checkpoint`, `bad-option` (a step before the checkpoint or past the end), `over-memory`.
 */
export async function stepInputs(open: OpenProgram, at: StepAt): Promise<Inputs> {
  const { program, step: graph } = open;
  const tokens = trainingTokens(open, at.corpus);
  const saved = at.checkpoint && decodeCheckpoint(open, at.checkpoint);
  const first = saved?.nextStep ?? 0;
  if (!Number.isInteger(at.step) || at.step < first || at.step >= program.totalSteps)
    throw new TensorError(
      "bad-option",
      `step is ${at.step}, the state is that before step ${first}`,
      `use ${first}..${program.totalSteps - 1}, or an earlier checkpoint`,
    );
  const state = saved?.state ?? startState(fromHex32(program.seed, "seed"), graph.state);
  const { memoryLimit, signal } = at;
  const start = { step: first, state };
  const before = await stateBefore(open, { tokens, start, memoryLimit, signal }, at.step);
  return inputsFrom(open, { tokens, state: before, step: at.step });
}

/** Zeros of the types of a step's inputs, for estimates and tests. */
export function emptyInputs({ step }: OpenProgram): Inputs {
  return Object.fromEntries(step.graph.inputs.map((input) => [input.name, createTensor(input)]));
}
