// How a model is trained, as integers (spec/tensor.md §7.2, §7.3): part of a training program.
import { checkConfig, type IntegerLimits, refuseModel } from "../models/checkConfig.ts";
import type { OptimiserConfig } from "./optimisers.ts";

export type TrainingConfig = {
  /** Examples of one micro-batch. */
  readonly batch: number;
  /** Micro-batches of one step. */
  readonly accumulate: number;
  /** Thousandths of the largest gradient norm; 0 clips nothing. */
  readonly clipMilli: number;
  readonly optimiser: OptimiserConfig;
};

const LIMITS = { batch: [1, 65_536], accumulate: [1, 64], clipMilli: [0, 1_000_000] } as const;

const OPTIMISER_LIMITS: { readonly [K in OptimiserConfig["kind"]]: IntegerLimits } = {
  adamw: {
    beta1Ppm: [0, 999_999],
    beta2Ppm: [0, 999_999],
    epsilonNano: [1, 1_000_000],
    weightDecayPpm: [0, 1_000_000],
  },
  sgd: { momentumPpm: [0, 999_999] },
};

/** Checks untrusted data. Throws TensorError `bad-model` naming the field and its limit. */
export function validateTraining(value: unknown): TrainingConfig {
  const { optimiser } = checkConfig("training", value, { limits: LIMITS, others: ["optimiser"] });
  const kind = typeof optimiser === "object" && optimiser !== null && "kind" in optimiser ? optimiser.kind : undefined;
  if (kind !== "adamw" && kind !== "sgd") refuseModel("optimiser kind is unknown", 'use "adamw" or "sgd"');
  checkConfig(`optimiser ${kind}`, optimiser, { limits: OPTIMISER_LIMITS[kind], others: ["kind"] });
  return value as TrainingConfig;
}
