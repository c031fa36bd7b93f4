// Byte pair encoding (Sennrich et al. 2016) over bytes (spec/tensor-files.md §3): the text is cut into pieces, and in each
// piece the pair that was merged first in training is merged first, the leftmost of equals. Training is trainBpe.ts.
import { show } from "../graph/fields.ts";
import { alphabetIndex, encodeBytes, needAlphabet, needFields } from "./byteTokenizer.ts";
import { latin1 } from "./latin1.ts";
import { mergePairs, type PairRule } from "./mergePairs.ts";
import { pieceEnd } from "./splitText.ts";
import {
  entryOf,
  needText,
  refuseTokenizer,
  TOKENIZER_LIMITS,
  type Tokenizer,
  type TokenizerKind,
  withMarks,
} from "./Tokenizer.ts";

export type BpeTokenizer = {
  readonly kind: "bpe";
  /** Ascending: token i is byte `bytes[i]`. */
  readonly bytes: readonly number[];
  /** Merge n makes token `bytes.length + n` of two earlier ones. No two tokens have the same bytes. */
  readonly merges: readonly (readonly [left: number, right: number])[];
  /** The last token is an end mark, which no text encodes to. */
  readonly end: boolean;
};

/** Pieces of a text whose tokens are remembered while a tokenizer is open. */
const CACHED_PIECES = 65_536;
const CACHED_PIECE_BYTES = 64;

/** One number for two tokens; grows with the left, then with the right. */
export function pairKey(left: number, right: number): number {
  return left * TOKENIZER_LIMITS.vocab + right;
}

/** Bytes of every token but the end mark. Throws TensorError `bad-tokenizer` naming the merge that doesn't fit. */
export function piecesOf({ bytes, merges }: Pick<BpeTokenizer, "bytes" | "merges">): Uint8Array[] {
  const pieces = bytes.map((byte) => Uint8Array.of(byte));
  const known = new Set(pieces.map(latin1));
  merges.forEach((merge, n) => {
    const [left, right] = merge.map((token) => pieces[token]) as [Uint8Array | undefined, Uint8Array | undefined];
    if (merge.length !== 2 || left === undefined || right === undefined)
      refuseTokenizer(`merge ${n} is ${show(merge)}`, `use two tokens from 0 to ${pieces.length - 1}`);
    if (left.length + right.length > TOKENIZER_LIMITS.pieceBytes)
      refuseTokenizer(`merge ${n} makes a token of ${left.length + right.length} bytes`, "use tokens of at most 256");
    const piece = Uint8Array.of(...left, ...right);
    const text = latin1(piece);
    if (known.has(text)) refuseTokenizer(`merge ${n} makes a token that is there already`, "leave this merge out");
    known.add(text);
    pieces.push(piece);
  });
  return pieces;
}

function validate(value: unknown): BpeTokenizer {
  const record = needFields(value, ["kind", "bytes", "merges", "end"]);
  needAlphabet(record);
  const { merges } = record;
  if (!Array.isArray(merges)) refuseTokenizer(`merges is ${show(merges)}`, "use a list of pairs of tokens");
  const data = value as BpeTokenizer;
  const vocab = data.bytes.length + merges.length + Number(data.end);
  if (vocab > TOKENIZER_LIMITS.vocab)
    refuseTokenizer(`the vocabulary has ${vocab} tokens`, `use at most ${TOKENIZER_LIMITS.vocab}`);
  const bad = merges.findIndex((merge) => !Array.isArray(merge) || merge.some((token) => !isToken(token)));
  if (bad >= 0) refuseTokenizer(`merge ${bad} is ${show(merges[bad])}`, "use a pair of token numbers");
  piecesOf(data);
  return data;
}

function isToken(value: unknown): boolean {
  return Number.isInteger(value) && !Object.is(value, -0);
}

function open(data: BpeTokenizer): Tokenizer {
  const index = alphabetIndex(data.bytes);
  const made = new Map(data.merges.map(([left, right], n) => [pairKey(left, right), data.bytes.length + n]));
  // Tokens are numbered in the order of their merges.
  const rule: PairRule = { join: (left, right) => made.get(pairKey(left, right)), order: (token) => token };
  const pieces = [...piecesOf(data), ...(data.end ? [new Uint8Array()] : [])];
  const mark = data.end ? pieces.length - 1 : undefined;
  const cache = new Map<string, Int32Array>();
  const tokenizer: Tokenizer = {
    vocab: pieces.length,
    begin: mark,
    end: mark,
    encode(text, options = {}) {
      needText(text);
      const tokens = encodeBytes(text, index);
      let kept = 0;
      for (let at = 0; at < text.length; ) {
        const end = pieceEnd(text, at);
        const own = cached(cache, latin1(text.subarray(at, end)), () => mergePairs(tokens.slice(at, end), rule));
        // Never ahead of what is still to be read: a piece has at most as many tokens as bytes.
        tokens.set(own, kept);
        kept += own.length;
        at = end;
      }
      return withMarks(tokenizer, tokens.slice(0, kept), options);
    },
    piece: (token) => entryOf(pieces, token),
  };
  return tokenizer;
}

function cached(cache: Map<string, Int32Array>, key: string, make: () => Int32Array): Int32Array {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = make();
  if (key.length <= CACHED_PIECE_BYTES) {
    if (cache.size >= CACHED_PIECES) cache.clear();
    cache.set(key, made);
  }
  return made;
}

export const bpeTokenizer: TokenizerKind<BpeTokenizer> = { validate, open };
