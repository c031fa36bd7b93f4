// The shortest way from a graph to something that runs: a plan, a memory of the right size, a team of threads. Refuses a
// graph over its memory limit before anything is reserved.
import type { Graph } from "../graph/Graph.ts";
import { createWasmKernels, teamBytes } from "../kernel/wasmKernels.ts";
import { callsOf } from "../plan/callsOf.ts";
import { type GraphPlan, REGIONS, type Region } from "../plan/GraphPlan.ts";
import { planGraph } from "../plan/planGraph.ts";
import { TensorError } from "../TensorError.ts";
import { type GraphRunner, openRunner, type RunnerOptions } from "./GraphRunner.ts";
import { callBytes, isDoubleBuffered, regionBytes } from "./regions.ts";

export type Threads = 1 | 2 | 3 | 4;

/** Bytes of tensors that a program may take unless its caller says otherwise. */
export const DEFAULT_MEMORY_LIMIT = 2 ** 31;

/** As a person reads it. */
export const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Throws TensorError `over-memory` with both numbers. */
export function checkMemory(bytes: number, limit: number = DEFAULT_MEMORY_LIMIT): void {
  if (bytes > limit)
    throw new TensorError(
      "over-memory",
      `the program needs ${bytes} bytes of memory, its limit is ${limit}: ${mebibytes(bytes)} of ${mebibytes(limit)}`,
      "use a smaller model, batch or context, or raise the memory limit",
    );
}

/** Bytes that a plan takes in a kernel set: regions, commands, and what the threads need for themselves. */
export function estimateBytes(plan: GraphPlan, threads: number): number {
  const calls = callBytes(callsOf(plan, NOWHERE).map(({ call }) => call)) + 4096;
  return regionBytes(plan) + (isDoubleBuffered(plan) ? 2 : 1) * calls + teamBytes({ threads });
}

/** The same for a walk (walkGraph.ts), which compiles one call at a time. */
export function walkBytes(plan: GraphPlan): number {
  const largest = Math.max(0, ...callsOf(plan, NOWHERE).map(({ call }) => callBytes([call])));
  return regionBytes(plan) + 2 * largest + 65_536;
}

const NOWHERE = Object.fromEntries(REGIONS.map((region) => [region, 0])) as Record<Region, number>;

export type OpenOptions = RunnerOptions & {
  /** Threads that compute. Default 1. */
  readonly threads?: Threads;
  /** Bytes. Default 2 GiB. */
  readonly memoryLimit?: number;
};

export type OpenGraph = {
  readonly runner: GraphRunner;
  /** Ends the threads. */
  close(): Promise<void>;
};

/** Opens a graph that validateGraph has passed. Throws TensorError `over-memory`, `bad-tensor` (a `data` constant). */
export async function openGraph(graph: Graph, options: OpenOptions = {}): Promise<OpenGraph> {
  return openPlan(planGraph(graph), options);
}

/** The same for a plan that is made. */
export async function openPlan(plan: GraphPlan, options: OpenOptions = {}): Promise<OpenGraph> {
  const threads = options.threads ?? 1;
  const bytes = estimateBytes(plan, threads);
  checkMemory(bytes, options.memoryLimit);
  const kernels = await createWasmKernels(bytes, { threads });
  const runner = openRunner(kernels, plan, options);
  return { runner, close: () => kernels.close() };
}
