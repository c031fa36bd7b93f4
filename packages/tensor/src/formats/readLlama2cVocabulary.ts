// Reader of a tokenizer file of llama2.c (karpathy/llama2.c: tokenizer.py, run.c): i32 longest token, then per token
// fp32 score, i32 length, bytes. The number of tokens is not in the file: it ends where the bytes end.
import { bitsOf } from "../recipes.ts";
import { TensorError } from "../TensorError.ts";
import { hexOf, latin1 } from "../tokenizers/latin1.ts";
import { FIRST_PIECE, type Llama2cTokenizer, llama2cTokenizer } from "../tokenizers/llama2cTokenizer.ts";
import { TOKENIZER_LIMITS } from "../tokenizers/Tokenizer.ts";
import { ByteReader } from "./ByteReader.ts";

const FIRST_BYTE = 3;

function bad(problem: string): never {
  throw new TensorError("bad-tokenizer", problem, "pass a tokenizer file of llama2.c, such as tok512.bin");
}

/** Reads a file. Throws TensorError `bad-tokenizer`. */
export function readLlama2cVocabulary(bytes: Uint8Array): Llama2cTokenizer {
  const reader = new ByteReader(bytes, bad);
  const longest = reader.i32("the length of the longest token");
  const pieces: string[] = [];
  const scores: number[] = [];
  for (let token = 0; reader.left > 0; token++) {
    if (token >= TOKENIZER_LIMITS.vocab) bad(`it has more than ${TOKENIZER_LIMITS.vocab} tokens`);
    const score = reader.f32(`the score of token ${token}`);
    const length = reader.i32(`the length of token ${token}`);
    if (length < 1 || length > Math.min(longest, TOKENIZER_LIMITS.pieceBytes))
      bad(
        `token ${token} has ${length} bytes and the longest ${longest}; 1 to ${TOKENIZER_LIMITS.pieceBytes} are read`,
      );
    const piece = reader.take(length, `token ${token}`);
    if (token < FIRST_PIECE) needFixed(token, piece);
    else {
      pieces.push(hexOf(piece));
      scores.push(bitsOf(score));
    }
  }
  if (scores.length === 0) bad(`it has no token ${FIRST_PIECE}: unknown, begin, end and 256 bytes come first`);
  return llama2cTokenizer.validate({ kind: "llama2c", pieces, scores });
}

/** Tokens 3 … 258 are the bytes, named `<0x00>` and so on; the three before them have no fixed names. */
function needFixed(token: number, piece: Uint8Array): void {
  if (token < FIRST_BYTE) return;
  const name = `<0x${(token - FIRST_BYTE).toString(16).toUpperCase().padStart(2, "0")}>`;
  const found = latin1(piece);
  if (found !== name) bad(`token ${token} is ${JSON.stringify(found)}, not ${name}`);
}
