// Elementwise operators on f32 with broadcasting (§3.3): one IEEE operation or recipe per element.
import { broadcastShapes } from "../broadcast.ts";
import type { GradientScope, Value } from "../Emitter.ts";
import type { ValueType } from "../Graph.ts";
import { div, gt, mul, neg, select, sub } from "../ops.ts";
import { refuse } from "../refuse.ts";
import { scalar } from "../scalar.ts";
import { needDtype } from "./Operator.ts";

function inferElementwise(place: string, operands: readonly ValueType[]): ValueType {
  operands.forEach((operand, number) => {
    needDtype(place, operand, { dtype: "f32", number });
  });
  const shapes = operands.map((operand) => operand.shape);
  const shape = broadcastShapes(...shapes);
  if (shape === undefined)
    refuse(
      place,
      `shapes ${shapes.map((own) => `[${own}]`).join(" and ")} do not broadcast`,
      "from the last axis on, make the sizes equal or one of them 1",
    );
  return { dtype: "f32", shape };
}

/** The scope of an operator without attributes. */
type Scope = GradientScope<"add">;
type Rule = (scope: Scope, operand: number) => Value | undefined;

function elementwise(count: number, gradient: Rule) {
  return { operands: [count, count] as const, attributes: {}, infer: inferElementwise, gradient };
}

/** `[g where the condition holds, 0 elsewhere]` or the other way round. */
function masked({ g, upstream }: Scope, condition: Value, keepWhereTrue: boolean): Value {
  const zero = scalar(g, 0);
  return select(g, condition, keepWhereTrue ? [upstream, zero] : [zero, upstream]);
}

const add = elementwise(2, ({ upstream }) => upstream);

const subtract = elementwise(2, ({ g, upstream }, i) => (i === 0 ? upstream : neg(g, upstream)));

const multiply = elementwise(2, ({ g, upstream, operands }, i) => mul(g, upstream, operands[1 - i]!));

const divide = elementwise(2, ({ g, upstream, operands, result }, i) =>
  i === 0 ? div(g, upstream, operands[1]!) : neg(g, div(g, mul(g, upstream, result), operands[1]!)),
);

// The second operand is taken exactly where it is greater (max) or the first is (min).
const maximum = elementwise(2, (scope, i) =>
  masked(scope, gt(scope.g, scope.operands[1]!, scope.operands[0]!), i === 1),
);
const minimum = elementwise(2, (scope, i) =>
  masked(scope, gt(scope.g, scope.operands[0]!, scope.operands[1]!), i === 1),
);

const greater = elementwise(2, () => undefined);

const choose = elementwise(3, (scope, i) => (i === 0 ? undefined : masked(scope, scope.operands[0]!, i === 1)));

const negate = elementwise(1, ({ g, upstream }) => neg(g, upstream));

const absolute = elementwise(1, ({ g, upstream, operands }) =>
  select(g, gt(g, operands[0]!, scalar(g, 0)), [upstream, neg(g, upstream)]),
);

const squareRoot = elementwise(1, ({ g, upstream, result }) => div(g, mul(g, upstream, scalar(g, 0.5)), result));

const exponential = elementwise(1, ({ g, upstream, result }) => mul(g, upstream, result));

const logarithm = elementwise(1, ({ g, upstream, operands }) => div(g, upstream, operands[0]!));

const tangent = elementwise(1, ({ g, upstream, result }) =>
  mul(g, upstream, sub(g, scalar(g, 1), mul(g, result, result))),
);

export const elementwiseOperators = {
  add,
  sub: subtract,
  mul: multiply,
  div: divide,
  max: maximum,
  min: minimum,
  gt: greater,
  select: choose,
  neg: negate,
  abs: absolute,
  sqrt: squareRoot,
  exp: exponential,
  log: logarithm,
  tanh: tangent,
};
