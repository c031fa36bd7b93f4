// Tokenizers as GGUF metadata that llama.cpp reads, and back: which of its vocabularies holds which of ours.
import type { TokenizerData } from "../../tokenizers/tokenizers.ts";
import { type GgufMetadata, refuseGguf } from "./Gguf.ts";
import { type Entry, needText } from "./metadata.ts";
import { readPairs, writePairs } from "./pairVocabulary.ts";
import { readScores, writeScores } from "./scoreVocabulary.ts";

const WRITERS: { readonly [K in TokenizerData["kind"]]: (data: Extract<TokenizerData, { kind: K }>) => Entry[] } = {
  byte: ({ bytes, end }) => writePairs({ bytes, end, merges: [] }),
  bpe: writePairs,
  llama2c: writeScores,
};
const READERS: Readonly<Record<string, (metadata: GgufMetadata) => TokenizerData>> = {
  gpt2: readPairs,
  llama: readScores,
};

/** Metadata of a tokenizer. Throws TensorError `bad-tokenizer` for a vocabulary that llama.cpp cannot hold. */
export function writeVocabulary<D extends TokenizerData>(data: D): Entry[] {
  const entries = (WRITERS[data.kind] as unknown as (data: D) => Entry[])(data);
  return entries.map(([key, value]) => [`tokenizer.ggml.${key}`, value]);
}

/** The tokenizer of a file. Throws TensorError `bad-gguf` or `bad-tokenizer` for one that writeVocabulary did not write. */
export function readVocabulary(metadata: GgufMetadata): TokenizerData {
  const model = needText(metadata, "tokenizer.ggml.model");
  const read = Object.hasOwn(READERS, model) ? READERS[model] : undefined;
  if (read === undefined) return refuseGguf(`its tokenizer is ${model.slice(0, 40)}; gpt2 and llama are read`);
  return read(metadata);
}
