// Operators that work element by element. Images stay in whatever order of axes they are in; where one operand has its
// channels last, the others are brought to that order.
import { broadcastShapes } from "../../../graph/broadcast.ts";
import { relu, sigmoid } from "../../../graph/composites.ts";
import type { Emitter, Value } from "../../../graph/Emitter.ts";
import {
  abs,
  add,
  div,
  exp,
  gt,
  log,
  max,
  min,
  mul,
  neg,
  reshape,
  select,
  sqrt,
  sub,
  tanh,
  transpose,
} from "../../../graph/ops.ts";
import { scalar } from "../../../graph/scalar.ts";
import { CHANNELS_LAST, type Imported, live, liveImage, needKnown } from "../Imported.ts";
import { graphValue, moved, needInput, needReal, type OnnxOperator, type Scope } from "../OnnxOperator.ts";
import { refuseOnnx, unsupportedOnnx } from "../refuseOnnx.ts";

const isImage = (input: Imported | undefined) => input?.kind === "live" && input.channelsLast;

/** An operand as [N,H,W,C], absent leading axes as 1; one element stays [1]. */
function channelsLast(scope: Scope, input: Imported): Value {
  if (input.kind === "live" && input.channelsLast) return input.value;
  if (input.dims.every((size) => size === 1)) return moved(scope, input, (g, x) => reshape(g, x, [1]));
  const dims = [...Array(4 - input.dims.length).fill(1), ...input.dims];
  return moved(scope, input, (g, x) => transpose(g, reshape(g, x, dims), CHANNELS_LAST));
}

/** Applies to operands that broadcast. */
export function together(
  scope: Scope,
  inputs: readonly (Imported | undefined)[],
  apply: (g: Emitter, ...values: Value[]) => Value,
): Imported {
  const operands = inputs.map((input, i) => needReal(input, `input ${i}`));
  const dims = broadcastShapes(...operands.map((operand) => operand.dims));
  if (dims === undefined)
    return refuseOnnx(
      `the shapes ${operands.map((operand) => `[${operand.dims}]`).join(" and ")} do not broadcast`,
      "from the last axis on, make the sizes equal or one of them 1",
    );
  if (operands.some(isImage) && dims.length === 4)
    return liveImage(apply(scope.g, ...operands.map((operand) => channelsLast(scope, operand))));
  return live(apply(scope.g, ...operands.map((operand) => graphValue(scope, operand))), dims);
}

function pairwise(
  apply: (g: Emitter, a: Value, b: Value) => Value,
  integers?: (...elements: number[]) => number,
): OnnxOperator {
  const build: OnnxOperator["build"] = (scope, inputs) => [together(scope, inputs, (g, a, b) => apply(g, a!, b!))];
  return integers === undefined ? { inputs: [2, 2], build } : { inputs: [2, 2], integers, build };
}

function single(apply: (g: Emitter, x: Value, scope: Scope) => Value): OnnxOperator {
  return {
    inputs: [1, 1],
    build: (scope, inputs) => [together(scope, inputs, (g, x) => apply(g, x!, scope))],
  };
}

/** One or more operands, taken two by two from the left. */
function chained(apply: (g: Emitter, a: Value, b: Value) => Value): OnnxOperator {
  return {
    inputs: [1, 64],
    build: (scope, inputs) => [
      together(scope, inputs, (g, first, ...others) => others.reduce((most, next) => apply(g, most, next), first!)),
    ],
  };
}

function leakyRelu(g: Emitter, x: Value, { attributes }: Scope): Value {
  const slope = scalar(g, attributes.real("alpha", 0.01));
  return select(g, gt(g, scalar(g, 0), x), [mul(g, x, slope), x]);
}

/** Bounds are attributes before set 11, then optional inputs. */
const clip: OnnxOperator = {
  inputs: [1, 3],
  data: 1,
  build(scope, [x, low, high]) {
    const { attributes } = scope;
    const bound = (input: Imported | undefined, name: string) => {
      if (input === undefined) return attributes.has(name) ? attributes.real(name, 0) : undefined;
      return needKnown(input, name)[0];
    };
    const [least, most] = [bound(low, "min"), bound(high, "max")];
    const result = together(scope, [x], (g, value) => {
      const raised = least === undefined ? value! : max(g, value!, scalar(g, least));
      return most === undefined ? raised : min(g, raised, scalar(g, most));
    });
    return [result];
  },
};

/** Powers that are products, quotients and roots of whole steps; others would need a recipe of their own. */
const power: OnnxOperator = {
  inputs: [2, 2],
  data: 1,
  build(scope, [x, exponent]) {
    const exponents = new Set(needKnown(exponent, "the exponent"));
    const [only] = exponents;
    const apply = exponents.size === 1 ? POWERS.get(only!) : undefined;
    if (apply === undefined)
      return unsupportedOnnx(
        `the exponent is ${exponents.size === 1 ? only : "not one number"}`,
        `use one of ${[...POWERS.keys()].join(", ")}`,
      );
    return [together(scope, [x], (g, value) => apply(g, value!))];
  },
};
const POWERS = new Map<number, (g: Emitter, x: Value) => Value>([
  [1, (_, x) => x],
  [2, (g, x) => mul(g, x, x)],
  [3, (g, x) => mul(g, mul(g, x, x), x)],
  [0.5, sqrt],
  [-1, (g, x) => div(g, scalar(g, 1), x)],
]);

/** Truth is 1 or 0 of fp32 here; a known condition comes as integers. */
function asReals(input: Imported | undefined): Imported {
  const given = needInput(input, "the condition");
  if (given.kind === "live" || given.dtype === "f32") return given;
  return { kind: "known", dtype: "f32", dims: given.dims, values: Float32Array.from(given.values) };
}

const where: OnnxOperator = {
  inputs: [3, 3],
  build: (scope, [condition, a, b]) => [
    together(scope, [asReals(condition), a, b], (g, truth, yes, no) => select(g, truth!, [yes!, no!])),
  ],
};

export const elementwiseOperators: Readonly<Record<string, OnnxOperator>> = {
  Add: pairwise(add, (a, b) => a! + b!),
  Sub: pairwise(sub, (a, b) => a! - b!),
  Mul: pairwise(mul, (a, b) => a! * b!),
  Div: pairwise(div, (a, b) =>
    b === 0 ? refuseOnnx("a division by 0", "divide by other numbers") : Math.trunc(a! / b!),
  ),
  Max: chained(max),
  Min: chained(min),
  Relu: single(relu),
  Sigmoid: single(sigmoid),
  Tanh: single(tanh),
  Exp: single(exp),
  Log: single(log),
  Sqrt: single(sqrt),
  Neg: single(neg),
  Abs: single(abs),
  Reciprocal: single((g, x) => div(g, scalar(g, 1), x)),
  LeakyRelu: single(leakyRelu),
  Greater: pairwise(gt),
  Less: pairwise((g, a, b) => gt(g, b, a)),
  Where: where,
  Clip: clip,
  Pow: power,
};
