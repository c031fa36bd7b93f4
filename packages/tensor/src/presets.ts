// Ready sizes of the byte-level MLP language model. `quick` is for tests (seconds), `main` for a real job (minutes).
// Both have 25 segments: at a local network's audit rate of 30 % the chance that none is audited is 0.7^25, one in 7,456.
import type { Preset } from "./Program.ts";

/** Learns past a one-character-context n-gram within seconds on one thread. */
const quick: Preset = {
  model: { context: 4, embedding: 16, hidden: 64 },
  batch: 256,
  totalSteps: 1000,
  stepsPerSegment: 40,
  optimiser: { kind: "adam", beta1Ppm: 900_000, beta2Ppm: 990_000, epsilonNano: 10 },
  schedule: { kind: "linear", rateNano: 8_000_000, finalRateNano: 500_000, warmupSteps: 20 },
  split: { heldOutPpm: 100_000 },
};

/** Learns past a two-character-context n-gram with a clear margin in minutes on one thread. */
const main: Preset = {
  model: { context: 8, embedding: 24, hidden: 256 },
  batch: 512,
  totalSteps: 10_000,
  stepsPerSegment: 400,
  optimiser: { kind: "adam", beta1Ppm: 900_000, beta2Ppm: 999_000, epsilonNano: 10 },
  schedule: { kind: "linear", rateNano: 8_000_000, finalRateNano: 50_000, warmupSteps: 200 },
  split: { heldOutPpm: 100_000 },
};

export const presets = { quick, main } as const;
