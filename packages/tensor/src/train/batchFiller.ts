// Writes the examples of a step into a plan's batch inputs (spec/tensor.md §7.6) from arrays that are made once.
import type { GraphRunner } from "../execute/GraphRunner.ts";
import { elementCount } from "../graph/Graph.ts";
import { fromHex32 } from "../sha256.ts";
import { exampleStarts } from "./dataOrder.ts";
import type { OpenProgram } from "./Program.ts";

/** A function that fills the batch of a step. `tokens` are those of the training part, more than the context. */
export function batchFiller(
  { program, step: { batch } }: Pick<OpenProgram, "program" | "step">,
  tokens: Int32Array,
  runner: Pick<GraphRunner, "write">,
): (step: number) => void {
  const { context } = program.model;
  const seed = fromHex32(program.seed, "seed");
  const rows = program.batch * program.accumulate;
  const data = new Int32Array(elementCount(batch.data.shape));
  const targets = new Int32Array(elementCount(batch.targets.shape));
  const predicted = targets.length / rows;
  return (step) => {
    const starts = exampleStarts(seed, step, { rows, starts: tokens.length - context });
    starts.forEach((start, row) => {
      data.set(tokens.subarray(start, start + context), row * context);
      const first = start + context - predicted + 1;
      targets.set(tokens.subarray(first, first + predicted), row * predicted);
    });
    runner.write(batch.data.name, { data });
    runner.write(batch.targets.name, { data: targets });
  };
}
