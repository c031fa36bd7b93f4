// Writes a finished graph into a builder, for graphs that continue another: an imported model with a loss, a step that
// samples. Gradient stops are not part of a graph; put them on the returned values.
import type { Emitter, Value } from "./Emitter.ts";
import { describeType, type Graph, type Node, type Op, sameType } from "./Graph.ts";
import { attributesOf } from "./operators.ts";
import { refuse } from "./refuse.ts";

export type Inlined = {
  /** By number in the inlined graph. */
  readonly values: readonly Value[];
  readonly outputs: ReadonlyMap<string, Value>;
};

/** `inputs` gives a value for every input of the graph, by name. Throws TensorError `bad-graph`. */
export function inlineGraph(g: Emitter, graph: Graph, inputs: ReadonlyMap<string, Value>): Inlined {
  const values: Value[] = graph.inputs.map((input) => {
    const value = inputs.get(input.name);
    if (value === undefined || !sameType(value, input))
      refuse(
        `input ${input.name}`,
        value === undefined ? "no value" : `the value is ${describeType(value)}`,
        `give it a value ${describeType(input)}`,
      );
    return value;
  });
  for (const constant of graph.constants) values.push(g.constant(constant));
  for (const node of graph.nodes) values.push(inlineNode(g, node, values));
  return { values, outputs: new Map(graph.outputs.map(({ name, value }) => [name, values[value]!])) };
}

function inlineNode(g: Emitter, node: Node, values: readonly Value[]): Value {
  const operands = node.in.map((value) => values[value]!);
  return g.emit<Op>(node.op, operands, attributesOf<Op>(node));
}
