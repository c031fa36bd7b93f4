// llama2.c vocabularies as llama.cpp's `llama` model: pieces with scores, blanks written ▁, the 256 bytes by name.
import { bitsOf, fromBits } from "../../recipes.ts";
import { fromHex, hexOf } from "../../tokenizers/latin1.ts";
import { FIRST_PIECE, type Llama2cTokenizer } from "../../tokenizers/llama2cTokenizer.ts";
import { refuseTokenizer } from "../../tokenizers/Tokenizer.ts";
import { validateTokenizer } from "../../tokenizers/tokenizers.ts";
import { type GgufMetadata, refuseGguf } from "./Gguf.ts";
import { bool, type Entry, list, needList, text, u32 } from "./metadata.ts";

const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;
const BYTE = 6;
const BLANK_MARK = "▁";

const SINGLES = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
const FIXED = ["<unk>", "<s>", "</s>", ...SINGLES];
const TYPES = [UNKNOWN, CONTROL, CONTROL, ...SINGLES.map(() => BYTE)];

/** What sentencepiece calls each token. Throws TensorError `bad-tokenizer` for pieces that are no text or share a name. */
export function scoreNames({ pieces }: Llama2cTokenizer): string[] {
  const tokens = [...FIXED, ...pieces.map(readable)];
  const known = new Set<string>();
  for (const token of tokens) {
    if (known.has(token))
      refuseTokenizer(`two tokens are called ${token}`, "other programs need a name of its own for every token");
    known.add(token);
  }
  return tokens;
}

/** Throws TensorError `bad-tokenizer` for pieces that are no text or that would share a name. */
export function writeScores(data: Llama2cTokenizer): Entry[] {
  const { pieces, scores } = data;
  const tokens = scoreNames(data);
  return [
    ["model", text("llama")],
    ["pre", text("default")],
    ["tokens", list("string", tokens)],
    ["scores", list("f32", [...FIXED.map(() => 0), ...scores.map(fromBits)])],
    ["token_type", list("i32", [...TYPES, ...pieces.map(() => NORMAL)])],
    ["bos_token_id", u32(1)],
    ["eos_token_id", u32(2)],
    ["unknown_token_id", u32(0)],
    ["add_bos_token", bool(true)],
    ["add_eos_token", bool(false)],
    ["add_space_prefix", bool(true)],
  ];
}

function readable(hex: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(fromHex(hex)).replaceAll(" ", BLANK_MARK);
  } catch {
    return refuseTokenizer(`the piece ${hex} is not UTF-8`, "other programs hold text only");
  }
}

/** The vocabulary that these entries were written from. Throws TensorError `bad-gguf` for another layout. */
export function readScores(metadata: GgufMetadata): Llama2cTokenizer {
  const tokens = needList<string>(metadata, "tokenizer.ggml.tokens", "string");
  const scores = needList<number>(metadata, "tokenizer.ggml.scores", "f32");
  if (FIXED.some((name, token) => tokens[token] !== name))
    refuseGguf("its first 259 tokens are not unknown, begin, end and the bytes");
  const bytes = (token: string) => new TextEncoder().encode(token.replaceAll(BLANK_MARK, " "));
  return validateTokenizer({
    kind: "llama2c",
    pieces: tokens.slice(FIRST_PIECE).map((token) => hexOf(bytes(token))),
    scores: scores.slice(FIRST_PIECE).map(bitsOf),
  }) as Llama2cTokenizer;
}
