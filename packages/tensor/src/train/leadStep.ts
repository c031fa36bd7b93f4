// One step of a training: inputs, the run, what must have been hashed before the next state overwrites an earlier one,
// and what is said when a step goes wrong.
import { findNaN } from "../execute/findNaN.ts";
import type { GraphRunner } from "../execute/GraphRunner.ts";
import { createTensor } from "../graph/TensorValue.ts";
import type { Arena } from "../kernel/Arena.ts";
import type { KernelSet } from "../kernel/KernelSet.ts";
import { TensorError } from "../TensorError.ts";
import type { OpenProgram } from "./Program.ts";
import { rateOf } from "./schedule.ts";
import type { ComputingSide } from "./stateBoard.ts";
import type { Corruption } from "./trainerMessages.ts";

export type Training = {
  readonly open: OpenProgram;
  readonly runner: GraphRunner;
  readonly kernels: KernelSet;
  readonly arena: Arena;
  readonly board: ComputingSide;
  /** Writes the batch of a step. */
  readonly fill: (step: number) => void;
  readonly corruption: Corruption | undefined;
  readonly firstStep: number;
  nextStep: number;
};

/** A step that is computed; the root of its state may still be on the way. */
export type Computed = { readonly step: number; readonly loss: number };

/** A NaN that a step left in loss or state: `explain` says where it came from. */
class NaNFound extends Error {
  readonly step: number;
  readonly what: string;

  constructor(step: number, what: string) {
    super(`step ${step}: ${what} has a NaN`);
    this.step = step;
    this.what = what;
  }
}

/**
 * Computes the next step. `onRoot` is told the root of the state two before the one it writes. Throws TensorError
 * `bad-index`, or what `explain` turns into TensorError `nan`.
 */
export function computeStep(training: Training, onRoot: (version: number, root: Uint8Array) => void): Computed {
  const { runner, board, nextStep: step } = training;
  writeInputs(training, step);
  runIndexed(step, () => runner.begin());
  // The place of the next state is free once the state before this one is hashed and this one is known to be sound.
  throwIfWrong(training, step);
  onRoot(step - 1, board.awaitRoot(step - 1));
  runIndexed(step, () => runner.finish());
  const loss = runner.read("loss").data[0]!;
  if (Number.isNaN(loss)) throw new NaNFound(step, "the loss");
  if (training.corruption !== undefined && isDue(training.corruption, step)) corrupt(training, training.corruption);
  training.nextStep = step + 1;
  board.announce(step + 1);
  return { step, loss };
}

/** Throws when the state before `step` holds a NaN. */
export function throwIfWrong({ open, board }: Training, step: number): void {
  const wrong = board.awaitChecked(step);
  if (wrong !== undefined) throw new NaNFound(step - 1, open.step.state[wrong]!.name);
}

function writeInputs({ open, runner, fill }: Training, step: number): void {
  fill(step);
  runner.write("rate", { data: Float32Array.of(rateOf(open.program.schedule, open.program.totalSteps, step)) });
}

function runIndexed(step: number, run: () => void): void {
  try {
    run();
  } catch (cause) {
    if (!(cause instanceof TensorError) || cause.code !== "tensor.bad-index") throw cause;
    throw new TensorError("bad-index", `step ${step}: ${cause.message}`, cause.remedy ?? "correct the data", cause);
  }
}

/** Whether a bit is flipped after a step. */
export function isDue({ step: first, everySteps }: Pick<Corruption, "step" | "everySteps">, step: number): boolean {
  return step === first || (everySteps !== undefined && step > first && (step - first) % everySteps === 0);
}

/** Flips one bit of the state that a step has just written: fault injection for tests. */
function corrupt({ arena, runner }: Training, { tensor, index, bit }: Corruption): void {
  const { at } = runner.inputView(tensor);
  new Uint32Array(arena.memory.buffer, at, index + 1)[index]! ^= 1 << bit;
}

/** Names the operator behind a NaN by replaying the step: the state before it lies in the half that no run reads next. */
export async function explain(training: Training, cause: unknown): Promise<unknown> {
  if (!(cause instanceof NaNFound)) return cause;
  const { open, runner, kernels, firstStep } = training;
  const { step, what } = cause;
  const remedy = "lower the learning rate, clip gradients, or go on from an earlier checkpoint";
  if (step < firstStep)
    return new TensorError("nan", `the state before step ${firstStep} has a NaN in ${what}`, remedy);
  writeInputs(training, step);
  const inputs = open.step.graph.inputs.map(({ name, role, dtype, shape }) => {
    const value = createTensor({ dtype, shape });
    const half = runner.half === 0 ? 1 : 0;
    kernels.read(role === "state" ? runner.inputView(name, half) : runner.inputView(name), value.data);
    return [name, value] as const;
  });
  const found = await findNaN(open.step.graph, { inputs: Object.fromEntries(inputs) });
  const where = found === undefined ? "" : `: ${found.place} gave the first NaN, at element ${found.element}`;
  return new TensorError("nan", `step ${step}: ${what} has a NaN${where}`, remedy);
}
