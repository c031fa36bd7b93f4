// The details' field `start`: where an order's work begins. null: at step 0, in the program's own seeded state.
//
// An order that continues another one's work names the state it continues from; so the buyer's signature, not a
// provider's word, says where the first segment has to begin. Always present: what was never committed to could be left
// out by whoever hands the details on.
import { z } from "zod";
import { hexOf } from "./fields.ts";
import { maxCheckpointBytes } from "./generated/params.ts";

/** Work begins at `step`, in the state with this root, which the checkpoint of this content id and length holds. */
export const shape = z
  .strictObject({
    step: z.int().positive(),
    stateRoot: hexOf(32),
    checkpoint: hexOf(32),
    bytes: z.int().positive().max(maxCheckpointBytes),
  })
  .nullable();
export type JobStart = z.infer<typeof shape>;

/** True when a run can begin there: after whole segments, before the program's end. */
export function fits(start: JobStart, program: { totalSteps: number; stepsPerSegment: number }): boolean {
  return start === null || (start.step % program.stepsPerSegment === 0 && start.step < program.totalSteps);
}
