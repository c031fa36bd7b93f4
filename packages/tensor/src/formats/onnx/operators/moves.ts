// Operators that move elements and change none.

import { broadcastShapes } from "../../../graph/broadcast.ts";
import type { Emitter, Value } from "../../../graph/Emitter.ts";
import { elementCount, type Shape } from "../../../graph/Graph.ts";
import { concat, expand, gather, reshape, slice, transpose } from "../../../graph/ops.ts";
import {
  CHANNELS_LAST,
  constantOf,
  graphShape,
  type Imported,
  knownInts,
  type Live,
  live,
  liveImage,
  needKnown,
  spend,
} from "../Imported.ts";
import { axesOf, axisOf, graphValue, needInput, type OnnxOperator, type Scope } from "../OnnxOperator.ts";
import { refuseOnnx, unsupportedOnnx } from "../refuseOnnx.ts";

/** The same elements under other dimensions. */
function withDims(scope: Scope, x: Imported, dims: Shape): Live {
  return live(reshape(scope.g, graphValue(scope, x), graphShape(dims)), dims);
}

/** 0 copies an axis (unless `allowzero`), -1 takes what is left. */
const reshapeOperator: OnnxOperator = {
  inputs: [1, 2],
  data: 1,
  build(scope, [input, shape]) {
    const x = needInput(input, "the value");
    const wanted = axesOf(scope, shape, "shape") ?? refuseOnnx("the shape is missing", "give the operator a shape");
    const copies = scope.attributes.integer("allowzero", 0) === 0;
    const sizes = wanted.map((size, axis) => (size === 0 && copies ? (x.dims[axis] ?? 0) : size));
    const others = sizes.filter((size) => size !== -1);
    const rest = elementCount(x.dims) / elementCount(others);
    const dims = sizes.map((size) => (size === -1 ? rest : size));
    const whole = dims.every((size) => Number.isInteger(size) && size >= 0);
    if (!whole || others.length + 1 < sizes.length || elementCount(dims) !== elementCount(x.dims))
      refuseOnnx(`[${x.dims}] as [${wanted.slice(0, 16)}]`, "use a shape with as many elements, and at most one -1");
    return [withDims(scope, x, dims)];
  },
};

const flatten: OnnxOperator = {
  inputs: [1, 1],
  build(scope, [input]) {
    const x = needInput(input, "the value");
    const axis = axisOf(scope.attributes.integer("axis", 1), x.dims.length, x.dims.length);
    return [withDims(scope, x, [elementCount(x.dims.slice(0, axis)), elementCount(x.dims.slice(axis))])];
  },
};

const squeeze: OnnxOperator = {
  inputs: [1, 2],
  data: 1,
  build(scope, [input, axes]) {
    const x = needInput(input, "the value");
    const named = axesOf(scope, axes)?.map((axis) => axisOf(axis, x.dims.length));
    const gone = (axis: number) => (named === undefined ? x.dims[axis] === 1 : named.includes(axis));
    const wrong = x.dims.findIndex((size, axis) => gone(axis) && size !== 1);
    if (wrong >= 0) refuseOnnx(`axis ${wrong} of [${x.dims}] is not 1`, "squeeze axes of size 1");
    return [
      withDims(
        scope,
        x,
        x.dims.filter((_, axis) => !gone(axis)),
      ),
    ];
  },
};

const unsqueeze: OnnxOperator = {
  inputs: [1, 2],
  data: 1,
  build(scope, [input, axes]) {
    const x = needInput(input, "the value");
    const given = axesOf(scope, axes) ?? refuseOnnx("the axes are missing", "give the operator its axes");
    const rank = x.dims.length + given.length;
    const added = new Set(given.map((axis) => axisOf(axis, rank)));
    if (added.size !== given.length || rank > 16)
      refuseOnnx(`the axes are [${given.slice(0, 16)}]`, "name each axis once");
    const dims: number[] = [];
    for (let axis = 0, own = 0; axis < rank; axis++) dims.push(added.has(axis) ? 1 : x.dims[own++]!);
    return [withDims(scope, x, dims)];
  },
};

const transposeOperator: OnnxOperator = {
  inputs: [1, 1],
  build(scope, [input]) {
    const x = needInput(input, "the value");
    const axes = scope.attributes.integers("perm") ?? x.dims.map((_, axis) => axis).reverse();
    const fits = axes.length === x.dims.length && [...axes].sort((a, b) => a - b).every((axis, i) => axis === i);
    if (!fits) refuseOnnx(`perm is [${axes.slice(0, 16)}] for [${x.dims}]`, "use a permutation of the axes");
    const value = graphValue(scope, x);
    return [x.dims.length === 0 ? live(value, []) : live(transpose(scope.g, value, axes))];
  },
};

const concatOperator: OnnxOperator = {
  inputs: [1, 4_096],
  build(scope, inputs) {
    // An empty part adds nothing, and a graph holds no empty values.
    const operands = inputs.map((input) => needInput(input, "a part")).filter(({ dims }) => !dims.includes(0));
    const first = operands[0] ?? unsupportedOnnx("all parts are empty", "join at least one entry");
    const axis = axisOf(scope.attributes.integer("axis", 1), first.dims.length);
    const images = operands.flatMap((part) => (part.kind === "live" && part.channelsLast ? [part.value] : []));
    if (images.length === operands.length) return [liveImage(joined(scope.g, images, CHANNELS_LAST.indexOf(axis)))];
    return [
      live(
        joined(
          scope.g,
          operands.map((part) => graphValue(scope, part)),
          axis,
        ),
      ),
    ];
  },
};

/** Concatenation of any number of parts: our operator takes 64 at a time. */
function joined(g: Emitter, parts: readonly Value[], axis: number): Value {
  const most = 64;
  if (parts.length <= most) return concat(g, parts, axis);
  const groups = Array.from({ length: Math.ceil(parts.length / most) }, (_, i) =>
    parts.slice(i * most, (i + 1) * most),
  );
  return joined(
    g,
    groups.map((group) => concat(g, group, axis)),
    axis,
  );
}

/** Entries `indices` of an axis, which is replaced by `dims`; an index counts from 0 and is within the axis. */
function take(scope: Scope, x: Imported, { axis, index, dims }: { axis: number; index: Value; dims: Shape }): Live {
  const { g } = scope;
  const shape = x.dims;
  const others = shape.filter((_, own) => own !== axis);
  const inFront = transpose(g, graphValue(scope, x), [
    axis,
    ...shape.map((_, own) => own).filter((own) => own !== axis),
  ]);
  const count = elementCount(dims);
  const table = reshape(g, inFront, [shape[axis]!, elementCount(others)]);
  const rows = gather(g, table, { index: reshape(g, index, [count]) });
  const back = transpose(g, reshape(g, rows, [count, ...others]), [
    ...others.slice(0, axis).map((_, own) => own + 1),
    0,
    ...others.slice(axis).map((_, own) => own + axis + 1),
  ]);
  const result = [...others.slice(0, axis), ...dims, ...others.slice(axis)];
  return live(reshape(g, back, graphShape(result)), result);
}

/** Known indices may be negative; live ones must be indices from 0 on. */
const gatherOperator: OnnxOperator = {
  inputs: [2, 2],
  data: 1,
  build(scope, [input, indices]) {
    const x = needInput(input, "the value");
    const given = needInput(indices, "the indices");
    const axis = axisOf(scope.attributes.integer("axis", 0), x.dims.length);
    const size = x.dims[axis]!;
    if (given.kind === "live") return [take(scope, x, { axis, index: graphValue(scope, given), dims: given.dims })];
    spend(scope, given.values.length);
    const places = Array.from(given.values, (place) => axisOf(place, size));
    const known = knownInts(places, given.dims);
    const index = constantOf(scope, known, `${scope.name}.indices`);
    return [take(scope, x, { axis, index, dims: given.dims })];
  },
};

type Cut = { readonly axis: number; readonly start: number; readonly length: number; readonly step: number };

/** One axis of a Slice by ONNX's rule: negative places count from the end, places beyond are brought inside. */
function cutOf(
  size: number,
  { axis, start, end, step }: { axis: number; start: number; end: number; step: number },
): Cut {
  if (!Number.isInteger(step) || step === 0) refuseOnnx(`the step is ${step}`, "use an integer that is not 0");
  const bring = (place: number, low: number, high: number) =>
    Math.min(Math.max(place < 0 ? place + size : place, low), high);
  const first = step > 0 ? bring(start, 0, size) : bring(start, 0, size - 1);
  const last = step > 0 ? bring(end, 0, size) : bring(end, -1, size - 1);
  const length = Math.max(0, Math.ceil((last - first) / step));
  if (length === 0) unsupportedOnnx(`the slice of axis ${axis} is empty`, "keep at least one entry");
  return { axis, start: first, length, step };
}

const sliceOperator: OnnxOperator = {
  inputs: [1, 5],
  data: 1,
  build(scope, [input, startsInput, endsInput, axesInput, steps]) {
    const x = needInput(input, "the value");
    const starts = axesOf(scope, startsInput, "starts") ?? refuseOnnx("the starts are missing", "give the starts");
    const ends = axesOf(scope, endsInput, "ends") ?? refuseOnnx("the ends are missing", "give the ends");
    const axes = axesOf(scope, axesInput) ?? starts.map((_, axis) => axis);
    const strides = steps === undefined ? starts.map(() => 1) : needKnown(steps, "the steps");
    if ([ends, axes, strides].some((list) => list.length !== starts.length))
      refuseOnnx("starts, ends, axes and steps are not of one length", "give each axis one of each");
    let result = live(graphValue(scope, x), x.dims);
    axes.forEach((given, i) => {
      const axis = axisOf(given, x.dims.length);
      result = cut(
        scope,
        result,
        cutOf(result.dims[axis]!, { axis, start: starts[i]!, end: ends[i]!, step: strides[i]! }),
      );
    });
    return [result];
  },
};

function cut(scope: Scope, x: Live, { axis, start, length, step }: Cut): Live {
  if (step === 1) return live(slice(scope.g, x.value, { axis, start, length }));
  spend(scope, length);
  const places = knownInts(Array.from({ length }, (_, i) => start + i * step));
  const index = constantOf(scope, places, `${scope.name}.places`);
  return take(scope, x, { axis, index, dims: [length] });
}

const split: OnnxOperator = {
  inputs: [1, 2],
  data: 1,
  build(scope, [input, lengths]) {
    const x = needInput(input, "the value");
    const axis = axisOf(scope.attributes.integer("axis", 0), x.dims.length);
    const size = x.dims[axis]!;
    const count = scope.attributes.integer("num_outputs", scope.outputs);
    const even = Math.ceil(size / count);
    const sizes =
      axesOf(scope, lengths, "split") ??
      Array.from({ length: count }, (_, i) => (i + 1 < count ? even : size - even * (count - 1)));
    if (sizes.reduce((sum, own) => sum + own, 0) !== size || sizes.length > 4_096)
      refuseOnnx(`the parts [${sizes.slice(0, 16)}] of an axis of ${size}`, "use parts that add up to the axis");
    let start = 0;
    return sizes.map((length) => {
      const part = live(slice(scope.g, graphValue(scope, x), { axis, start, length }));
      start += length;
      return part;
    });
  },
};

const expandOperator: OnnxOperator = {
  inputs: [2, 2],
  data: 1,
  build(scope, [input, shape]) {
    const x = needInput(input, "the value");
    const wanted = needKnown(shape, "the shape");
    const dims = broadcastShapes(x.dims, wanted);
    if (dims === undefined)
      return refuseOnnx(`[${x.dims}] does not broadcast to [${wanted.slice(0, 16)}]`, "use a shape that it fits");
    return [live(expand(scope.g, graphValue(scope, x), graphShape(dims)), dims)];
  },
};

/** Constant padding; `pads` are begins, then ends. */
const pad: OnnxOperator = {
  inputs: [1, 4],
  data: 1,
  build(scope, [input, padsInput, fill, axesInput]) {
    const { g } = scope;
    const mode = scope.attributes.text("mode", "constant");
    if (mode !== "constant") unsupportedOnnx(`mode is ${mode}`, "pad with a constant");
    const x = needInput(input, "the value");
    const pads = axesOf(scope, padsInput, "pads") ?? refuseOnnx("the pads are missing", "give the operator its pads");
    const axes = axesInput === undefined ? x.dims.map((_, axis) => axis) : needKnown(axesInput, "the axes");
    if (pads.length !== 2 * axes.length || pads.some((size) => !Number.isInteger(size) || size < 0))
      unsupportedOnnx(
        `pads are [${pads.slice(0, 16)}] for [${x.dims}]`,
        "use one number from 0 on per side of each axis",
      );
    const value = fill === undefined ? scope.attributes.real("value", 0) : (needKnown(fill, "the value")[0] ?? 0);
    const filled = (dims: Shape) => {
      const one = Float32Array.of(value);
      const word = new Uint32Array(one.buffer)[0]!;
      return g.constant({ kind: "fill", shape: dims, word });
    };
    let result = graphValue(scope, x);
    axes.forEach((given, i) => {
      const axis = axisOf(given, x.dims.length);
      const side = (size: number) =>
        size === 0 ? [] : [filled(result.shape.map((own, at) => (at === axis ? size : own)))];
      result = concat(g, [...side(pads[i]!), result, ...side(pads[i + axes.length]!)], axis);
    });
    return [live(result, x.dims.length === 0 ? [] : result.shape)];
  },
};

const identity: OnnxOperator = {
  inputs: [1, 1],
  folds: false,
  build: (_, [input]) => [needInput(input, "the value")],
};

/** In inference it keeps everything; its mask is not made. */
const dropout: OnnxOperator = {
  inputs: [1, 3],
  folds: false,
  build(scope, [input, , training]) {
    scope.attributes.real("ratio", 0);
    scope.attributes.integer("seed", 0);
    if (scope.reads > 1) unsupportedOnnx("the mask of Dropout", "use its first output only");
    if (training !== undefined && needKnown(training, "training_mode").some((value) => value !== 0))
      unsupportedOnnx("Dropout in training", "export the model for inference");
    return [needInput(input, "the value")];
  },
};

export const moveOperators: Readonly<Record<string, OnnxOperator>> = {
  Reshape: reshapeOperator,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transposeOperator,
  Concat: concatOperator,
  Gather: gatherOperator,
  Slice: sliceOperator,
  Split: split,
  Expand: expandOperator,
  Pad: pad,
  Identity: identity,
  Dropout: dropout,
};
