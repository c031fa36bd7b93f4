// What a cheating side computes instead of a step: fault injection for attack galleries, disputes played in tests and
// `--cheat`. Nothing in production makes one.
import type { TensorValue } from "../graph/TensorValue.ts";
import type { Change } from "./Trace.ts";

type Values = Readonly<Record<string, TensorValue>>;

/** What is done at one step; each part is left out where it does nothing. */
export type Meddling = {
  /** Other inputs than state, data and rate give. */
  readonly inputs?: (inputs: Values) => Values;
  /** Other elements of a value than its operands give. */
  readonly changeOf?: (value: number) => Change | undefined;
  /** Another state after the step than its values give, from the one before and the one that they give. */
  readonly state?: (before: Values, after: Values) => Values;
  /** Another loss word. */
  readonly lossWord?: (word: number) => number;
};

/** What a cheat does at a step; undefined: nothing. */
export type Cheat = (step: number) => Meddling | undefined;
