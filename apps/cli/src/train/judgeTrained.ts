// What a finished checkpoint is worth: held-out bits per character beside n-grams, and a sample, as the gateway reports
// them of a job. Reports, not commitments.
import { sha256 } from "@weft/tensor/sha256";
import { evaluate, evaluateNGram, sampleText } from "@weft/tensor/train/evaluate";
import { type TrainProgram, trainingBytesOf } from "@weft/tensor/train/Program";
import type { Evaluated } from "../render/learntLines.ts";

const sampleTokens = 400;
const promptBytes = 16;

export interface Judged {
  evaluated: Evaluated;
  /** A piece of held-out text and how the model goes on. */
  sample: string;
}

export async function judgeTrained(
  program: TrainProgram,
  { checkpoint, corpus }: { checkpoint: Uint8Array; corpus: Uint8Array },
): Promise<Judged> {
  const { bitsPerChar, characters } = await evaluate(program, checkpoint, { corpus });
  const from = trainingBytesOf(program);
  const prompt = corpus.subarray(from, from + promptBytes);
  const seed = sha256(new TextEncoder().encode(program.seed));
  const text = await sampleText(program, checkpoint, { prompt, count: sampleTokens, seed, temperatureMilli: 800 });
  return {
    evaluated: {
      bitsPerByte: bitsPerChar,
      baselineOneChar: evaluateNGram(program, 1, { corpus }),
      baselineTwoChar: evaluateNGram(program, 2, { corpus }),
      heldOutBytes: characters,
    },
    sample: new TextDecoder().decode(Buffer.concat([prompt, text])),
  };
}
