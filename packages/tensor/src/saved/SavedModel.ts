// A language model that can be used without anything else: weights, configuration and tokenizer, read from one file
// (spec/tensor-files.md §8). Reading is readModel.ts, writing writeModel.ts.
import type { GptWeights } from "../formats/readLlama2cCheckpoint.ts";
import { TensorError } from "../TensorError.ts";
import type { TokenizerData } from "../tokenizers/tokenizers.ts";
import type { TrainProgram } from "../train/Program.ts";

export type SavedModel = GptWeights & {
  readonly tokenizer: TokenizerData;
  /** How it was trained and how far, where the file is a training checkpoint. */
  readonly training?: { readonly program: TrainProgram; readonly nextStep: number };
};

/** `format` of a model file that is no training checkpoint; it stands in the metadata of its safetensors file. */
export const MODEL_FORMAT = "weft-model/1";

/** The one way a model file is refused. */
export function refuseSaved(problem: string, remedy: string, cause?: unknown): never {
  throw new TensorError("bad-model", problem, remedy, cause);
}
