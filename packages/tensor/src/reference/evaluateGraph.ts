// A whole graph, node by node, keeping every value: for tests, for reading and for courts' replays of small steps.
import { type ConstantData, constantValue } from "../graph/constants.ts";
import type { Graph } from "../graph/Graph.ts";
import { firstNodeValue, inferTypes, placeOf } from "../graph/inferTypes.ts";
import { checkTensor, type TensorValue } from "../graph/TensorValue.ts";
import { evaluateNode } from "./evaluateNode.ts";

export type Evaluation = {
  /** By value number: inputs, constants, nodes. */
  readonly values: readonly TensorValue[];
  readonly outputs: Readonly<Record<string, TensorValue>>;
};

/**
 * Evaluates a valid graph on inputs by name; `data` holds the bytes of its `data` constants. Throws TensorError
 * `bad-tensor` for a missing or wrong input, `bad-index` naming the node whose index is out of range.
 */
export function evaluateGraph(
  graph: Graph,
  inputs: Readonly<Record<string, TensorValue>>,
  data: ConstantData = new Map(),
): Evaluation {
  const types = inferTypes(graph);
  const values = graph.inputs.map((input) => {
    const given = Object.hasOwn(inputs, input.name) ? inputs[input.name] : undefined;
    return checkTensor(`input ${input.name}`, given, input);
  });
  for (const constant of graph.constants) values.push(constantValue(constant, data));
  graph.nodes.forEach((node, i) => {
    const operands = node.in.map((value) => values[value]!);
    const type = types[firstNodeValue(graph) + i]!;
    values.push(evaluateNode({ place: placeOf(i, node.op), node, operands, type }));
  });
  return { values, outputs: Object.fromEntries(graph.outputs.map(({ name, value }) => [name, values[value]!])) };
}
