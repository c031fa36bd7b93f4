// Reads whatever file holds a language model of kind gpt: a training checkpoint (of this machine or of the network), a model
// file, GGUF, a llama2.c checkpoint. What the file is, its first bytes say. Takes hostile bytes, as the readers below do.
// Not here: models of kind mlp, shards, tokenizers of transformers.
import { readGptGguf } from "../formats/gguf/gptGguf.ts";
import type { NamedValue } from "../formats/NamedValue.ts";
import { type GptWeights, readLlama2cCheckpoint } from "../formats/readLlama2cCheckpoint.ts";
import { readSafetensors, readSafetensorsMetadata } from "../formats/Safetensors.ts";
import { checkKeys } from "../graph/fields.ts";
import { describeType, sameType } from "../graph/Graph.ts";
import { type GptConfig, gpt } from "../models/gpt.ts";
import { openTokenizer, type TokenizerData, validateTokenizer } from "../tokenizers/tokenizers.ts";
import { CHECKPOINT_FORMAT, readCheckpointProgram } from "../train/Checkpoint.ts";
import { reorderRotary } from "./rotaryOrder.ts";
import { MODEL_FORMAT, refuseSaved, type SavedModel } from "./SavedModel.ts";

export type ReadModelOptions = {
  /** For a file that has none: a llama2.c checkpoint. */
  readonly tokenizer?: TokenizerData;
};

const GGUF_START = [0x47, 0x47, 0x55, 0x46];
/** A header of safetensors begins after its length. */
const HEADER_AT = 8;
const BRACE = 0x7b;

/**
 * Throws TensorError `bad-model` for what is no such model, `bad-safetensors`, `bad-checkpoint`, `bad-program`, `bad-gguf`,
 * `bad-tokenizer`.
 */
export function readModel(bytes: Uint8Array, { tokenizer }: ReadModelOptions = {}): SavedModel {
  if (GGUF_START.every((byte, i) => bytes[i] === byte)) return readGptGguf(bytes);
  if (bytes[HEADER_AT] === BRACE) return readSafetensorsModel(bytes);
  const weights = readLlama2cWeights(bytes);
  if (tokenizer === undefined)
    refuseSaved("a llama2.c checkpoint holds no tokenizer", "pass its tokenizer file as well, such as tok512.bin");
  needVocabulary(weights.config, tokenizer);
  return { ...weights, tokenizer };
}

/** The form without a mark of its own: what fits nothing else and not this one either is no model. */
function readLlama2cWeights(bytes: Uint8Array): GptWeights {
  try {
    return readLlama2cCheckpoint(bytes);
  } catch (cause) {
    return refuseSaved(
      `it is neither GGUF, safetensors nor a llama2.c checkpoint (as one, ${(cause as Error).message})`,
      "pass what `weft train` or a job left, what `weft export` wrote as gguf or safetensors, a GGUF file, or a llama2.c checkpoint",
      cause,
    );
  }
}

function readSafetensorsModel(bytes: Uint8Array): SavedModel {
  const { format, weft } = readSafetensorsMetadata(bytes);
  if (format === CHECKPOINT_FORMAT) return readTrained(bytes);
  if (weft === undefined)
    refuseSaved(
      "the safetensors file says neither configuration nor tokenizer",
      "pass a checkpoint of `weft train` or of a job, what `weft export` wrote, or a GGUF file",
    );
  const { config, tokenizer } = parseDescription(weft);
  const tensors = namedParameters(bytes, config).map((tensor) => reorderRotary(tensor, config, "neighbours"));
  return { config, tensors, tokenizer };
}

function readTrained(bytes: Uint8Array): SavedModel {
  const training = readCheckpointProgram(bytes);
  const { model, tokenizer } = training.program;
  if (model.kind !== "gpt") refuseSaved(`the checkpoint holds a model of kind ${model.kind}`, "train one of kind gpt");
  needVocabulary(model, tokenizer);
  return { config: model, tensors: namedParameters(bytes, model), tokenizer, training };
}

function parseDescription(text: string): { config: GptConfig; tokenizer: TokenizerData } {
  const { format, ...rest } = parseFields(text);
  if (format !== MODEL_FORMAT) refuseSaved(`its format is ${String(format).slice(0, 40)}`, `use ${MODEL_FORMAT}`);
  const config = gpt.validate(rest["config"]);
  const tokenizer = validateTokenizer(rest["tokenizer"]);
  needVocabulary(config, tokenizer);
  return { config, tokenizer };
}

function parseFields(text: string): Record<string, unknown> {
  try {
    return checkKeys("metadata weft", JSON.parse(text), ["format", "config", "tokenizer"]);
  } catch (cause) {
    return refuseSaved("its metadata `weft` is not the JSON of a model", "get the file again", cause);
  }
}

function needVocabulary(config: GptWeights["config"], tokenizer: TokenizerData): void {
  const { vocab } = openTokenizer(tokenizer);
  if (vocab > config.vocab)
    refuseSaved(`the tokenizer has ${vocab} tokens and the model ${config.vocab}`, "use the model's own tokenizer");
}

/** The model's parameters in its order; nothing else of the file is decoded. */
function namedParameters(bytes: Uint8Array, config: GptConfig): NamedValue[] {
  const parameters = gpt.parameters(config);
  const names = new Set(parameters.map(({ name }) => name));
  const { tensors } = readSafetensors(bytes, (name) => names.has(name));
  const found = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return parameters.map(({ name, shape }) => {
    const tensor = found.get(name);
    if (tensor === undefined || !sameType(tensor, { dtype: "f32", shape }))
      refuseSaved(
        `${name} is ${tensor === undefined ? "missing" : describeType(tensor)}, the model needs f32 [${shape}]`,
        "get the file again",
      );
    return tensor;
  });
}
