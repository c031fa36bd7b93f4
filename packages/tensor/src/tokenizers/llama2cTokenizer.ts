// The vocabulary of llama2.c (karpathy/llama2.c: run.c), a sentencepiece one with scores: token 0 is unknown, 1 begins and
// 2 ends a text, 3 … 258 are the bytes, the rest are pieces. Encoding looks each character up, falls back to its bytes,
// then merges the neighbours whose joined piece has the highest score, the leftmost of equals. A blank is put before
// every text and taken off again when decoding; a vocabulary without a piece for it does neither. Its file is read by
// formats/readLlama2cVocabulary.ts. One rule differs from run.c: tokens 0 … 258 are never looked up by their names, so that
// a text `<s>` stays text.
import { show } from "../graph/fields.ts";
import { fromBits } from "../recipes.ts";
import { needFields } from "./byteTokenizer.ts";
import { fromHex, latin1 } from "./latin1.ts";
import { mergePairs } from "./mergePairs.ts";
import {
  entryOf,
  needText,
  refuseTokenizer,
  TOKENIZER_LIMITS,
  type Tokenizer,
  type TokenizerKind,
  withMarks,
} from "./Tokenizer.ts";

export type Llama2cTokenizer = {
  readonly kind: "llama2c";
  /** Bytes of tokens 259, 260, … in hex. */
  readonly pieces: readonly string[];
  /** Bits of the fp32 score of each piece; no score is a NaN. */
  readonly scores: readonly number[];
};

const BEGIN = 1;
const END = 2;
const FIRST_BYTE = 3;
/** Number of the first piece: after unknown, begin, end and 256 bytes. */
export const FIRST_PIECE = 259;
const BLANK = 0x20;
/** run.c merges nothing with a score below this. */
const LEAST_SCORE = Math.fround(-1e10);
const MARK = new Uint8Array();
const LONGEST_CHARACTER = 4;

function validate(value: unknown): Llama2cTokenizer {
  const { pieces, scores } = needFields(value, ["kind", "pieces", "scores"]);
  const most = TOKENIZER_LIMITS.vocab - FIRST_PIECE;
  if (!Array.isArray(pieces) || !Array.isArray(scores) || pieces.length !== scores.length || pieces.length > most)
    refuseTokenizer("pieces and scores are not two lists of one length", `use two lists of up to ${most}`);
  pieces.forEach((piece, i) => {
    if (typeof piece !== "string" || piece.length > 2 * TOKENIZER_LIMITS.pieceBytes || !/^([0-9a-f]{2})+$/.test(piece))
      refuseTokenizer(`piece ${i} is ${show(piece)}`, `use 1 to ${TOKENIZER_LIMITS.pieceBytes} bytes in hex`);
    const word = scores[i];
    if (!Number.isInteger(word) || Object.is(word, -0) || word < 0 || word >= 2 ** 32 || Number.isNaN(fromBits(word)))
      refuseTokenizer(`score ${i} is ${show(word)}`, "use the 32 bits of an fp32 as an unsigned integer");
  });
  return value as Llama2cTokenizer;
}

/** Tables of an open vocabulary. Texts are latin-1 strings: one character per byte. */
type Tables = {
  readonly numbers: ReadonlyMap<string, number>;
  readonly scores: Float32Array;
  readonly names: string[];
};

function open(data: Llama2cTokenizer): Tokenizer {
  const singles = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  const pieces = [MARK, MARK, MARK, ...singles, ...data.pieces.map(fromHex)];
  const names = pieces.map(latin1);
  const numbers = new Map<string, number>();
  // The first of equal pieces wins.
  for (let token = names.length - 1; token >= FIRST_PIECE; token--) numbers.set(names[token]!, token);
  const tables: Tables = { numbers, scores: Float32Array.from(data.scores, fromBits), names };
  const tokenizer: Tokenizer = {
    vocab: pieces.length,
    begin: BEGIN,
    end: END,
    encode(text, options = {}) {
      needText(text);
      return withMarks(tokenizer, text.length === 0 ? new Int32Array() : encodeText(text, tables), options);
    },
    piece(token, previous = BEGIN) {
      const piece = entryOf(pieces, token);
      const leading = previous === BEGIN && token >= FIRST_PIECE && piece[0] === BLANK && numbers.has(" ");
      return leading ? piece.subarray(1) : piece;
    },
  };
  return tokenizer;
}

function encodeText(text: Uint8Array, tables: Tables): Int32Array {
  const tokens: number[] = [];
  const add = (character: string) => {
    const token = tables.numbers.get(character);
    if (token !== undefined) tokens.push(token);
    else for (let i = 0; i < character.length; i++) tokens.push(character.charCodeAt(i) + FIRST_BYTE);
  };
  if (tables.numbers.has(" ")) add(" ");
  const source = latin1(text);
  for (let at = 0; at < source.length; ) {
    let end = at + 1;
    while (end < source.length && end - at < LONGEST_CHARACTER && (source.charCodeAt(end) & 0xc0) === 0x80) end++;
    add(source.slice(at, end));
    at = end;
  }
  return mergePairs(Int32Array.from(tokens), {
    join: (left, right) => joined(tables, left, right),
    order: (token) => -tables.scores[token - FIRST_PIECE]!,
  });
}

/** The piece that two pieces make, if there is one with a score that counts. Single bytes stay single. */
function joined({ numbers, names, scores }: Tables, left: number, right: number): number | undefined {
  if (left < FIRST_PIECE || right < FIRST_PIECE) return undefined;
  const token = numbers.get(names[left]! + names[right]!);
  return token !== undefined && scores[token - FIRST_PIECE]! > LEAST_SCORE ? token : undefined;
}

export const llama2cTokenizer: TokenizerKind<Llama2cTokenizer> = { validate, open };
