// The kinds of tokenizers by name.
import { show } from "../graph/fields.ts";
import { type BpeTokenizer, bpeTokenizer } from "./bpeTokenizer.ts";
import { type ByteTokenizer, byteTokenizer } from "./byteTokenizer.ts";
import { type Llama2cTokenizer, llama2cTokenizer } from "./llama2cTokenizer.ts";
import { refuseTokenizer, type Tokenizer, type TokenizerKind } from "./Tokenizer.ts";

export type TokenizerData = ByteTokenizer | BpeTokenizer | Llama2cTokenizer;

const KINDS: { readonly [K in TokenizerData["kind"]]: TokenizerKind<Extract<TokenizerData, { kind: K }>> } = {
  byte: byteTokenizer,
  bpe: bpeTokenizer,
  llama2c: llama2cTokenizer,
};

/** Checks untrusted data. Throws TensorError `bad-tokenizer` naming the field and its limit. */
export function validateTokenizer(value: unknown): TokenizerData {
  const kind = typeof value === "object" && value !== null && "kind" in value ? value.kind : undefined;
  if (typeof kind !== "string" || !Object.hasOwn(KINDS, kind))
    refuseTokenizer(`tokenizer kind is ${show(kind)}`, `use one of ${Object.keys(KINDS).join(", ")}`);
  return KINDS[kind as TokenizerData["kind"]].validate(value);
}

/** The tables of checked data, ready to encode and decode. */
export function openTokenizer<D extends TokenizerData>(data: D): Tokenizer {
  return (KINDS[data.kind] as unknown as TokenizerKind<D>).open(data);
}
