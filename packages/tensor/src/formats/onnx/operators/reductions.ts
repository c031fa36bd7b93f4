// Sums, means, maxima, softmax and the normalisation of a trained batch norm.
import { softmax as softmaxOf } from "../../../graph/composites.ts";
import type { Emitter, Value } from "../../../graph/Emitter.ts";
import { elementCount } from "../../../graph/Graph.ts";
import { add, div, mul, reduceMax, reduceSum, reshape, transpose } from "../../../graph/ops.ts";
import { scalar } from "../../../graph/scalar.ts";
import { constantOf, type Imported, type Known, live, liveImage } from "../Imported.ts";
import { axesOf, axisOf, graphValue, needInput, needReal, type OnnxOperator, type Scope } from "../OnnxOperator.ts";
import { refuseOnnx, unsupportedOnnx } from "../refuseOnnx.ts";

/** Axes one after the other, the last first; `finish` is told how many entries went into one. */
function reduction(
  reduce: (g: Emitter, x: Value, axis: number) => Value,
  finish: (g: Emitter, x: Value, count: number) => Value = (_, x) => x,
): OnnxOperator {
  return {
    inputs: [1, 2],
    data: 1,
    build(scope, [input, axesInput]) {
      const { g, attributes } = scope;
      const x = needReal(input, "the value");
      const rank = x.dims.length;
      const given = axesOf(scope, axesInput);
      const keeps = attributes.integer("keepdims", 1) !== 0;
      if (attributes.integer("noop_with_empty_axes", 0) !== 0 && (given?.length ?? 0) === 0) return [x];
      const every = given === undefined || given.length === 0;
      const axes = every ? x.dims.map((_, axis) => axis) : [...new Set(given.map((axis) => axisOf(axis, rank)))];
      let result = graphValue(scope, x);
      for (const axis of axes.sort((a, b) => b - a)) result = reduce(g, result, axis);
      const count = axes.reduce((product, axis) => product * x.dims[axis]!, 1);
      const dims = x.dims.flatMap((size, axis) => (axes.includes(axis) ? (keeps ? [1] : []) : [size]));
      const done = finish(g, result, count);
      return [live(reshape(g, done, dims.length === 0 ? [1] : dims), dims)];
    },
  };
}

const mean = reduction(reduceSum, (g, sum, count) => (count === 1 ? sum : div(g, sum, scalar(g, count))));

/** From set 13 on along one axis; before, over everything from that axis on. */
const softmax: OnnxOperator = {
  inputs: [1, 1],
  build(scope, [input]) {
    const { g, opset, attributes } = scope;
    const x = needReal(input, "the value");
    const rank = x.dims.length;
    const value = graphValue(scope, x);
    if (opset < 13) {
      const axis = axisOf(attributes.integer("axis", 1), rank, rank);
      const rows = reshape(g, value, [elementCount(x.dims.slice(0, axis)), elementCount(x.dims.slice(axis))]);
      return [live(reshape(g, softmaxOf(g, rows), value.shape), x.dims)];
    }
    const axis = axisOf(attributes.integer("axis", -1), rank);
    const swapped = x.dims.map((_, own) => (own === axis ? rank - 1 : own === rank - 1 ? axis : own));
    return [live(transpose(g, softmaxOf(g, transpose(g, value, swapped)), swapped), x.dims)];
  },
};

function needReals(input: Imported | undefined, { what, count }: { what: string; count: number }): Float32Array {
  const given = needInput(input, what);
  if (given.kind === "live") return unsupportedOnnx(`${what} depends on the input`, "make it a constant of the model");
  if (given.dtype !== "f32" || given.values.length !== count)
    return refuseOnnx(`${what} is [${given.dims}] for ${count} channels`, "use one float per channel");
  return given.values;
}

/** With trained statistics it is x · a + b: a = scale / sqrt(variance + epsilon), b = shift - mean · a, in binary64. */
const batchNormalization: OnnxOperator = {
  inputs: [5, 5],
  folds: false,
  build(scope, [input, scaleInput, shiftInput, meanInput, varianceInput]) {
    const { attributes, reads } = scope;
    attributes.real("momentum", 0);
    if (attributes.integer("training_mode", 0) !== 0 || reads > 1 || attributes.integer("spatial", 1) !== 1)
      unsupportedOnnx("BatchNormalization in training or per element", "export the model for inference");
    const x = needReal(input, "the value");
    if (x.dims.length < 2) refuseOnnx(`the value is [${x.dims}]`, "use a value with channels as its second axis");
    const count = x.dims[1]!;
    const scale = needReals(scaleInput, { what: "the scale", count });
    const shift = needReals(shiftInput, { what: "the shift", count });
    const means = needReals(meanInput, { what: "the mean", count });
    const variance = needReals(varianceInput, { what: "the variance", count });
    const epsilon = attributes.real("epsilon", 1e-5);
    const slopes = scale.map((own, i) => own / Math.sqrt(variance[i]! + epsilon));
    const offsets = shift.map((own, i) => own - means[i]! * (scale[i]! / Math.sqrt(variance[i]! + epsilon)));
    return [affine(scope, x, { slopes, offsets })];
  },
};

/** x · slope + offset per channel. */
function affine(scope: Scope, x: Imported, lines: { slopes: Float32Array; offsets: Float32Array }): Imported {
  const { g } = scope;
  const isImage = x.kind === "live" && x.channelsLast;
  const after = isImage ? [] : x.dims.slice(2).map(() => 1);
  const perChannel = (values: Float32Array, part: string) => {
    const known: Known = { kind: "known", dtype: "f32", dims: [values.length, ...after], values };
    return constantOf(scope, known, `${scope.name}.${part}`);
  };
  const value = isImage ? x.value : graphValue(scope, x);
  const result = add(g, mul(g, value, perChannel(lines.slopes, "slope")), perChannel(lines.offsets, "offset"));
  return isImage ? liveImage(result) : live(result);
}

export const reductionOperators: Readonly<Record<string, OnnxOperator>> = {
  ReduceSum: reduction(reduceSum),
  ReduceMean: mean,
  ReduceMax: reduction(reduceMax),
  Softmax: softmax,
  BatchNormalization: batchNormalization,
};
