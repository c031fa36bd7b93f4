// Quality of a saved model on any text, in bits per character: windows of a whole context over all of it, of each the last
// half counted, as in train/heldOut.ts. A report, not a commitment.
import { TensorError } from "../TensorError.ts";
import { openTokenizer } from "../tokenizers/tokenizers.ts";
import { checkPositions, windowStarts } from "../train/heldOut.ts";
import { openWeights } from "../train/openModel.ts";
import { rowsOfPass, windowBits } from "../train/windowBits.ts";
import type { SavedModel } from "./SavedModel.ts";

export type TextEvaluation = {
  readonly bitsPerChar: number;
  /** Characters (bytes) and tokens that were predicted. */
  readonly characters: number;
  readonly tokens: number;
};

/**
 * About `positions` predictions of a text. Throws TensorError `bad-text` for one that the vocabulary lacks or that is no longer
 * than the context, `bad-option`, `over-memory`.
 */
export async function evaluateText(
  { config, tensors, tokenizer }: SavedModel,
  { text, positions }: { readonly text: Uint8Array; readonly positions: number },
): Promise<TextEvaluation> {
  checkPositions(positions);
  const { encode, piece } = openTokenizer(tokenizer);
  const tokens = encode(text);
  const { context } = config;
  const counted = Math.ceil(context / 2);
  const starts = windowStarts(tokens.length, { context, counted, positions });
  if (starts === undefined)
    throw new TensorError(
      "bad-text",
      `the text has ${tokens.length} tokens, the context ${context}`,
      "use a longer text",
    );
  const ends = starts.map((start) => start + context + 1);
  const predicted = ends.flatMap((end) => Array.from(tokens.subarray(end - counted, end)));
  const characters = predicted.reduce((sum, token) => sum + piece(token, token).length, 0);
  const model = await openWeights(config, tensors, rowsOfPass(context));
  try {
    const bits = await windowBits(model, { tokens, starts, counted });
    return { bitsPerChar: bits / characters, characters, tokens: predicted.length };
  } finally {
    await model.close();
  }
}
