// What a job's last checkpoint is worth, as its events say it.
import type { Evaluation } from "@weft/compute/tensor/messages";
import type { Quality } from "../GatewayContext.ts";

export function qualityOf({ bitsPerChar, characters, baselines, sample }: Evaluation): Quality {
  const baseline = (wanted: number) => baselines.find(({ order }) => order === wanted)?.bitsPerChar ?? Number.NaN;
  return {
    bitsPerByte: bitsPerChar,
    baselineOneChar: baseline(1),
    baselineTwoChar: baseline(2),
    heldOutBytes: characters,
    sample: new TextDecoder().decode(sample ?? new Uint8Array()),
  };
}
