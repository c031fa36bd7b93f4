// dtype and shape of every value of a graph, by the rules of spec/tensor.md §3.
import { constantType } from "./constants.ts";
import type { Graph, Node, Op, ValueType } from "./Graph.ts";
import { attributesOf, inferOperator } from "./operators.ts";
import { refuse } from "./refuse.ts";

/** `node 17 reduceSum`, for messages: the number counts from the first node. */
export function placeOf(number: number, op: string): string {
  return `node ${number} ${op}`;
}

/** Number of the first node's value. */
export function firstNodeValue(graph: Graph): number {
  return graph.inputs.length + graph.constants.length;
}

/**
 * Types of all values in number order: inputs, constants, nodes. The graph must have its form (validateGraph); throws
 * TensorError `bad-graph` that names the first node whose operands don't fit.
 */
export function inferTypes(graph: Graph): ValueType[] {
  const types: ValueType[] = graph.inputs.map(({ dtype, shape }) => ({ dtype, shape }));
  graph.constants.forEach((constant, i) => {
    types.push(constantType(constant, `constant ${i}`));
  });
  graph.nodes.forEach((node, i) => {
    types.push(inferNode(types, node, i));
  });
  return types;
}

function inferNode(types: readonly ValueType[], node: Node, number: number): ValueType {
  const place = placeOf(number, node.op);
  const operands = node.in.map((value) => {
    const type = types[value];
    if (type === undefined)
      refuse(
        place,
        `operand is value ${value}`,
        `use values below ${types.length}: a node reads only what is before it`,
      );
    return type;
  });
  return inferOperator<Op>(place, operands, { op: node.op, attributes: attributesOf(node) });
}
