// Providers that begin a lease where they should not: a state of their own making, at a step of their choice.
import type { NodeFaults } from "@weft/node/NodeContext";
import { fromHex32 } from "@weft/tensor/sha256";
import { encodeCheckpoint } from "@weft/tensor/train/Checkpoint";
import { outlineProgram, type TrainProgram } from "@weft/tensor/train/Program";
import { startState } from "@weft/tensor/train/startState";

type FalseStart = NonNullable<NodeFaults["start"]>;

/** The program's own start as if it were the state before `step`, one weight changed. */
function invented(program: TrainProgram, nextStep: number): { checkpoint: Uint8Array; nextStep: number } {
  const outline = outlineProgram(program);
  const state = startState(fromHex32(program.seed, "seed"), outline.step.state);
  const { data } = state[outline.step.state[0]!.name]!;
  data[0] = data[0]! + 1;
  return { checkpoint: encodeCheckpoint(outline, { nextStep, state }), nextStep };
}

/** Says of a fresh job that its first `steps` steps are done. */
export const skips =
  (steps: number): FalseStart =>
  (program, said) =>
    said === undefined ? invented(program, steps) : undefined;

/** Takes a job over at the right step, in a state that nobody committed to. */
export const doctors: FalseStart = (program, said) =>
  said === undefined ? undefined : invented(program, said.nextStep);
