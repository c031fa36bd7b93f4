// A plan as data: the steps of one run of a graph in order, and where every buffer lies. Made ahead of the first run by
// planGraph.ts; running it allocates nothing. Places are relative to regions, so that one plan serves both halves of a
// double-buffered state; callsOf.ts turns it into calls of a kernel set.
import type { Graph, ValueType } from "../graph/Graph.ts";
import type { Step } from "./Schedule.ts";
import type { View } from "./View.ts";

/** `next` is the other half of the state; a graph that writes no state has none. */
export type Region = "constants" | "state" | "next" | "batch" | "arena";
export const REGIONS: readonly Region[] = ["constants", "state", "next", "batch", "arena"];

/** A value that is stored, where, and when: from the step that writes it to the last that reads it. */
export type PlannedBuffer = {
  /** Number of the value; copies made on the way have numbers past the graph's. */
  readonly value: number;
  readonly type: ValueType;
  readonly region: Region;
  /** Bytes from the region's begin. */
  readonly offset: number;
  readonly bytes: number;
  /** -1: before the first step. */
  readonly first: number;
  /** The number of steps: until after the last. */
  readonly last: number;
};

export type GraphPlan = {
  readonly graph: Graph;
  readonly steps: readonly Step[];
  /** Inputs first, then constants, then what the steps store, in order. */
  readonly buffers: readonly PlannedBuffer[];
  /** Outputs of the graph, in order: contiguous. */
  readonly outputs: readonly View[];
  /** Bytes of each region. */
  readonly bytes: Readonly<Record<Region, number>>;
};

/** Bytes of all regions. */
export function planBytes({ bytes }: GraphPlan): number {
  return REGIONS.reduce((sum, region) => sum + bytes[region], 0);
}
