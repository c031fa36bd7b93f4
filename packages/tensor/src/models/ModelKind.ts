// What a model family answers for: its configuration, its parameters, its batch and its logits. Training, evaluation
// and inference are built from these alone.

import type { Emitter, Value } from "../graph/Emitter.ts";
import { isShape } from "../graph/fields.ts";
import type { Input } from "../graph/Graph.ts";
import { refuseModel } from "./checkConfig.ts";
import type { StateTensor } from "./StateTensor.ts";

/** Values of the parameters by name. */
export type Weights = Readonly<Record<string, Value>>;

export type ModelKind<C> = {
  /** Checks untrusted data. Throws TensorError `bad-model` naming the field and its limit. */
  validate(value: unknown): C;
  /** In committed order. */
  parameters(config: C): StateTensor[];
  /** The batch inputs for a number of examples: what the model sees, and i32 class numbers to predict. */
  batch(config: C, rows: number): { readonly data: Input; readonly targets: Input };
  /** [N, classes], N the number of targets. */
  logits(g: Emitter, config: C, given: { readonly weights: Weights; readonly data: Value }): Value;
};

/** Checks that every tensor of a model is within the limits of a tensor. */
export function checkParameters(parameters: readonly StateTensor[]): void {
  for (const { name, shape } of parameters)
    if (!isShape(shape)) refuseModel(`${name} would be [${shape}]`, "make the model smaller");
}

/** The value of a parameter. Throws TensorError `bad-model` when it is missing. */
export function weightOf(weights: Weights, name: string): Value {
  return weights[name] ?? refuseModel(`parameter ${name} is missing`, "give a value for every parameter of the model");
}
