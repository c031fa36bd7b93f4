// Moves: any dtype, no bit changes (§3.5).
import { broadcastShapes } from "../broadcast.ts";
import type { Emitter, Value } from "../Emitter.ts";
import { describeType, elementCount, sameShape, type ValueType } from "../Graph.ts";
import { concat, reshape, slice, swapPairs, transpose } from "../ops.ts";
import { refuse } from "../refuse.ts";
import { needAxis, type OperatorDefinition, withAxis } from "./Operator.ts";

const reshapeOperator: OperatorDefinition<"reshape"> = {
  operands: [1, 1],
  attributes: { shape: "shape" },
  infer(place, [x], { shape }) {
    if (elementCount(shape) !== elementCount(x!.shape))
      refuse(
        place,
        `shape is [${shape}] and operand 0 is ${describeType(x!)}`,
        `use a shape of ${elementCount(x!.shape)} elements`,
      );
    return { dtype: x!.dtype, shape };
  },
  gradient: ({ g, upstream, operands }) => reshape(g, upstream, operands[0]!.shape),
};

const expandOperator: OperatorDefinition<"expand"> = {
  operands: [1, 1],
  attributes: { shape: "shape" },
  infer(place, [x], { shape }) {
    const common = broadcastShapes(x!.shape, shape);
    if (common === undefined || !sameShape(common, shape))
      refuse(
        place,
        `shape is [${shape}] and operand 0 is ${describeType(x!)}`,
        "use a shape that the operand broadcasts to",
      );
    return { dtype: x!.dtype, shape };
  },
  gradient: ({ upstream }) => upstream,
};

const transposeOperator: OperatorDefinition<"transpose"> = {
  operands: [1, 1],
  attributes: { axes: "axes" },
  infer(place, [x], { axes }) {
    const rank = x!.shape.length;
    if (axes.length !== rank || new Set(axes).size !== rank || axes.some((axis) => axis >= rank || axis < 0))
      refuse(
        place,
        `axes are [${axes}] and operand 0 is ${describeType(x!)}`,
        `use a permutation of the axes 0 to ${rank - 1}`,
      );
    return { dtype: x!.dtype, shape: axes.map((axis) => x!.shape[axis]!) };
  },
  gradient: ({ g, upstream, attributes: { axes } }) =>
    transpose(
      g,
      upstream,
      axes.map((_, axis) => axes.indexOf(axis)),
    ),
};

const sliceOperator: OperatorDefinition<"slice"> = {
  operands: [1, 1],
  attributes: { axis: "natural", start: "natural", length: "natural" },
  infer(place, [x], { axis, start, length }) {
    needAxis(place, x!, axis);
    const size = x!.shape[axis]!;
    if (length < 1 || start + length > size)
      refuse(
        place,
        `start is ${start} and length is ${length} on an axis of ${size}`,
        "use at least one entry, all of them inside the axis",
      );
    return { dtype: x!.dtype, shape: withAxis(x!.shape, axis, length) };
  },
  gradient({ g, upstream, operands, attributes: { axis, start, length } }) {
    const { shape } = operands[0]!;
    const after = shape[axis]! - start - length;
    const zeros = (size: number) => (size === 0 ? [] : [filled(g, withAxis(shape, axis, size))]);
    return concat(g, [...zeros(start), upstream, ...zeros(after)], axis);
  },
};

function filled(g: Emitter, shape: readonly number[]): Value {
  return g.constant({ kind: "fill", shape, word: 0 });
}

function inferConcat(place: string, operands: readonly ValueType[], { axis }: { readonly axis: number }): ValueType {
  const first = operands[0]!;
  needAxis(place, first, axis);
  operands.forEach((operand, number) => {
    const fits =
      operand.dtype === first.dtype && sameShape(withAxis(operand.shape, axis, 1), withAxis(first.shape, axis, 1));
    if (!fits)
      refuse(
        place,
        `operand ${number} is ${describeType(operand)} and operand 0 is ${describeType(first)}`,
        `use operands of one dtype and of the same shape but for axis ${axis}`,
      );
  });
  const size = operands.reduce((sum, operand) => sum + operand.shape[axis]!, 0);
  return { dtype: first.dtype, shape: withAxis(first.shape, axis, size) };
}

const concatOperator: OperatorDefinition<"concat"> = {
  operands: [1, 64],
  attributes: { axis: "natural" },
  infer: inferConcat,
  gradient({ g, upstream, operands, attributes: { axis } }, number) {
    const start = operands.slice(0, number).reduce((sum, operand) => sum + operand.shape[axis]!, 0);
    return slice(g, upstream, { axis, start, length: operands[number]!.shape[axis]! });
  },
};

const swapPairsOperator: OperatorDefinition<"swapPairs"> = {
  operands: [1, 1],
  attributes: {},
  infer(place, [x]) {
    if (x!.shape.at(-1)! % 2 !== 0)
      refuse(place, `operand 0 is ${describeType(x!)}`, "use an operand whose last axis is even");
    return x!;
  },
  gradient: ({ g, upstream }) => swapPairs(g, upstream),
};

export const moveOperators = {
  reshape: reshapeOperator,
  expand: expandOperator,
  transpose: transposeOperator,
  slice: sliceOperator,
  concat: concatOperator,
  swapPairs: swapPairsOperator,
};
