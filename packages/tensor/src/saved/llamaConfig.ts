// config.json of a folder that transformers and its relatives open as a LlamaForCausalLM. Written only: what our own
// commands read stands in the safetensors file.
import type { GptConfig } from "../models/gpt.ts";
import { openTokenizer, type TokenizerData } from "../tokenizers/tokenizers.ts";

export function llamaConfig(config: GptConfig, tokenizer: TokenizerData): Record<string, unknown> {
  const { begin, end } = openTokenizer(tokenizer);
  return {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    vocab_size: config.vocab,
    max_position_embeddings: config.context,
    hidden_size: config.dim,
    intermediate_size: config.hidden,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    hidden_act: "silu",
    rms_norm_eps: config.normEpsilonNano / 1e9,
    rope_theta: config.ropeTheta,
    tie_word_embeddings: config.tiedHead,
    attention_bias: false,
    mlp_bias: false,
    torch_dtype: "float32",
    bos_token_id: begin ?? null,
    eos_token_id: end ?? null,
  };
}
