// The trace of a step of a training, from a checkpoint at or before it.
import { checkMemory, walkBytes } from "../execute/openGraph.ts";
import { bitsView } from "../graph/TensorValue.ts";
import { planGraph } from "../plan/planGraph.ts";
import { openProgram, type TrainProgram } from "../train/Program.ts";
import { type StepAt, stepInputs } from "./stepInputs.ts";
import { type Change, type Trace, traceStep } from "./Trace.ts";

/** Flips one bit of a value before it is used and hashed: fault injection for tests. */
export type Tampering = { readonly value: number; readonly element: number; readonly bit: number };

export type TraceOptions = StepAt & { readonly tamper?: Tampering };

/**
 * Replays a step and commits to all of it. Throws TensorError `bad-program`, `bad-corpus`, `bad-checkpoint`, `bad-option`,
 * `over-memory`.
 */
export async function openTrace(program: TrainProgram, options: TraceOptions): Promise<Trace> {
  const open = openProgram(program);
  const { step, tamper, memoryLimit, signal } = options;
  checkMemory(walkBytes(planGraph(open.step.graph, "whole")), memoryLimit);
  const changeOf = tamper && ((value: number) => (value === tamper.value ? flip(tamper) : undefined));
  return traceStep(open, { step, inputs: await stepInputs(open, options), changeOf, memoryLimit, signal });
}

const flip =
  ({ element, bit }: Tampering): Change =>
  (own) => {
    bitsView(own)[element]! ^= 1 << bit;
  };
