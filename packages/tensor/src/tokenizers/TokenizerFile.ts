// A tokenizer as a file and its content hash (spec/tensor-files.md §4): canonical JSON, so that equal tokenizers have equal
// files. The reader takes hostile bytes.
import { canonicalJson } from "../canonicalJson.ts";
import { checkKeys, show } from "../graph/fields.ts";
import { sha256, toHex } from "../sha256.ts";
import { refuseTokenizer } from "./Tokenizer.ts";
import { type TokenizerData, validateTokenizer } from "./tokenizers.ts";

const FORMAT = "weft-tokenizer/1";
/** A vocabulary of 65,536 tokens needs about a megabyte. */
const MAX_TOKENIZER_FILE_BYTES = 2 ** 24;

/** SHA-256 of the canonical JSON of a tokenizer. */
export function tokenizerHash(data: TokenizerData): `0x${string}` {
  return toHex(sha256(new TextEncoder().encode(canonicalJson(data))));
}

export function writeTokenizer(data: TokenizerData): Uint8Array {
  const file = { format: FORMAT, hash: tokenizerHash(data), tokenizer: data };
  return new TextEncoder().encode(`${canonicalJson(file)}\n`);
}

/** Reads and checks a file. Throws TensorError `bad-tokenizer`. */
export function readTokenizer(bytes: Uint8Array): TokenizerData {
  if (bytes.length > MAX_TOKENIZER_FILE_BYTES)
    refuseTokenizer(`the file has ${bytes.length} bytes`, `use at most ${MAX_TOKENIZER_FILE_BYTES}`);
  const { format, hash, tokenizer } = parse(bytes);
  if (format !== FORMAT) refuseTokenizer(`format is ${show(format)}`, `use ${FORMAT}`);
  const data = validateTokenizer(tokenizer);
  const own = tokenizerHash(data);
  if (hash !== own) refuseTokenizer(`hash is ${show(hash)} and the content has ${own}`, "get the file again");
  return data;
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return checkKeys("tokenizer file", value, ["format", "hash", "tokenizer"]);
  } catch (cause) {
    return refuseTokenizer("the file is not the JSON of a tokenizer", "pass what writeTokenizer wrote", cause);
  }
}
