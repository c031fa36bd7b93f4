// The forward pass of a checkpoint, with the committed operators: logits of rows of tokens. For evaluation and samples.
import { type OpenGraph, openGraph } from "../execute/openGraph.ts";
import { decodeCheckpoint } from "./Checkpoint.ts";
import type { OpenProgram } from "./Program.ts";
import { buildForwardGraph } from "./stepGraph.ts";

export type OpenModel = {
  /** Rows of one pass, tokens of a row, predictions of a row. */
  readonly rows: number;
  readonly context: number;
  readonly predicted: number;
  readonly nextStep: number;
  /** i32 [rows, context] → f32 [rows · predicted, vocab], overwritten by the next call. */
  logits(tokens: Int32Array): Float32Array;
  close(): Promise<void>;
};

/** Throws TensorError `bad-checkpoint`, `bad-safetensors`, `over-memory`. */
export async function openModel(open: OpenProgram, checkpoint: Uint8Array, rows: number): Promise<OpenModel> {
  const { program, step } = open;
  const { state, nextStep } = decodeCheckpoint(open, checkpoint);
  const { runner, close }: OpenGraph = await openGraph(buildForwardGraph(program.model, rows, "logits"));
  for (const { name } of step.parameters) runner.write(name, state[name]!);
  return {
    rows,
    context: program.model.context,
    predicted: step.batch.targets.shape[1] ?? 1,
    nextStep,
    logits(tokens) {
      runner.write(step.batch.data.name, { data: tokens });
      runner.run();
      return runner.read("logits").data as Float32Array;
    },
    close,
  };
}
