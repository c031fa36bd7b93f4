// The learning rate of each step (spec/tensor.md §7.4), in integers of 1e-9 and then one fp32 division.
import { cosSin64, PI } from "../numerics/binary64.ts";
import { TensorError } from "../TensorError.ts";

/** Linear warm-up to `rateNano`, then linear or half a cosine down (or up) to `finalRateNano` at `totalSteps`. */
export type Schedule = {
  readonly kind: "linear" | "cosine";
  readonly rateNano: number;
  readonly finalRateNano: number;
  readonly warmupSteps: number;
};

const NANO = 1_000_000_000;

/** Thousand-millionths of the way from peak to final rate that are still to go at share `done` of the decay. */
const LEFT = {
  linear: undefined,
  cosine: (done: number) => Math.floor((1 + cosSin64(PI * done)[0]) * 500_000_000),
} as const;

/** Rate of step `step` (from 0) in 1e-9, an integer. Throws TensorError `bad-option` for a step outside the run. */
export function rateNano(schedule: Schedule, totalSteps: number, step: number): number {
  if (!Number.isInteger(step) || step < 0 || step >= totalSteps)
    throw new TensorError("bad-option", `step is ${step}`, `use a step from 0 to ${totalSteps - 1}`);
  const { rateNano: peak, finalRateNano: final, warmupSteps } = schedule;
  if (step < warmupSteps) return Math.floor((peak * (step + 1)) / warmupSteps);
  const [done, all] = [step - warmupSteps, totalSteps - warmupSteps];
  const left = LEFT[schedule.kind];
  // BigInt: the products can pass 2^53 at the limits. Division truncates toward zero.
  if (left === undefined) return peak + Number((BigInt(final - peak) * BigInt(done)) / BigInt(all));
  return final + Number((BigInt(peak - final) * BigInt(left(done / all))) / BigInt(NANO));
}

/** The fp32 rate of a step: fl(rateNano / 10^9), what the scalar input `rate` gets. */
export function rateOf(schedule: Schedule, totalSteps: number, step: number): number {
  return Math.fround(rateNano(schedule, totalSteps, step) / NANO);
}
