// A graph value by value, nothing fused: after each the caller sees where its elements are. Memory is used again as values
// die, so a large step needs no more than what lives at once. For traces and for finding the operator that went wrong.
import { type ConstantData, constantValue } from "../graph/constants.ts";
import type { TensorValue } from "../graph/TensorValue.ts";
import type { KernelSet } from "../kernel/KernelSet.ts";
import type { View as KernelView } from "../kernel/View.ts";
import { callsOf, kernelView } from "../plan/callsOf.ts";
import type { GraphPlan } from "../plan/GraphPlan.ts";
import { wholeView } from "../plan/View.ts";
import { reserveRegions } from "./regions.ts";

export type WalkInputs = {
  /** Values of the inputs by name. */
  readonly inputs: Readonly<Record<string, Pick<TensorValue, "data">>>;
  readonly data?: ConstantData;
};

/** A value of the graph and where it lies until the next one is asked for. */
export type WalkedValue = { readonly value: number; readonly view: KernelView };

/**
 * Walks a plan made with `whole` fusion: every value of the graph once, in number order. Reserves its memory in the set.
 * Throws TensorError `bad-index` naming the node whose index is out of range.
 */
export function* walkGraph(
  kernels: KernelSet,
  plan: GraphPlan,
  { inputs, data }: WalkInputs,
): Generator<WalkedValue, void> {
  const bases = reserveRegions(kernels, plan)[0]!;
  const buffers = new Map(plan.buffers.map((buffer) => [buffer.value, buffer]));
  const { graph } = plan;
  const viewOf = (value: number) => kernelView({ bases, buffers }, wholeView(value, buffers.get(value)!.type.shape));
  const given = [
    ...graph.inputs.map(({ name }) => inputs[name]!),
    ...graph.constants.map((constant) => constantValue(constant, data)),
  ];
  for (const [value, tensor] of given.entries()) kernels.write(viewOf(value), tensor.data);
  for (const value of given.keys()) yield { value, view: viewOf(value) };
  const end = given.length + graph.nodes.length;
  const calls = callsOf(plan, bases);
  for (const [i, { call, step }] of calls.entries()) {
    const compiled = kernels.compile([call]);
    kernels.run(compiled);
    compiled.release();
    // A concat is several calls: its value is there after the last. Copies for a kernel's sake are no values of the graph.
    const value = step.kind === "chain" ? step.stored[0]! : step.value;
    if (calls[i + 1]?.step !== step && value < end) yield { value, view: viewOf(value) };
  }
}
