// One token per byte: the bytes of a corpus, or all 256, in ascending order; an end mark behind them if wanted
// (spec/tensor-files.md §1). The alphabet of a BPE vocabulary has the same form.
import { show } from "../graph/fields.ts";
import {
  entryOf,
  needText,
  refuseText,
  refuseTokenizer,
  type Tokenizer,
  type TokenizerKind,
  withMarks,
} from "./Tokenizer.ts";

export type ByteTokenizer = {
  readonly kind: "byte";
  /** Ascending: token i is byte `bytes[i]`. */
  readonly bytes: readonly number[];
  /** The last token is an end mark, which no text encodes to. */
  readonly end: boolean;
};

const NO_BYTES = new Uint8Array();
export const ALL_BYTES: readonly number[] = Array.from({ length: 256 }, (_, byte) => byte);

/** The bytes that occur, ascending. */
export function bytesOf(corpus: Uint8Array): number[] {
  const present = new Uint8Array(256);
  for (const byte of corpus) present[byte] = 1;
  return ALL_BYTES.filter((byte) => present[byte] === 1);
}

/** A vocabulary of the bytes of a corpus, or of all 256 without one. Throws TensorError `bad-tokenizer` when it is empty. */
export function createByteTokenizer(options: { corpus?: Uint8Array; end?: boolean } = {}): ByteTokenizer {
  const { corpus, end = true } = options;
  return byteTokenizer.validate({ kind: "byte", bytes: corpus === undefined ? ALL_BYTES : bytesOf(corpus), end });
}

/** An object with exactly these fields. */
export function needFields(value: unknown, fields: readonly string[]): Record<string, unknown> {
  const wanted = [...fields].sort().join(",");
  if (typeof value !== "object" || value === null || Array.isArray(value))
    refuseTokenizer(`the tokenizer is ${show(value)}`, `use an object with the fields ${wanted}`);
  const found = Object.keys(value).sort().join(",");
  if (found !== wanted)
    refuseTokenizer(`the tokenizer has the fields ${found.slice(0, 200)}`, `exactly these belong there: ${wanted}`);
  return value as Record<string, unknown>;
}

/** Checks `bytes` and `end`, which every vocabulary over an alphabet of bytes has. */
export function needAlphabet({ bytes, end }: Record<string, unknown>): void {
  if (!Array.isArray(bytes) || bytes.length < 1 || bytes.length > 256)
    refuseTokenizer(`bytes is ${show(bytes)}`, "use a list of 1 to 256 bytes");
  bytes.forEach((byte, i) => {
    if (!Number.isInteger(byte) || Object.is(byte, -0) || byte < 0 || byte > 255 || (i > 0 && byte <= bytes[i - 1]))
      refuseTokenizer(`bytes holds ${show(byte)} at ${i}`, "use integers from 0 to 255, ascending");
  });
  if (typeof end !== "boolean") refuseTokenizer(`end is ${show(end)}`, "use true or false");
}

/** Token of each byte, -1 for those that the alphabet lacks. */
export function alphabetIndex(bytes: readonly number[]): Int16Array {
  const index = new Int16Array(256).fill(-1);
  bytes.forEach((byte, token) => {
    index[byte] = token;
  });
  return index;
}

/** The character that a byte is part of, quoted. */
function characterAt(text: Uint8Array, at: number): string {
  let from = at;
  // A character has at most three bytes after its first; they alone look like this.
  while (from > 0 && at - from < 3 && (text[from]! & 0xc0) === 0x80) from--;
  const [character = ""] = new TextDecoder().decode(text.subarray(from, from + 4));
  return JSON.stringify(character);
}

/** The alphabet's token of every byte. Throws TensorError `bad-text`. */
export function encodeBytes(text: Uint8Array, index: Int16Array): Int32Array {
  const tokens = new Int32Array(text.length);
  text.forEach((byte, at) => {
    const token = index[byte]!;
    if (token < 0)
      refuseText(
        `${characterAt(text, at)} is not in the vocabulary: byte ${byte} at ${at}`,
        "leave it out, or use a model that knows all bytes, as one with byte pairs does",
      );
    tokens[at] = token;
  });
  return tokens;
}

export const byteTokenizer: TokenizerKind<ByteTokenizer> = {
  validate(value) {
    needAlphabet(needFields(value, ["kind", "bytes", "end"]));
    return value as ByteTokenizer;
  },
  open({ bytes, end }) {
    const index = alphabetIndex(bytes);
    const pieces = [...bytes.map((byte) => Uint8Array.of(byte)), ...(end ? [NO_BYTES] : [])];
    const mark = end ? bytes.length : undefined;
    const tokenizer: Tokenizer = {
      vocab: pieces.length,
      begin: mark,
      end: mark,
      encode(text, options = {}) {
        needText(text);
        return withMarks(tokenizer, encodeBytes(text, index), options);
      },
      piece: (token) => entryOf(pieces, token),
    };
    return tokenizer;
  },
};
