// Ready sizes of the byte-level GPT. `quick` is for tests (seconds), `main` for a real job (a minute or two on one thread).
// Both have 25 segments: at a local network's audit rate of 30 % the chance that none is audited is 0.7^25, one in 7,456.
import type { TrainPreset } from "./Program.ts";

const optimiser = {
  kind: "adamw",
  beta1Ppm: 900_000,
  beta2Ppm: 990_000,
  epsilonNano: 10,
  weightDecayPpm: 100_000,
} as const;
const shared = { kind: "gpt", tiedHead: true, normEpsilonNano: 10_000, ropeTheta: 10_000 } as const;

/** Learns past a one-character-context n-gram (3.59 bits on tiny-shakespeare) within seconds. */
const quick: TrainPreset = {
  model: { ...shared, context: 64, dim: 64, layers: 2, heads: 2, kvHeads: 2, hidden: 172 },
  batch: 4,
  accumulate: 1,
  clipMilli: 1000,
  optimiser,
  schedule: { kind: "cosine", rateNano: 4_000_000, finalRateNano: 100_000, warmupSteps: 30 },
  totalSteps: 400,
  stepsPerSegment: 16,
  split: { heldOutPpm: 100_000 },
};

/** About 0.8M parameters; learns past a two-character-context n-gram (2.96 bits) with a clear margin. */
const main: TrainPreset = {
  model: { ...shared, context: 64, dim: 128, layers: 4, heads: 4, kvHeads: 4, hidden: 344 },
  batch: 16,
  accumulate: 1,
  clipMilli: 1000,
  optimiser,
  schedule: { kind: "cosine", rateNano: 2_500_000, finalRateNano: 50_000, warmupSteps: 40 },
  totalSteps: 500,
  stepsPerSegment: 20,
  split: { heldOutPpm: 100_000 },
};

export const trainPresets = { quick, main } as const;
