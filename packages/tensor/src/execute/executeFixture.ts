// Inputs of a step graph for tests: a batch and a rate that change with the step.
import { elementCount } from "../graph/Graph.ts";
import { draws } from "../graph/gradientFixture.ts";
import { type TensorValue, tensorFrom } from "../graph/TensorValue.ts";
import type { StepGraph } from "../train/stepGraph.ts";

/** Batch inputs and rate of step `t`, by name. */
export function stepInputs({ batch: { data, targets } }: StepGraph, t: number): Record<string, TensorValue> {
  const classes = (shape: readonly number[], offset: number) =>
    tensorFrom(
      "i32",
      shape,
      Array.from({ length: elementCount(shape) }, (_, i) => (i * 2 + offset + t) % 3),
    );
  return {
    [data.name]:
      data.dtype === "i32" ? classes(data.shape, 0) : tensorFrom("f32", data.shape, draws(`images/${t}`, data.shape)),
    [targets.name]: classes(targets.shape, 1),
    rate: tensorFrom("f32", [1], [0.01 / (t + 1)]),
  };
}
