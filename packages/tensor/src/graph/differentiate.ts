// Reverse-mode differentiation over a graph under construction (spec/tensor.md §5.4): gradients are ordinary operators,
// written in a fixed order, and only those that a wanted gradient needs.
import { TensorError } from "../TensorError.ts";
import type { GradientScope, Producer, Value } from "./Emitter.ts";
import { describeType, type Op, sameShape } from "./Graph.ts";
import type { GraphBuilder } from "./GraphBuilder.ts";
import type { OperatorDefinition } from "./operators/Operator.ts";
import { OPERATORS } from "./operators.ts";
import { add, unbroadcast } from "./ops.ts";
import { scalar } from "./scalar.ts";

/**
 * Gradients of `loss`, f32 [1], with respect to each of `wanted`, in their order and shapes. Throws TensorError
 * `no-gradient` when the loss doesn't depend on one of them or passes an operator without a rule.
 */
export function differentiate(g: GraphBuilder, loss: Value, wanted: readonly Value[]): Value[] {
  if (!sameShape(loss.shape, [1]) || loss.dtype !== "f32")
    throw new TensorError("no-gradient", `the loss is ${describeType(loss)}`, "reduce it to f32 [1]");
  const dependents = dependentsOf(g, loss, wanted);
  const gradients = new Map<number, Value>([[loss.id, scalar(g, 1)]]);
  for (let id = loss.id; id >= 0; id--) {
    const upstream = gradients.get(id);
    const result = g.values[id]!;
    const producer = g.producer(result);
    if (upstream === undefined || producer === undefined || !dependents.has(id)) continue;
    producer.operands.forEach((operand, number) => {
      if (!dependents.has(operand.id)) return;
      const share = shareOf(g, { producer, result, upstream }, number);
      const before = gradients.get(operand.id);
      if (share !== undefined) gradients.set(operand.id, before === undefined ? share : add(g, before, share));
    });
  }
  return wanted.map((value) => gradients.get(value.id) ?? missing(g, value));
}

/** Ids up to the loss through which it depends on a wanted value; nothing behind a stopped value counts. */
function dependentsOf(g: GraphBuilder, loss: Value, wanted: readonly Value[]): Set<number> {
  const dependents = new Set(wanted.map(({ id }) => id));
  for (const value of g.values.slice(0, loss.id + 1)) {
    const operands = g.producer(value)?.operands ?? [];
    const reached = operands.some((operand) => dependents.has(operand.id));
    if (reached && value.dtype === "f32" && !g.isStopped(value)) dependents.add(value.id);
  }
  return dependents;
}

type Step = { readonly producer: Producer; readonly result: Value; readonly upstream: Value };

/** What one operand gets from one operator, in the operand's shape. */
function shareOf(g: GraphBuilder, { producer, result, upstream }: Step, number: number): Value | undefined {
  const { operands, attributes } = producer;
  const definition = OPERATORS[producer.op] as OperatorDefinition<Op>;
  const scope = { g, operands, attributes, result, upstream } as GradientScope<Op>;
  const share = definition.gradient?.(scope, number);
  return share === undefined ? undefined : unbroadcast(g, share, operands[number]!.shape);
}

function missing(g: GraphBuilder, value: Value): never {
  throw new TensorError(
    "no-gradient",
    `the loss does not depend on value ${value.id} of ${g.values.length}, ${describeType(value)}`,
    "leave it out of the wanted values, or use it in the loss",
  );
}
