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

export type Walk = {
  /** Values of the inputs by name. */
  readonly inputs: Readonly<Record<string, Pick<TensorValue, "data">>>;
  readonly data?: ConstantData;
  /** Called once per value of the graph, in number order. Returning true ends the walk. */
  readonly visit: (value: number, view: KernelView) => boolean | void;
};

/**
 * Walks a plan made with `whole` fusion. Reserves its memory in the set. Throws TensorError `bad-index` naming the node
 * whose index is out of range.
 */
export function walkGraph(kernels: KernelSet, plan: GraphPlan, { inputs, data, visit }: Walk): void {
  const bases = reserveRegions(kernels, plan)[0]!;
  const buffers = new Map(plan.buffers.map((buffer) => [buffer.value, buffer]));
  const { graph } = plan;
  const values = graph.inputs.length + graph.constants.length + graph.nodes.length;
  const viewOf = (value: number) => kernelView({ bases, buffers }, wholeView(value, buffers.get(value)!.type.shape));
  const given = [
    ...graph.inputs.map(({ name }) => inputs[name]!),
    ...graph.constants.map((constant) => constantValue(constant, data)),
  ];
  for (const [value, tensor] of given.entries()) {
    kernels.write(viewOf(value), tensor.data);
    if (visit(value, viewOf(value))) return;
  }
  const calls = callsOf(plan, bases);
  let seen = given.length - 1;
  for (const [i, { call, step }] of calls.entries()) {
    const compiled = kernels.compile([call]);
    kernels.run(compiled);
    compiled.release();
    // A concat is several calls: its value is there after the last.
    if (calls[i + 1]?.step === step) continue;
    const value = step.kind === "chain" ? step.stored[0]! : step.value;
    if (value >= values || value <= seen) continue;
    seen = value;
    if (visit(value, viewOf(value))) return;
  }
}
