// For tests and the testkit: programs of version 2 so small that a step takes a millisecond, over the tiny corpus.
import { createTrainProgram, type TrainPreset, type TrainProgram } from "./Program.ts";

/** 1,260 bytes of plain text. */
export const tinyCorpus: Uint8Array = new TextEncoder().encode(
  "the shuttle goes over, the shuttle goes under; check, do not trust. ".repeat(20).slice(0, 1260),
);

const preset: TrainPreset = {
  model: {
    kind: "gpt",
    ...{ context: 6, dim: 12, layers: 2, heads: 2, kvHeads: 1, hidden: 10, tiedHead: true },
    ...{ normEpsilonNano: 10_000, ropeTheta: 10_000 },
  },
  batch: 3,
  accumulate: 1,
  clipMilli: 1000,
  optimiser: { kind: "adamw", beta1Ppm: 900_000, beta2Ppm: 990_000, epsilonNano: 10, weightDecayPpm: 10_000 },
  schedule: { kind: "cosine", rateNano: 5_000_000, finalRateNano: 500_000, warmupSteps: 3 },
  totalSteps: 24,
  stepsPerSegment: 6,
  split: { heldOutPpm: 100_000 },
};

/** The MLP of the same size. */
export const tinyMlpModel: TrainPreset["model"] = { kind: "mlp", context: 3, embedding: 5, hidden: 13 };

/** A program over `tinyCorpus`; `changes` replace fields of its preset. Sizes are odd so that every tail path runs. */
export function tinyTrainProgram(changes: Partial<TrainPreset> = {}, seed = 1): TrainProgram {
  return createTrainProgram({ ...preset, ...changes }, { corpus: tinyCorpus, seed: new Uint8Array(32).fill(seed) });
}
