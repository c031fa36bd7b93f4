// A graph without next state, opened to be run and committed to again and again (spec/tensor.md §6): its weights lie in
// memory, their tensor roots computed once. Every value is stored by itself, nothing fused, because each has a root; memory
// is used again as values die. Not here: a run (commitInference.ts).
import { checkMemory, type Threads } from "../execute/openGraph.ts";
import { callBytes, regionBytes, reserveRegions } from "../execute/regions.ts";
import { type ConstantData, constantValue } from "../graph/constants.ts";
import { graphHash } from "../graph/encodeGraph.ts";
import type { Graph } from "../graph/Graph.ts";
import { firstNodeValue } from "../graph/inferTypes.ts";
import { checkTensor, type TensorValue } from "../graph/TensorValue.ts";
import { hashRoomBytes } from "../kernel/hashRoom.ts";
import type { CallOf, KernelCall } from "../kernel/KernelCall.ts";
import type { KernelSet, Plan } from "../kernel/KernelSet.ts";
import type { View } from "../kernel/View.ts";
import { readValueRoots } from "../kernel/valueRoots.ts";
import { createWasmKernels, teamBytes } from "../kernel/wasmKernels.ts";
import { type Bases, callsOf, kernelView, type PlannedCall } from "../plan/callsOf.ts";
import { type GraphPlan, REGIONS, type Region } from "../plan/GraphPlan.ts";
import { planGraph } from "../plan/planGraph.ts";
import { wholeView } from "../plan/View.ts";
import { TensorError } from "../TensorError.ts";
import { type TypedGraph, typedGraph } from "./OperatorsCommitment.ts";

/** One value: where it lies once it is there, what computes it, what hashes it. */
export type Stage = {
  readonly view: View;
  /** Absent for inputs and constants, which are written. */
  readonly compute?: Plan;
  readonly hash: Plan;
};

export type InferenceModel = {
  readonly step: TypedGraph;
  readonly graphHash: Uint8Array;
  readonly kernels: KernelSet;
  /** By value number. A run goes through those that have no fixed root, in order. */
  readonly stages: readonly Stage[];
  /** Tensor roots of weights and constants, by value number. */
  readonly fixedRoots: ReadonlyMap<number, Uint8Array>;
  /** Ends the threads. */
  close(): Promise<void>;
};

export type InferenceModelOptions = {
  /** Values of the state inputs by name. */
  readonly weights: Readonly<Record<string, TensorValue>>;
  /** Bytes of the graph's `data` constants. */
  readonly data?: ConstantData;
  /** Threads that compute and hash. Default 1. */
  readonly threads?: Threads;
  /** Bytes. Default 2 GiB. */
  readonly memoryLimit?: number;
};

/**
 * Opens a graph that validateGraph has passed. Throws TensorError `bad-graph` for an output that is the next value of a
 * state, `bad-tensor` for weights that are missing or of another type, `over-memory`.
 */
export async function openInferenceModel(graph: Graph, options: InferenceModelOptions): Promise<InferenceModel> {
  refuseNextState(graph);
  const fixed = fixedValues(graph, options);
  const plan = planGraph(graph, "whole");
  const threads = options.threads ?? 1;
  const bytes = modelBytes(plan);
  checkMemory(bytes + teamBytes({ threads }), options.memoryLimit);
  const kernels = await createWasmKernels(bytes, { threads });
  const stages = compileStages(kernels, plan);
  const fixedRoots = new Map<number, Uint8Array>();
  for (const [value, { data }] of fixed) {
    kernels.write(stages[value]!.view, data);
    fixedRoots.set(value, stageRoot(kernels, stages[value]!));
  }
  const step = typedGraph(graph);
  return { step, graphHash: graphHash(graph), kernels, stages, fixedRoots, close: () => kernels.close() };
}

function refuseNextState({ inputs, outputs }: Graph): void {
  const taken = new Set(inputs.map(({ name }) => name));
  const next = outputs.find(({ name }) => taken.has(name));
  if (next !== undefined)
    throw new TensorError(
      "bad-graph",
      `output ${next.name} is the next value of a state`,
      "use a graph without training, such as a model's logits",
    );
}

/** Weights and constants by value number. */
function fixedValues(graph: Graph, { weights, data }: InferenceModelOptions): [number, TensorValue][] {
  const states = graph.inputs.flatMap((input, value): [number, TensorValue][] => {
    if (input.role !== "state") return [];
    const given = Object.hasOwn(weights, input.name) ? weights[input.name] : undefined;
    return [[value, checkTensor(`weight ${input.name}`, given, input)]];
  });
  const constants = graph.constants.map((constant, i): [number, TensorValue] => [
    graph.inputs.length + i,
    constantValue(constant, data),
  ]);
  return [...states, ...constants];
}

/** Hashes the value of a stage; its tensor root. */
export function stageRoot(kernels: KernelSet, { hash }: Stage): Uint8Array {
  kernels.run(hash);
  return readValueRoots(kernels, hash.calls[0] as CallOf<"hash">)[0]!;
}

/** Memory for the digests of one value after the other. */
function roomBytes(plan: GraphPlan): number {
  return Math.max(...plan.buffers.map(({ type }) => hashRoomBytes([type])));
}

const NOWHERE = Object.fromEntries(REGIONS.map((region) => [region, 0])) as Record<Region, number>;

/** Bytes that compileStages takes. */
function modelBytes(plan: GraphPlan): number {
  const computed = stageCalls(plan, NOWHERE).map(callBytes);
  const hashed = plan.buffers.map(({ type }) => callBytes([{ call: "hash", values: [{ ...type, at: 0 }], room: 0 }]));
  return regionBytes(plan) + roomBytes(plan) + [...computed, ...hashed].reduce((sum, bytes) => sum + bytes, 65_536);
}

function compileStages(kernels: KernelSet, plan: GraphPlan): Stage[] {
  const bases = reserveRegions(kernels, plan)[0]!;
  const room = kernels.reserve(roomBytes(plan));
  const buffers = new Map(plan.buffers.map((buffer) => [buffer.value, buffer]));
  const first = firstNodeValue(plan.graph);
  const calls = stageCalls(plan, bases);
  return Array.from({ length: first + plan.graph.nodes.length }, (_, value) => {
    const view = kernelView({ bases, buffers }, wholeView(value, buffers.get(value)!.type.shape));
    const hash = kernels.compile([{ call: "hash", values: [view], room }]);
    return value < first ? { view, hash } : { view, hash, compute: kernels.compile(calls[value - first]!) };
  });
}

/**
 * The calls behind each node, in order. A concat is several; copies made for a kernel's sake go with the value after them,
 * and those that only bring an output into one piece are left out: here every value is in one piece.
 */
function stageCalls({ graph, ...plan }: GraphPlan, bases: Bases): KernelCall[][] {
  const first = firstNodeValue(graph);
  const stages: KernelCall[][] = [[]];
  callsOf({ graph, ...plan }, bases).forEach(({ call, step }, i, all) => {
    stages.at(-1)!.push(call);
    if (all[i + 1]?.step !== step && storedValue(step) < first + graph.nodes.length) stages.push([]);
  });
  return stages.slice(0, graph.nodes.length);
}

function storedValue(step: PlannedCall["step"]): number {
  return step.kind === "chain" ? step.stored[0]! : step.value;
}
