// Held-out quality of a checkpoint of version 2 in bits per character, with n-gram baselines on the same characters. Runs the
// committed forward pass on the caller's thread in small batches.
// Not here: anything committed; the averages are doubles.

import { nGramBits, shorterNGram, trainNGram } from "../NGram.ts";
import { bytesOf } from "../tokenizers/byteTokenizer.ts";
import type { HeldOut } from "./heldOut.ts";
import { openModel } from "./openModel.ts";
import { trainingBytesOf } from "./Program.ts";
import { rowsOfPass, windowBits } from "./windowBits.ts";

export type Evaluation = {
  readonly bitsPerChar: number;
  /** Characters (bytes) that were predicted. */
  readonly characters: number;
  readonly tokens: number;
  readonly nextStep: number;
};

/**
 * Bits per character of a checkpoint on a held-out part. Yields to the event loop between batches. Throws TensorError
 * `bad-checkpoint`, `bad-safetensors`.
 */
export async function evaluate(part: HeldOut, checkpoint: Uint8Array): Promise<Evaluation> {
  const model = await openModel(part.open, checkpoint, rowsOfPass(part.context));
  try {
    const bits = await windowBits(model, part);
    const characters = part.bytePositions.length;
    const tokens = part.starts.length * part.counted;
    return { bitsPerChar: bits / characters, characters, tokens, nextStep: model.nextStep };
  } finally {
    await model.close();
  }
}

/**
 * Bits per character, on the same characters, of Witten–Bell n-grams over bytes that counted the training part; one for each
 * number of bytes of context (0 to 4) in `orders`.
 */
export function evaluateNGrams({ open, corpus, bytePositions }: HeldOut, orders: readonly number[]): number[] {
  const alphabet = bytesOf(corpus);
  const index = new Uint8Array(256);
  alphabet.forEach((byte, i) => {
    index[byte] = i;
  });
  const symbols = corpus.map((byte) => index[byte]!);
  const end = trainingBytesOf(open.program);
  // The counts of the longest hold those of the shorter.
  const longest = trainNGram(symbols, end, Math.max(0, ...orders), alphabet.length);
  return orders.map((order) => nGramBits(shorterNGram(longest, order), symbols, bytePositions));
}
