// The memory of a plan: each region reserved once, the state twice when a run writes the next one into the other half.
import type { KernelCall } from "../kernel/KernelCall.ts";
import type { KernelSet } from "../kernel/KernelSet.ts";
import { paddedBytes } from "../plan/assignPlaces.ts";
import type { Bases } from "../plan/callsOf.ts";
import { type GraphPlan, REGIONS } from "../plan/GraphPlan.ts";

/** Loops read up to 60 bytes past an end: the last buffer of a region has that much behind it. */
const SLACK = 64;

/** Half of the state that a run reads; it writes the other one. */
export type Half = 0 | 1;

/** Addresses of the regions as a run sees them, per half that it reads. A plan without next state has one. */
export type Regions = readonly Bases[];

/** True when a run writes a state of its own. */
export function isDoubleBuffered({ bytes }: GraphPlan): boolean {
  return bytes.next > 0;
}

/** Bytes that `reserveRegions` takes. */
export function regionBytes({ bytes }: GraphPlan): number {
  return REGIONS.reduce((sum, region) => sum + paddedBytes(bytes[region] + SLACK), 0);
}

/** Reserves every region. Throws what the kernel set throws when memory is used up. */
export function reserveRegions(kernels: Pick<KernelSet, "reserve">, plan: GraphPlan): Regions {
  const at = Object.fromEntries(
    REGIONS.map((region) => [region, kernels.reserve(plan.bytes[region] + SLACK)] as const),
  ) as Bases;
  return isDoubleBuffered(plan) ? [at, { ...at, state: at.next, next: at.state }] : [at];
}

const WORD_BYTES = 4;

/** No fewer bytes than the words of these calls take once compiled, with what a set rounds up. */
export function callBytes(calls: readonly KernelCall[]): number {
  const words = calls.reduce((sum, call) => {
    if (call.call === "chain")
      return sum + 64 + 24 * call.sources.length + 12 * call.steps.length + 8 * call.outputs.length;
    if (call.call === "hash") return sum + 16 + 12 * call.values.length;
    return sum + 96;
  }, 64);
  return words * WORD_BYTES + 4096;
}
