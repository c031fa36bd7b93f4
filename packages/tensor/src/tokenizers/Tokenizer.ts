// What every tokenizer answers for: text as bytes to token numbers and back (spec/tensor-files.md). Data of a tokenizer is
// plain and content-hashed (TokenizerFile.ts); opening it makes the tables that encoding needs.
import { TensorError } from "../TensorError.ts";

/** Which of the tokenizer's own marks to write around the text; those it lacks are left out. */
export type EncodeOptions = { readonly begin?: boolean; readonly end?: boolean };

export type Tokenizer = {
  /** Tokens are 0 … vocab-1. */
  readonly vocab: number;
  /** The token a text begins with when asked for, and the one that ends it. */
  readonly begin: number | undefined;
  readonly end: number | undefined;
  /** Throws TensorError `bad-text` naming a byte that the vocabulary lacks. */
  encode(text: Uint8Array, options?: EncodeOptions): Int32Array;
  /**
   * Bytes of one token, for streaming; `previous` is the token before it, none at the start of a text. Throws TensorError
   * `bad-text` for a number outside the vocabulary.
   */
  piece(token: number, previous?: number): Uint8Array;
};

/** A kind of tokenizer: its data from outside, checked, and the data opened. */
export type TokenizerKind<D> = {
  /** Throws TensorError `bad-tokenizer` naming the field. */
  validate(value: unknown): D;
  open(data: D): Tokenizer;
};

export const TOKENIZER_LIMITS = {
  /** Tokens of a vocabulary: two numbers make one key below 2^32. */
  vocab: 65_536,
  /** Bytes of one token: bounds what a few tokens decode to. */
  pieceBytes: 256,
  /** Bytes of text in one call of encode, and tokens in one call of decode. */
  textBytes: 2 ** 28,
} as const;

/** The one way tokenizer data is refused. */
export function refuseTokenizer(problem: string, remedy: string, cause?: unknown): never {
  throw new TensorError("bad-tokenizer", problem, remedy, cause);
}

/** The one way text or tokens are refused. */
export function refuseText(problem: string, remedy: string): never {
  throw new TensorError("bad-text", problem, remedy);
}

/** Checks the size of a text. */
export function needText(text: Uint8Array): void {
  if (text.length > TOKENIZER_LIMITS.textBytes)
    refuseText(`the text has ${text.length} bytes`, `encode at most ${TOKENIZER_LIMITS.textBytes} bytes at a time`);
}

/** The bytes of tokens; marks of begin and end give none. Throws TensorError `bad-text`. */
export function decode(tokenizer: Tokenizer, tokens: ArrayLike<number>): Uint8Array {
  const { textBytes } = TOKENIZER_LIMITS;
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (let i = 0; i < tokens.length; i++) {
    const piece = tokenizer.piece(tokens[i]!, i === 0 ? undefined : tokens[i - 1]);
    length += piece.length;
    if (length > textBytes) refuseText(`the tokens hold more than ${textBytes} bytes`, "decode fewer tokens at a time");
    pieces.push(piece);
  }
  const text = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    text.set(piece, at);
    at += piece.length;
  }
  return text;
}

/** Marks written around tokens, as asked. */
export function withMarks(tokenizer: Tokenizer, tokens: Int32Array, { begin, end }: EncodeOptions): Int32Array {
  const before = begin === true && tokenizer.begin !== undefined ? [tokenizer.begin] : [];
  const after = end === true && tokenizer.end !== undefined ? [tokenizer.end] : [];
  return before.length + after.length === 0 ? tokens : Int32Array.of(...before, ...Array.from(tokens), ...after);
}

/** The entry of a token in a table. Throws TensorError `bad-text` for a number outside it. */
export function entryOf<T>(table: readonly T[], token: number): T {
  return table[token] ?? refuseText(`token ${token} is not in the vocabulary`, `use tokens 0 to ${table.length - 1}`);
}
