// A model as one safetensors file that transformers' readers take too: its names of tensors, its rotary order, `format` =
// `pt` in the metadata; `weft` there holds configuration and tokenizer, so that the file alone is a whole model. Equal
// models give equal bytes.
import { canonicalJson } from "../canonicalJson.ts";
import { writeSafetensors } from "../formats/Safetensors.ts";
import { gpt } from "../models/gpt.ts";
import { openTokenizer } from "../tokenizers/tokenizers.ts";
import { reorderRotary } from "./rotaryOrder.ts";
import { MODEL_FORMAT, refuseSaved, type SavedModel } from "./SavedModel.ts";

/** Throws TensorError `bad-model` for a parameter that is missing or a tokenizer with more tokens than the model. */
export function writeModel({ config, tensors, tokenizer }: Omit<SavedModel, "training">): Uint8Array {
  const { vocab } = openTokenizer(tokenizer);
  if (vocab > config.vocab)
    refuseSaved(`the tokenizer has ${vocab} tokens and the model ${config.vocab}`, "pass the model's own tokenizer");
  const given = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const written = gpt.parameters(config).map(({ name }) => {
    const tensor = given.get(name) ?? refuseSaved(`parameter ${name} is missing`, "pass every parameter of the model");
    return reorderRotary(tensor, config, "halves");
  });
  const weft = canonicalJson({ format: MODEL_FORMAT, config, tokenizer });
  return writeSafetensors({ metadata: { format: "pt", weft }, tensors: written });
}
