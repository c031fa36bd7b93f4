// Providers that begin a lease where they should not: a state of their own making, at a step of their choice.
import type { NodeFaults } from "@weft/node/NodeContext";
import { encodeCheckpoint } from "@weft/tensor/Checkpoint";
import type { Program } from "@weft/tensor/Program";
import { allocateState, stateTensors, writeStartState } from "@weft/tensor/State";

type FalseStart = NonNullable<NodeFaults["start"]>;

/** The program's own start as if it were the state before `step`, one weight changed. */
function invented(program: Program, step: number): { checkpoint: Uint8Array; nextStep: number } {
  const state = allocateState(program, (rows, columns) => new Float32Array(rows * columns));
  writeStartState(program, state);
  const weights = stateTensors(state)[0]!.data;
  weights[0] = weights[0]! + 1;
  return { checkpoint: encodeCheckpoint(program, step, state), nextStep: step };
}

/** Says of a fresh job that its first `steps` steps are done. */
export const skips =
  (steps: number): FalseStart =>
  (program, said) =>
    said === undefined ? invented(program, steps) : undefined;

/** Takes a job over at the right step, in a state that nobody committed to. */
export const doctors: FalseStart = (program, said) =>
  said === undefined ? undefined : invented(program, said.nextStep);
