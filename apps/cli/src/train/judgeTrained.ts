// What a finished checkpoint is worth: held-out bits per character beside n-grams, and a sample, as the gateway reports
// them of a job. Reports, not commitments.
import { sha256 } from "@weft/tensor/sha256";
import { evaluate, evaluateNGrams } from "@weft/tensor/train/evaluate";
import { type HeldOut, heldOut } from "@weft/tensor/train/heldOut";
import { type OpenProgram, trainingBytesOf } from "@weft/tensor/train/Program";
import { sampleText } from "@weft/tensor/train/sampleText";
import type { Evaluated } from "../render/learntLines.ts";

const sampleTokens = 400;
const promptBytes = 16;

export interface Judged {
  evaluated: Evaluated;
  /** A piece of held-out text and how the model goes on. */
  sample: string;
}

/** A checkpoint on a held-out part, beside n-grams of one and two characters of context; `tokens` are those predicted. */
export async function judgeHeldOut(
  part: HeldOut,
  checkpoint: Uint8Array,
): Promise<{ evaluated: Evaluated; tokens: number }> {
  const { bitsPerChar, characters, tokens } = await evaluate(part, checkpoint);
  const [baselineOneChar, baselineTwoChar] = evaluateNGrams(part, [1, 2]) as [number, number];
  return {
    evaluated: { bitsPerByte: bitsPerChar, baselineOneChar, baselineTwoChar, heldOutBytes: characters },
    tokens,
  };
}

export async function judgeTrained(
  open: OpenProgram,
  { checkpoint, corpus }: { checkpoint: Uint8Array; corpus: Uint8Array },
): Promise<Judged> {
  const { evaluated } = await judgeHeldOut(heldOut(open, corpus), checkpoint);
  const from = trainingBytesOf(open.program);
  const prompt = corpus.subarray(from, from + promptBytes);
  const seed = sha256(new TextEncoder().encode(open.program.seed));
  const text = await sampleText(open, checkpoint, { prompt, count: sampleTokens, seed, temperatureMilli: 800 });
  return { evaluated, sample: new TextDecoder().decode(Buffer.concat([prompt, text])) };
}
