// For tests: small random models, random schedules over a stepper, and what the reference says of each prefix.
import { forward } from "../formats/gptFixture.ts";
import type { GptWeights } from "../formats/readLlama2cCheckpoint.ts";
import { createDraws, type Draws } from "../kernel/setFixture.ts";
import { createWasmKernels } from "../kernel/wasmKernels.ts";
import { type GptConfig, gpt } from "../models/gpt.ts";
import { startState } from "../train/startState.ts";
import { type GptStepper, openStepper, stepperBytes } from "./GptStepper.ts";
import type { EngineSize } from "./modelViews.ts";

/** Start weights of a model. */
export function randomWeights(config: GptConfig, fill = 7): GptWeights {
  const state = startState(new Uint8Array(32).fill(fill), gpt.parameters(config));
  return { config, tensors: Object.entries(state).map(([name, tensor]) => ({ name, ...tensor })) };
}

/** A model of odd sizes: panels that are not full, key heads of their own or shared, a free or tied head. */
export function drawModel(draws: Draws): GptWeights {
  const kvHeads = draws.pick([1, 2, 3]);
  const heads = kvHeads * draws.pick([1, 2, 3]);
  const config = gpt.validate({
    kind: "gpt",
    vocab: 5 + draws.below(40),
    context: 12 + draws.below(10),
    dim: heads * draws.pick([2, 4, 6, 10]),
    layers: 1 + draws.below(2),
    heads,
    kvHeads,
    hidden: 3 + draws.below(30),
    tiedHead: draws.below(2) === 0,
    normEpsilonNano: 10_000,
    ropeTheta: 10_000,
  });
  return randomWeights(config, draws.below(256));
}

export type OpenStepper = { readonly stepper: GptStepper; close(): Promise<void> };

/** A stepper with its weights loaded, in a kernel set of its own. */
export async function openLoaded(model: GptWeights, size: EngineSize, threads: number): Promise<OpenStepper> {
  const kernels = await createWasmKernels(stepperBytes(model.config, size, threads), { threads });
  const stepper = openStepper(kernels, model.config, size);
  for (const { name, data } of model.tensors) stepper.load(name, 0, data as Float32Array);
  stepper.finishLoading();
  return { stepper, close: () => kernels.close() };
}

/** The logits after each token of a sequence, each from the forward graph over that prefix alone: rows of bits. */
export function prefixLogits(model: GptWeights, tokens: readonly number[]): string[] {
  const { vocab } = model.config;
  return tokens.map((_, t) => {
    const logits = forward(model, Int32Array.from(tokens.slice(0, t + 1)));
    return rowBits(logits.subarray(t * vocab, (t + 1) * vocab));
  });
}

export function rowBits(row: Float32Array): string {
  return Buffer.from(row.slice().buffer).toString("hex");
}

export { createDraws };
