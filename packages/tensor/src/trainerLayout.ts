// What a trainer keeps in the kernels' heap, in a fixed order, so that every thread computes the same addresses.
import { allocateHashRoom, type HashRoom } from "./KernelHash.ts";
import { allocateWorkspace, type Workspace } from "./mlpStep.ts";
import type { Program } from "./Program.ts";
import { type Allocate, allocateState, type State, stateTensors } from "./State.ts";

export type TrainerLayout = { state: State; workspace: Workspace; room: HashRoom };

/** Allocates state, workspace and digest buffers for a program. */
export function trainerLayout(program: Program, allocate: Allocate): TrainerLayout {
  const state = allocateState(program, allocate);
  const workspace = allocateWorkspace(program, program.batch, allocate);
  return { state, workspace, room: allocateHashRoom(stateTensors(state), allocate) };
}
