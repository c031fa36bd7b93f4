// Byte and BPE vocabularies as llama.cpp's `gpt2` model with the `smollm` pre-tokenizer, whose pieces are ours on ASCII
// text (tokenizers/splitText.ts): tokens are written in GPT-2's printable letters for bytes, merges as two tokens.
import { type BpeTokenizer, piecesOf } from "../../tokenizers/bpeTokenizer.ts";
import type { ByteTokenizer } from "../../tokenizers/byteTokenizer.ts";
import { refuseTokenizer } from "../../tokenizers/Tokenizer.ts";
import { type TokenizerData, validateTokenizer } from "../../tokenizers/tokenizers.ts";
import { type GgufMetadata, refuseGguf } from "./Gguf.ts";
import { bool, type Entry, list, needList, needText, text, u32 } from "./metadata.ts";

const NORMAL = 1;
const CONTROL = 3;
/** What the end mark is called; llama.cpp stops at it. */
export const END_TEXT = "<|endoftext|>";
const SPLIT = "smollm";

/** GPT-2's letter of each byte: itself where it is printable in Latin-1, else the next one from 256 on. */
function letters(): string[] {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    return String.fromCharCode(printable ? byte : next++);
  });
}
const LETTERS = letters();

/** Bytes in those letters. */
export const spell = (bytes: Uint8Array) => Array.from(bytes, (byte) => LETTERS[byte]).join("");

/** Throws TensorError `bad-tokenizer` for a vocabulary in which llama.cpp would find no end. */
export function writePairs({ bytes, merges, end }: Omit<BpeTokenizer, "kind">): Entry[] {
  const tokens = piecesOf({ bytes, merges }).map(spell);
  const mark = end ? tokens.length : bytes.indexOf(0);
  if (mark < 0)
    refuseTokenizer(
      "the vocabulary has no end mark, and llama.cpp stops at token 11 when it is told of none",
      "train the model with a tokenizer whose end is true",
    );
  const types = tokens.map(() => NORMAL);
  return [
    ["model", text("gpt2")],
    ["pre", text(SPLIT)],
    ["tokens", list("string", end ? [...tokens, END_TEXT] : tokens)],
    ["token_type", list("i32", end ? [...types, CONTROL] : types)],
    [
      "merges",
      list(
        "string",
        merges.map((pair) => pair.map((token) => tokens[token]).join(" ")),
      ),
    ],
    ["bos_token_id", u32(mark)],
    ["eos_token_id", u32(mark)],
    ["add_bos_token", bool(false)],
    ["add_eos_token", bool(false)],
  ];
}

/** The vocabulary that these entries were written from. Throws TensorError `bad-gguf` for another layout. */
export function readPairs(metadata: GgufMetadata): TokenizerData {
  const split = needText(metadata, "tokenizer.ggml.pre");
  if (split !== SPLIT) refuseGguf(`its pre-tokenizer is ${split.slice(0, 40)}; ${SPLIT} is read`);
  const tokens = needList<string>(metadata, "tokenizer.ggml.tokens", "string");
  const end = tokens.at(-1) === END_TEXT;
  const numbers = new Map(tokens.map((token, number) => [token, number]));
  const merges = needList<string>(metadata, "tokenizer.ggml.merges", "string").map((merge, n) => {
    const pair = merge.split(" ").map((token) => numbers.get(token) ?? -1);
    if (pair.length !== 2 || pair.includes(-1)) refuseGguf(`merge ${n} is not of two tokens`);
    return pair as [number, number];
  });
  const alphabet = tokens.slice(0, Math.max(0, tokens.length - merges.length - Number(end)));
  const data = { bytes: alphabet.map((letter) => LETTERS.indexOf(letter)), merges, end };
  const found = validateTokenizer(merges.length === 0 ? asBytes(data) : { kind: "bpe", ...data });
  if (piecesOf(data).some((piece, token) => spell(piece) !== tokens[token]))
    refuseGguf("its tokens are not bytes in order, then the merges in order");
  return found;
}

function asBytes({ bytes, end }: Omit<BpeTokenizer, "kind">): ByteTokenizer {
  return { kind: "byte", bytes, end };
}
