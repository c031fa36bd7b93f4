// Which value of a step was the first to hold a NaN: replays the step value by value. Slow; called when a job has failed.
import { elementCount, type Graph } from "../graph/Graph.ts";
import { firstNodeValue, placeOf } from "../graph/inferTypes.ts";
import { createWasmKernels } from "../kernel/wasmKernels.ts";
import { planGraph } from "../plan/planGraph.ts";
import { walkBytes } from "./openGraph.ts";
import { type WalkInputs, walkGraph } from "./walkGraph.ts";

export type FoundNaN = {
  /** `node 17 div`, `input adam.power` or `constant 3`. */
  readonly place: string;
  /** First element that is a NaN. */
  readonly element: number;
};

/** Undefined when no value holds a NaN. Throws TensorError `bad-index` like a run. */
export async function findNaN(graph: Graph, given: WalkInputs): Promise<FoundNaN | undefined> {
  const plan = planGraph(graph, "whole");
  const kernels = await createWasmKernels(walkBytes(plan), { threads: 1 });
  try {
    for (const { value, view } of walkGraph(kernels, plan, given)) {
      if (view.dtype !== "f32") continue;
      const elements = new Float32Array(elementCount(view.shape));
      kernels.read(view, elements);
      const element = elements.findIndex(Number.isNaN);
      if (element >= 0) return { place: placeOfValue(graph, value), element };
    }
    return undefined;
  } finally {
    await kernels.close();
  }
}

/** How messages name a value. */
export function placeOfValue(graph: Graph, value: number): string {
  const input = graph.inputs[value];
  if (input !== undefined) return `input ${input.name}`;
  const node = value - firstNodeValue(graph);
  return node < 0 ? `constant ${value - graph.inputs.length}` : placeOf(node, graph.nodes[node]!.op);
}
