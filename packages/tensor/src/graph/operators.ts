// The table of operators: everything a graph may be made of. A new operator is a line in OperatorAttributes (Graph.ts),
// a definition in operators/, a function in ops.ts and its meaning in reference/; the compiler asks for each.
import { isShape } from "./fields.ts";
import { describeType, GRAPH_LIMITS, type NodeOf, type Op, type OperatorAttributes, type ValueType } from "./Graph.ts";
import { elementwiseOperators } from "./operators/elementwise.ts";
import { indexedOperators } from "./operators/indexed.ts";
import { moveOperators } from "./operators/moves.ts";
import type { OperatorDefinition } from "./operators/Operator.ts";
import { productOperators } from "./operators/products.ts";
import { reductionOperators } from "./operators/reductions.ts";
import { refuse } from "./refuse.ts";

export const OPERATORS: { readonly [K in Op]: OperatorDefinition<K> } = {
  ...productOperators,
  ...elementwiseOperators,
  ...reductionOperators,
  ...moveOperators,
  ...indexedOperators,
};

/** The attributes of a node, without op and operands. */
export function attributesOf<K extends Op>(node: NodeOf<K>): OperatorAttributes[K] {
  const { op: _, in: __, ...attributes } = node;
  return attributes as unknown as OperatorAttributes[K];
}

/** Type of the result of one operator. Throws TensorError `bad-graph` that begins with `place`. */
export function inferOperator<K extends Op>(
  place: string,
  operands: readonly ValueType[],
  { op, attributes }: { readonly op: K; readonly attributes: OperatorAttributes[K] },
): ValueType {
  const definition: OperatorDefinition<K> = OPERATORS[op];
  const [least, most] = definition.operands;
  if (operands.length < least || operands.length > most)
    refuse(place, `has ${operands.length} operands`, `use ${least === most ? least : `${least} to ${most}`}`);
  const type = definition.infer(place, operands, attributes);
  if (!isShape(type.shape))
    refuse(
      place,
      `the result would be ${describeType(type)}`,
      `stay within ${GRAPH_LIMITS.rank} axes of 1 to ${GRAPH_LIMITS.dimension}, ${GRAPH_LIMITS.elements} elements`,
    );
  return type;
}
