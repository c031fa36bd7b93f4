// Which value of a step was the first to hold a NaN: replays the step value by value. Slow; called when a job has failed.
import type { ConstantData } from "../graph/constants.ts";
import type { Graph } from "../graph/Graph.ts";
import { elementCount } from "../graph/Graph.ts";
import { firstNodeValue, placeOf } from "../graph/inferTypes.ts";
import type { TensorValue } from "../graph/TensorValue.ts";
import { createWasmKernels } from "../kernel/wasmKernels.ts";
import { planGraph } from "../plan/planGraph.ts";
import { estimateBytes } from "./openGraph.ts";
import { walkGraph } from "./walkGraph.ts";

export type FoundNaN = {
  /** `node 17 div`, `input adam.power` or `constant 3`. */
  readonly place: string;
  /** First element that is a NaN. */
  readonly element: number;
};

/** Undefined when no value holds a NaN. Throws TensorError `bad-index` like a run. */
export async function findNaN(
  graph: Graph,
  inputs: Readonly<Record<string, Pick<TensorValue, "data">>>,
  data: ConstantData = new Map(),
): Promise<FoundNaN | undefined> {
  const plan = planGraph(graph, "whole");
  const kernels = await createWasmKernels(2 * estimateBytes(plan, 1), { threads: 1 });
  let found: FoundNaN | undefined;
  walkGraph(kernels, plan, {
    inputs,
    data,
    visit(value, view) {
      if (view.dtype !== "f32") return false;
      const elements = new Float32Array(elementCount(view.shape));
      kernels.read(view, elements);
      const element = elements.findIndex((x) => x !== x);
      if (element >= 0) found = { place: placeOfValue(graph, value), element };
      return element >= 0;
    },
  });
  await kernels.close();
  return found;
}

/** How messages name a value. */
export function placeOfValue(graph: Graph, value: number): string {
  const input = graph.inputs[value];
  if (input !== undefined) return `input ${input.name}`;
  const node = value - firstNodeValue(graph);
  return node < 0 ? `constant ${value - graph.inputs.length}` : placeOf(node, graph.nodes[node]!.op);
}
