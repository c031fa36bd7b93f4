// What code that writes graphs is handed: values, and a way to add operators and constants. GraphBuilder implements it;
// operator definitions and composites see only this.
import type { Constant, NodeOf, Op, OperatorAttributes, ValueType } from "./Graph.ts";

/** A value of a graph under construction. `id` grows in order of creation and is not the final number. */
export type Value = ValueType & { readonly id: number };

/** How a value was made. */
export type Producer = {
  [K in Op]: { readonly op: K; readonly operands: readonly Value[]; readonly attributes: OperatorAttributes[K] };
}[Op];

export interface Emitter {
  /** Adds one operator, or finds the equal one that is there. Throws TensorError `bad-graph`. */
  emit<K extends Op>(op: K, operands: readonly Value[], attributes: OperatorAttributes[K]): Value;
  /** Adds one constant, or finds the equal one that is there. Throws TensorError `bad-graph`. */
  constant(constant: Constant): Value;
  /** The operator behind a value; undefined for inputs and constants. */
  producer(value: Value): Producer | undefined;
  /** No gradient passes this value. */
  stopGradient(value: Value): Value;
}

/** What an operator's gradient rule sees. */
export type GradientScope<K extends Op> = {
  readonly g: Emitter;
  readonly operands: readonly Value[];
  readonly attributes: Omit<NodeOf<K>, "op" | "in">;
  readonly result: Value;
  /** Gradient of the result, with the result's shape. */
  readonly upstream: Value;
};
