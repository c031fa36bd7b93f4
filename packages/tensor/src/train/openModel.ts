// The forward pass of a checkpoint, with the committed operators: logits of rows of tokens. For evaluation and samples.
import { type OpenGraph, openGraph } from "../execute/openGraph.ts";
import type { NamedValue } from "../formats/NamedValue.ts";
import { modelOf } from "../models/models.ts";
import { decodeCheckpoint } from "./Checkpoint.ts";
import type { LanguageModel, OpenProgram } from "./Program.ts";
import { buildForwardGraph } from "./stepGraph.ts";

export type OpenModel = {
  /** Rows of one pass, tokens of a row, predictions of a row. */
  readonly rows: number;
  readonly context: number;
  readonly predicted: number;
  /** i32 [rows, context] → f32 [rows · predicted, vocab], overwritten by the next call. */
  logits(tokens: Int32Array): Float32Array;
  close(): Promise<void>;
};

/** Throws TensorError `bad-checkpoint`, `bad-safetensors`, `over-memory`. */
export async function openModel(
  open: OpenProgram,
  checkpoint: Uint8Array,
  rows: number,
): Promise<OpenModel & { readonly nextStep: number }> {
  const { program, step } = open;
  const { state, nextStep } = decodeCheckpoint(open, checkpoint);
  const tensors = step.parameters.map(({ name }) => ({ name, data: state[name]!.data }));
  return { ...(await openWeights(program.model, tensors, rows)), nextStep };
}

/** The same for weights that are at hand, one for each parameter of the model. Throws TensorError `over-memory`. */
export async function openWeights(
  model: LanguageModel,
  tensors: readonly Pick<NamedValue, "name" | "data">[],
  rows: number,
): Promise<OpenModel> {
  const { runner, close }: OpenGraph = await openGraph(buildForwardGraph(model, rows, "logits"));
  for (const { name, data } of tensors) runner.write(name, { data });
  const { data, targets } = modelOf(model).batch(model, rows);
  return {
    rows,
    context: model.context,
    predicted: targets.shape[1] ?? 1,
    logits(tokens) {
      runner.write(data.name, { data: tokens });
      runner.run();
      return runner.read("logits").data as Float32Array;
    },
    close,
  };
}
