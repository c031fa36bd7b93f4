// How much work a step of version 2 is, for estimates of time and cost; never for pay, which goes by metered seconds.
import { elementCount } from "../graph/Graph.ts";
import { type ModelConfig, modelOf } from "../models/models.ts";
import type { LanguageModel } from "./Program.ts";
import type { TrainingConfig } from "./TrainingConfig.ts";

/**
 * Kernel operations per parameter and step beside the products: optimiser and clipping; hashing has a thread of its own. With
 * the numbers below within a quarter of what steps of both presets take on one x86-64 thread.
 */
const PER_PARAMETER = 400;
/** What products cost beside their multiplications and additions: packing, and everything between two of them. */
const SHARE_BETWEEN = 1.7;

/** Of each block and micro-batch: a hundred operators or so have to be begun. */
const PER_BLOCK = 2_000_000;
/** A step of so much work takes about a millisecond. */
const SHORT = 10_000_000;

/** True for steps so short that threads for them would cost more than they do. */
export function isShort(model: LanguageModel, training: Pick<TrainingConfig, "batch" | "accumulate">): boolean {
  return stepWork(model, training) < SHORT;
}

/** fp32 operations of one step, counted as the matmul kernel's, on one thread. */
export function stepWork(
  model: LanguageModel,
  { batch, accumulate }: Pick<TrainingConfig, "batch" | "accumulate">,
): number {
  const parameters = modelOf<ModelConfig>(model).parameters(model);
  const sizes = parameters.map(({ shape }) => elementCount(shape));
  const isMatrix = (i: number) => parameters[i]!.shape.length > 1;
  const all = sizes.reduce((sum, size) => sum + size, 0);
  // The first tensor of every model is its embedding: rows taken out of it, no product unless the head is tied to it.
  const looked = model.kind === "gpt" && model.tiedHead ? 0 : sizes[0]!;
  const multiplied = sizes.reduce((sum, size, i) => sum + (isMatrix(i) ? size : 0), 0) - looked;
  const [tokens, attended, blocks] =
    model.kind === "gpt" ? [model.context, 2 * model.layers * model.context * model.dim, model.layers] : [1, 0, 1];
  // A multiplication and an addition; forward, gradient of the weights, gradient of the inputs.
  const products = 6 * batch * accumulate * tokens * (multiplied + attended);
  return Math.ceil(SHARE_BETWEEN * products + PER_BLOCK * blocks * accumulate + PER_PARAMETER * all);
}
