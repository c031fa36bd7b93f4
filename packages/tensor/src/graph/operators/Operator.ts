// What the table of operators says about each: operands, attributes, type of the result, gradient. The meaning of the
// numbers is in reference/; the kernels have their own table.
import type { GradientScope, Value } from "../Emitter.ts";
import type { FieldName } from "../fields.ts";
import { type Dtype, describeType, type Op, type OperatorAttributes, type Shape, type ValueType } from "../Graph.ts";
import { refuse } from "../refuse.ts";

export type OperatorDefinition<K extends Op> = {
  /** Least and most operands. */
  readonly operands: readonly [number, number];
  readonly attributes: { readonly [A in keyof OperatorAttributes[K]]: FieldName };
  /** Type of the result. Throws TensorError `bad-graph` that begins with `place`. */
  infer(place: string, operands: readonly ValueType[], attributes: OperatorAttributes[K]): ValueType;
  /**
   * What the upstream gradient gives to operand number `operand`, of the operand's shape or one that it broadcasts to;
   * undefined when nothing. Absent when no operand gets anything.
   */
  gradient?(scope: GradientScope<K>, operand: number): Value | undefined;
};

/** Checks that an operand has a dtype. */
export function needDtype(place: string, operand: ValueType, { dtype, number }: { dtype: Dtype; number: number }) {
  if (operand.dtype !== dtype)
    refuse(place, `operand ${number} is ${describeType(operand)}`, `use an operand of dtype ${dtype}`);
}

/** Checks that an axis exists. */
export function needAxis(place: string, operand: ValueType, axis: number): void {
  if (axis >= operand.shape.length)
    refuse(
      place,
      `axis is ${axis} and operand 0 is ${describeType(operand)}`,
      `use an axis from 0 to ${operand.shape.length - 1}`,
    );
}

/** A shape with the size of one axis replaced. */
export function withAxis(shape: Shape, axis: number, size: number): Shape {
  return shape.map((own, i) => (i === axis ? size : own));
}
