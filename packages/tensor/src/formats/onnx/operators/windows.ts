// Convolution and pooling over [N,C,H,W] or [N,C,L] as chains over [N,H,W,C] (graph/convolution.ts). Lengths are images of
// height 1.
import { conv, maxPool, type Window } from "../../../graph/convolution.ts";
import type { Value } from "../../../graph/Emitter.ts";
import { div, gather, reduceMax, reduceSum, reshape, transpose } from "../../../graph/ops.ts";
import { scalar } from "../../../graph/scalar.ts";
import { windowOutput } from "../../../graph/windowTable.ts";
import { CHANNELS_LAST, constantOf, type Imported, live, liveImage, spend } from "../Imported.ts";
import { graphValue, moved, needInput, needReal, type OnnxOperator, type Scope } from "../OnnxOperator.ts";
import { refuseOnnx, unsupportedOnnx } from "../refuseOnnx.ts";

type Pair = [number, number];

const MOST_TAPS = 1_024;

/** An input as [N,H,W,C]. */
function imageOf(scope: Scope, input: Imported | undefined): Value {
  const given = needReal(input, "the image");
  if (given.kind === "live" && given.channelsLast) return given.value;
  const { dims } = given;
  if (dims.length !== 3 && dims.length !== 4)
    return unsupportedOnnx(`the image is [${dims}]`, "use images [N,C,H,W] or lengths [N,C,L]");
  const [batch, channels, ...sizes] = dims as [number, number, ...number[]];
  const whole = [batch, channels, ...(sizes.length === 1 ? [1] : []), ...sizes];
  return moved(scope, given, (g, x) => transpose(g, reshape(g, x, whole), CHANNELS_LAST));
}

/** A result [N,H,W,C] in the rank of the input. */
function asRank({ g }: Scope, value: Value, rank: number): Imported {
  if (rank === 4) return liveImage(value);
  const [batch, , length, channels] = value.shape as [number, number, number, number];
  return live(transpose(g, reshape(g, value, [batch, length, channels]), [0, 2, 1]));
}

/** Two numbers of an attribute, height first; a single one is for the length. */
function pairOf(values: readonly number[] | undefined, name: string): Pair {
  if (values === undefined) return [1, 1];
  const bad = values.some((value) => !Number.isInteger(value) || value < 0 || value > 2 ** 24);
  if (bad || values.length < 1 || values.length > 2)
    return refuseOnnx(
      `attribute ${name} is [${values.slice(0, 8)}]`,
      "use one number per axis of the image, from 0 on",
    );
  return values.length === 1 ? [1, values[0]!] : (values as unknown as Pair);
}

/** Which pixels an output sees, padding and rounding up resolved. `size` is height and width. */
function windowOf({ attributes }: Scope, size: Pair, kernelShape?: Pair): Window {
  const kernel = kernelShape ?? pairOf(attributes.integers("kernel_shape"), "kernel_shape");
  attributes.integers("kernel_shape");
  const stride = pairOf(attributes.integers("strides"), "strides");
  const dilation = pairOf(attributes.integers("dilations"), "dilations");
  const pads = padsOf(attributes.integers("pads"));
  const mode = attributes.text("auto_pad", "NOTSET");
  const span = kernel.map((taps, axis) => dilation[axis]! * (taps - 1) + 1);
  if ([...kernel, ...stride, ...dilation].includes(0))
    refuseOnnx("kernel, stride or dilation holds 0", "use numbers from 1 on");
  if (mode === "NOTSET") return { kernel, stride, dilation, pads };
  if (mode === "VALID") return { kernel, stride, dilation, pads: [0, 0, 0, 0] };
  if (mode !== "SAME_UPPER" && mode !== "SAME_LOWER")
    return unsupportedOnnx(`auto_pad is ${mode}`, "use NOTSET, VALID, SAME_UPPER or SAME_LOWER");
  const total = size.map((own, axis) =>
    Math.max((Math.ceil(own / stride[axis]!) - 1) * stride[axis]! + span[axis]! - own, 0),
  ) as Pair;
  const before = total.map((sum) => (mode === "SAME_UPPER" ? Math.floor(sum / 2) : Math.ceil(sum / 2))) as Pair;
  return { kernel, stride, dilation, pads: [before[0], before[1], total[0] - before[0], total[1] - before[1]] };
}

function padsOf(values: readonly number[] | undefined): [number, number, number, number] {
  if (values === undefined) return [0, 0, 0, 0];
  const bad = values.some((value) => !Number.isInteger(value) || value < 0 || value > 2 ** 24);
  if (bad || (values.length !== 2 && values.length !== 4))
    return refuseOnnx(`attribute pads is [${values.slice(0, 8)}]`, "use one number from 0 on per side of the image");
  return values.length === 4 ? (values as unknown as [number, number, number, number]) : [0, values[0]!, 0, values[1]!];
}

const convolution: OnnxOperator = {
  inputs: [2, 3],
  folds: false,
  build(scope, [x, weight, bias]) {
    const image = imageOf(scope, x);
    const { dims } = needInput(weight, "the weight");
    const rank = needInput(x, "the image").dims.length;
    if (dims.length !== rank) refuseOnnx(`the weight is [${dims}] for images of rank ${rank}`, "use one rank for both");
    const [out, depth, ...kernel] = dims as [number, number, ...number[]];
    const shape: Pair = kernel.length === 1 ? [1, kernel[0]!] : (kernel as Pair);
    const given = scope.attributes.integers("kernel_shape");
    if (given !== undefined && String(given) !== String(kernel))
      refuseOnnx(`attribute kernel_shape is [${given.slice(0, 8)}] and the weight [${dims}]`, "make them agree");
    const window = windowOf(scope, [image.shape[1]!, image.shape[2]!], shape);
    const groups = scope.attributes.integer("group", 1);
    if (!Number.isInteger(groups) || groups < 1) refuseOnnx(`attribute group is ${groups}`, "use a number from 1 on");
    const flat = moved(scope, needInput(weight, "the weight"), (g, w) =>
      reshape(g, transpose(g, reshape(g, w, [out, depth, ...shape]), CHANNELS_LAST), [
        out,
        shape[0] * shape[1] * depth,
      ]),
    );
    const shifted = bias === undefined ? {} : { bias: graphValue(scope, bias) };
    return [asRank(scope, conv(scope.g, image, { window, weight: flat, groups, ...shifted }), rank)];
  },
};

/** The window of a pooling; with ceil_mode the last pads grow so that rounding down rounds up. */
function poolingWindow(scope: Scope, image: Value): { window: Window; pads: Window["pads"] } {
  const size: Pair = [image.shape[1]!, image.shape[2]!];
  const window = windowOf(scope, size);
  // Max pooling is a chain of one step per tap.
  if (window.kernel[0] * window.kernel[1] > MOST_TAPS)
    unsupportedOnnx(`a pooling over ${window.kernel} pixels`, `pool at most ${MOST_TAPS} at once`);
  if (scope.attributes.integer("ceil_mode", 0) === 0) return { window, pads: window.pads };
  const grown = size.map((own, axis) => {
    const [begin, end] = [window.pads[axis]!, window.pads[axis + 2]!];
    const [taps, stride, dilation] = [window.kernel[axis]!, window.stride[axis]!, window.dilation[axis]!];
    const span = dilation * (taps - 1) + 1;
    let count = Math.ceil((own + begin + end - span) / stride) + 1;
    // A window that would begin in the padding behind the image is left out.
    if ((count - 1) * stride >= own + begin) count -= 1;
    return Math.max(end, (count - 1) * stride + span - own - begin);
  }) as Pair;
  return { window: { ...window, pads: [window.pads[0], window.pads[1], ...grown] }, pads: window.pads };
}

const maxPooling: OnnxOperator = {
  inputs: [1, 1],
  folds: false,
  build(scope, [x]) {
    if (scope.reads > 1) unsupportedOnnx("the indices of MaxPool", "use its first output only");
    const image = imageOf(scope, x);
    const { window } = poolingWindow(scope, image);
    return [asRank(scope, maxPool(scope.g, image, window), needInput(x, "the image").dims.length)];
  },
};

/** How many pixels each output averages over: those of the image, and with `count_include_pad` of the given padding. */
function tapCounts(window: Window, size: Pair, counted: Window["pads"]): Float32Array {
  const along = (axis: 0 | 1, outputs: number) =>
    Array.from({ length: outputs }, (_, at) => {
      const first = at * window.stride[axis] - window.pads[axis];
      let inside = 0;
      for (let tap = 0; tap < window.kernel[axis]; tap++) {
        const place = first + tap * window.dilation[axis];
        if (place >= -counted[axis] && place < size[axis] + counted[axis + 2]!) inside += 1;
      }
      return inside;
    });
  const [height, width] = windowOutput({ height: size[0], width: size[1], ...window });
  const columns = along(1, width);
  return Float32Array.from(along(0, height).flatMap((row) => columns.map((column) => row * column)));
}

/** Sum of the taps in order, divided by how many count. */
const averagePooling: OnnxOperator = {
  inputs: [1, 1],
  folds: false,
  build(scope, [x]) {
    const { g } = scope;
    const image = imageOf(scope, x);
    const [batch, height, width, channels] = image.shape as [number, number, number, number];
    const { window, pads } = poolingWindow(scope, image);
    const includesPads = scope.attributes.integer("count_include_pad", 0) !== 0;
    const { kernel, stride, dilation } = window;
    const table = g.constant({ kind: "window", batch, height, width, kernel, stride, dilation, pads: window.pads });
    const rows = gather(g, reshape(g, image, [batch * height * width, channels]), { index: table });
    const [outHeight, outWidth] = windowOutput({ height, width, ...window });
    const sums = reshape(g, reduceSum(g, rows, 1), [batch, outHeight * outWidth, channels]);
    spend(scope, outHeight * outWidth);
    const values = tapCounts(window, [height, width], includesPads ? pads : [0, 0, 0, 0]);
    const counts = { kind: "known", dtype: "f32", dims: [outHeight * outWidth, 1], values } as const;
    const means = div(g, sums, constantOf(scope, counts, `${scope.name}.counts`));
    const pooled = reshape(g, means, [batch, outHeight, outWidth, channels]);
    return [asRank(scope, pooled, needInput(x, "the image").dims.length)];
  },
};

/** All pixels of a channel become one. */
function globalPooling(mean: boolean): OnnxOperator {
  return {
    inputs: [1, 1],
    folds: false,
    build(scope, [x]) {
      const { g } = scope;
      const image = imageOf(scope, x);
      const [batch, height, width, channels] = image.shape as [number, number, number, number];
      const pixels = reshape(g, image, [batch, height * width, channels]);
      const pooled = mean ? div(g, reduceSum(g, pixels, 1), scalar(g, height * width)) : reduceMax(g, pixels, 1);
      return [asRank(scope, reshape(g, pooled, [batch, 1, 1, channels]), needInput(x, "the image").dims.length)];
    },
  };
}

export const windowOperators: Readonly<Record<string, OnnxOperator>> = {
  Conv: convolution,
  MaxPool: maxPooling,
  AveragePool: averagePooling,
  GlobalAveragePool: globalPooling(true),
  GlobalMaxPool: globalPooling(false),
};
