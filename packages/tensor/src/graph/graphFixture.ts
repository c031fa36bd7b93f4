// Small graphs for tests.

import type { CnnConfig } from "../models/cnn.ts";
import type { GptConfig } from "../models/gpt.ts";
import type { MlpConfig } from "../models/mlp.ts";
import type { TrainingConfig } from "../train/TrainingConfig.ts";

export const tinyGpt: GptConfig = {
  kind: "gpt",
  vocab: 7,
  context: 4,
  dim: 8,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  hidden: 6,
  tiedHead: true,
  normEpsilonNano: 10_000,
  ropeTheta: 10_000,
};

export const tinyMlp: MlpConfig = { kind: "mlp", vocab: 5, context: 3, embedding: 2, hidden: 4 };

export const tinyCnn: CnnConfig = {
  kind: "cnn",
  height: 6,
  width: 5,
  channels: 2,
  classes: 3,
  layers: [
    { kind: "conv", filters: 3, kernel: 3, pool: 2 },
    { kind: "conv", filters: 5, kernel: 1, pool: 1 },
  ],
};

export const tinyAdamw: TrainingConfig = {
  batch: 2,
  accumulate: 1,
  clipMilli: 1000,
  optimiser: {
    kind: "adamw",
    beta1Ppm: 900_000,
    beta2Ppm: 990_000,
    epsilonNano: 10,
    weightDecayPpm: 100_000,
  },
};

/** Plain gradient descent: with rate 1 the step is the gradient. */
export const tinySgd: TrainingConfig = {
  batch: 2,
  accumulate: 1,
  clipMilli: 0,
  optimiser: { kind: "sgd", momentumPpm: 0 },
};
