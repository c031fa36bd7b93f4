// For tests and the testkit: a program so small that a step takes well under a millisecond, and its corpus.
import { createProgram, type Preset, type Program } from "./Program.ts";

const preset: Preset = {
  model: { context: 3, embedding: 5, hidden: 13 },
  batch: 19,
  totalSteps: 24,
  stepsPerSegment: 6,
  optimiser: { kind: "adam", beta1Ppm: 900_000, beta2Ppm: 990_000, epsilonNano: 10 },
  schedule: { kind: "linear", rateNano: 5_000_000, finalRateNano: 500_000, warmupSteps: 3 },
  split: { heldOutPpm: 100_000 },
};

/** 1,260 bytes of plain text. */
export const tinyCorpus: Uint8Array = new TextEncoder().encode(
  "the shuttle goes over, the shuttle goes under; check, do not trust. ".repeat(20).slice(0, 1260),
);

/** A program over `tinyCorpus`; `changes` replace fields of its preset. Sizes are odd so that every tail path runs. */
export function tinyProgram(changes: Partial<Preset> = {}, seed = 1): Program {
  return createProgram({ ...preset, ...changes }, tinyCorpus, new Uint8Array(32).fill(seed));
}
