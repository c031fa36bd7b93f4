// The language model of spec/tensor.md §7.1 as a GGUF file of llama.cpp's `llama` architecture, and back. Rotary pairs are
// neighbours in both, so no weight is permuted. Norms stay fp32; a matrix whose rows are not whole blocks of q8_0 is
// written as f16, as llama.cpp's own quantiser does.
import { elementCount, type Shape, sameType } from "../../graph/Graph.ts";
import { type GptConfig, gpt, layerName } from "../../models/gpt.ts";
import { TensorError } from "../../TensorError.ts";
import { openTokenizer, type TokenizerData } from "../../tokenizers/tokenizers.ts";
import type { NamedValue } from "../NamedValue.ts";
import type { GptWeights } from "../readLlama2cCheckpoint.ts";
import { decodeBlocks, encodeBlocks, type GgufWeightType } from "./blocks.ts";
import { blockBytes, type GgufMetadata, type GgufTensor, refuseGguf } from "./Gguf.ts";
import { type Entry, f32, needNumber, needText, text, u32 } from "./metadata.ts";
import { readGguf } from "./readGguf.ts";
import { readVocabulary, writeVocabulary } from "./vocabularies.ts";
import { writeGguf } from "./writeGguf.ts";

export type GgufOptions = {
  readonly tokenizer: TokenizerData;
  readonly type: GgufWeightType;
  /** Shown by programs that load the file. Default "weft". */
  readonly name?: string;
};

/** llama.cpp's numbers for the type of most weights, and the version of its block types. */
const FILE_TYPES = { f32: 0, f16: 1, q8_0: 7 } as const;
const BLOCKS_VERSION = 2;

const LAYER_PARTS = {
  input_layernorm: "attn_norm",
  "self_attn.q_proj": "attn_q",
  "self_attn.k_proj": "attn_k",
  "self_attn.v_proj": "attn_v",
  "self_attn.o_proj": "attn_output",
  post_attention_layernorm: "ffn_norm",
  "mlp.gate_proj": "ffn_gate",
  "mlp.up_proj": "ffn_up",
  "mlp.down_proj": "ffn_down",
} as const;

/** llama.cpp's name of every parameter, by ours. */
function names({ layers }: GptConfig): Map<string, string> {
  const block = (layer: number) =>
    Object.entries(LAYER_PARTS).map(
      ([own, theirs]) => [layerName(layer, own), `blk.${layer}.${theirs}.weight`] as const,
    );
  return new Map([
    ["model.embed_tokens.weight", "token_embd.weight"],
    ...Array.from({ length: layers }, (_, layer) => block(layer)).flat(),
    ["model.norm.weight", "output_norm.weight"],
    ["lm_head.weight", "output.weight"],
  ]);
}

/**
 * Bytes of a file. Throws TensorError `bad-model` for weights that are not the model's or a vocabulary of another size,
 * `bad-tokenizer` for one that llama.cpp cannot hold, `bad-tensor` for a weight that the type cannot hold.
 */
export function writeGptGguf({ config, tensors }: GptWeights, options: GgufOptions): Uint8Array {
  const { vocab } = openTokenizer(options.tokenizer);
  if (vocab !== config.vocab)
    throw new TensorError(
      "bad-model",
      `the model has ${config.vocab} tokens and the tokenizer ${vocab}`,
      "pass the tokenizer that the model was trained with",
    );
  const given = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const theirs = names(config);
  const written = gpt.parameters(config).map(({ name, shape }): GgufTensor => {
    const tensor = needWeight(given.get(name), name, shape);
    const type = weightType(options.type, shape);
    return { name: theirs.get(name)!, type, shape, bytes: encodeBlocks(name, type, tensor) };
  });
  return writeGguf({ metadata: new Map(metadataOf(config, options)), tensors: written });
}

function needWeight(tensor: NamedValue | undefined, name: string, shape: Shape): Float32Array {
  const fits = tensor !== undefined && sameType(tensor, { dtype: "f32", shape });
  if (!fits || tensor.data.length !== elementCount(shape))
    throw new TensorError("bad-model", `${name} is not f32 [${shape}]`, "pass every parameter of the model");
  return tensor.data as Float32Array;
}

function weightType(wanted: GgufWeightType, shape: Shape): GgufWeightType {
  if (shape.length === 1) return "f32";
  return blockBytes(wanted, shape) === undefined ? "f16" : wanted;
}

function metadataOf(config: GptConfig, { tokenizer, type, name = "weft" }: GgufOptions): Entry[] {
  return [
    ["general.architecture", text("llama")],
    ["general.name", text(name)],
    ["general.file_type", u32(FILE_TYPES[type])],
    ["general.quantization_version", u32(BLOCKS_VERSION)],
    ["llama.vocab_size", u32(config.vocab)],
    ["llama.context_length", u32(config.context)],
    ["llama.embedding_length", u32(config.dim)],
    ["llama.block_count", u32(config.layers)],
    ["llama.feed_forward_length", u32(config.hidden)],
    ["llama.rope.dimension_count", u32(config.dim / config.heads)],
    ["llama.rope.freq_base", f32(config.ropeTheta)],
    ["llama.attention.head_count", u32(config.heads)],
    ["llama.attention.head_count_kv", u32(config.kvHeads)],
    ["llama.attention.layer_norm_rms_epsilon", f32(config.normEpsilonNano / 1e9)],
    ...writeVocabulary(tokenizer),
  ];
}

/**
 * Reads a file that holds such a model, its weights widened to fp32. Throws TensorError `bad-gguf`, `bad-model` or
 * `bad-tokenizer`.
 */
export function readGptGguf(bytes: Uint8Array): GptWeights & { readonly tokenizer: TokenizerData } {
  const { metadata, tensors } = readGguf(bytes);
  const architecture = needText(metadata, "general.architecture");
  if (architecture !== "llama") refuseGguf(`its architecture is ${architecture.slice(0, 40)}; llama is read`);
  const found = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const config = configOf(metadata, !found.has("output.weight"));
  const theirs = names(config);
  const parameters = gpt.parameters(config);
  if (parameters.length !== tensors.length)
    refuseGguf(`it has ${tensors.length} tensors and the model ${parameters.length}`);
  const needed = parameters.map(({ name, shape }) => {
    const tensor = found.get(theirs.get(name)!);
    if (tensor === undefined || String(tensor.shape) !== String(shape))
      refuseGguf(`tensor ${theirs.get(name)} is [${tensor?.shape ?? "missing"}], the model needs [${shape}]`);
    return { name, dtype: "f32" as const, shape, tensor };
  });
  const tokenizer = readVocabulary(metadata);
  const { vocab } = openTokenizer(tokenizer);
  if (vocab !== config.vocab) refuseGguf(`the model has ${config.vocab} tokens and its tokenizer ${vocab}`);
  return { config, tokenizer, tensors: needed.map(({ tensor, ...own }) => ({ ...own, data: decodeBlocks(tensor) })) };
}

function configOf(metadata: GgufMetadata, tiedHead: boolean): GptConfig {
  const size = (key: string) => needNumber(metadata, `llama.${key}`);
  const real = (key: string) => needNumber(metadata, `llama.${key}`, "f32");
  const config = gpt.validate({
    kind: "gpt",
    vocab: size("vocab_size"),
    context: size("context_length"),
    dim: size("embedding_length"),
    layers: size("block_count"),
    heads: size("attention.head_count"),
    kvHeads: size("attention.head_count_kv"),
    hidden: size("feed_forward_length"),
    tiedHead,
    normEpsilonNano: Math.round(real("attention.layer_norm_rms_epsilon") * 1e9),
    ropeTheta: Math.round(real("rope.freq_base")),
  });
  if (size("rope.dimension_count") !== config.dim / config.heads)
    refuseGguf("its rotary positions turn only a part of each head");
  return config;
}
