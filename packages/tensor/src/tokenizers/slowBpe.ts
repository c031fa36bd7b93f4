// Byte pair encoding in its plain form, for tests: count every pair anew, look at every place.
import { pairKey } from "./bpeTokenizer.ts";
import { latin1 } from "./latin1.ts";
import { TOKENIZER_LIMITS } from "./Tokenizer.ts";

/** The pieces of ASCII text by a regular expression: what llama.cpp's `smollm` and GPT-2 write, digits first. */
export function splitAscii(text: string): string[] {
  const words = /'s|'t|'re|'ve|'m|'ll|'d| ?[A-Za-z]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+/g;
  return text.split(/([0-9])/).flatMap((part) => part.match(words) ?? (part === "" ? [] : [part]));
}

/** Merges of a list of pieces, each an array of tokens that is changed. */
export function slowMerges(
  pieces: number[][],
  { names, most, leastCount }: { names: string[]; most: number; leastCount: number },
): [number, number][] {
  const merges: [number, number][] = [];
  while (merges.length < most) {
    const counts = new Map<number, number>();
    for (const piece of pieces)
      for (let i = 0; i + 1 < piece.length; i++) {
        const key = pairKey(piece[i]!, piece[i + 1]!);
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    const allowed = [...counts].filter(([key, count]) => {
      const name = names[Math.floor(key / TOKENIZER_LIMITS.vocab)]! + names[key % TOKENIZER_LIMITS.vocab]!;
      return count >= leastCount && name.length <= TOKENIZER_LIMITS.pieceBytes;
    });
    const best = allowed.sort(([keyA, a], [keyB, b]) => b - a || keyA - keyB)[0];
    if (best === undefined) return merges;
    const [left, right] = [Math.floor(best[0] / TOKENIZER_LIMITS.vocab), best[0] % TOKENIZER_LIMITS.vocab];
    merges.push([left, right]);
    for (const piece of pieces) mergeLeftToRight(piece, [left, right], names.length);
    names.push(names[left]! + names[right]!);
  }
  return merges;
}

function mergeLeftToRight(piece: number[], [left, right]: [number, number], merged: number): void {
  for (let i = 0; i + 1 < piece.length; i++)
    if (piece[i] === left && piece[i + 1] === right) piece.splice(i, 2, merged);
}

/** Tokens of a piece: each merge in order of training, wherever it fits. */
export function slowEncode(piece: number[], merges: readonly (readonly [number, number])[], first: number): number[] {
  const tokens = [...piece];
  merges.forEach(([left, right], n) => {
    mergeLeftToRight(tokens, [left, right], first + n);
  });
  return tokens;
}

/** One name per byte, and one token per byte of a text. */
export const byteNames = (): string[] => Array.from({ length: 256 }, (_, byte) => latin1(Uint8Array.of(byte)));
