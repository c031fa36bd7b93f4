// A found convolution or max pooling as ONNX's own, between turns of the image's axes.
import type { Shape } from "../../graph/Graph.ts";
import type { OnnxWriter } from "./OnnxWriter.ts";
import type { WindowPattern } from "./windowPatterns.ts";

const CHANNELS_FIRST = [0, 3, 1, 2];
const CHANNELS_LAST = [0, 2, 3, 1];

type Operands = {
  readonly pixels: string;
  readonly channels: number;
  /** Absent for pooling. */
  readonly weight: { readonly name: string; readonly shape: Shape } | undefined;
  /** Of the replaced value. */
  readonly shape: Shape;
};

/** Writes the nodes; returns the name of the value. */
export function writeWindow(w: OnnxWriter, { kind, window }: WindowPattern, operands: Operands): string {
  const { batch, height, width, kernel, stride, pads, dilation } = window;
  const { pixels, channels, weight, shape } = operands;
  const rows = w.node("Reshape", [pixels, w.integers([batch, height, width, channels])]);
  const image = w.node("Transpose", [rows], { perm: CHANNELS_FIRST });
  const attributes = { kernel_shape: kernel, strides: stride, pads, dilations: dilation };
  const result =
    weight === undefined
      ? w.node("MaxPool", [image], attributes)
      : w.node("Conv", [image, filters(w, weight, { kind, kernel, channels })], {
          ...attributes,
          group: kind === "depthwise" ? channels : 1,
        });
  return w.node("Reshape", [w.node("Transpose", [result], { perm: CHANNELS_LAST }), w.integers(shape)]);
}

/** Weights as ONNX has them, [out, C / groups, kernel height, kernel width]. */
function filters(
  w: OnnxWriter,
  { name, shape }: { readonly name: string; readonly shape: Shape },
  { kind, kernel, channels }: { kind: string; kernel: readonly [number, number]; channels: number },
): string {
  if (kind === "depthwise") {
    const split = w.node("Reshape", [name, w.integers([...kernel, channels, 1])]);
    return w.node("Transpose", [split], { perm: [2, 3, 0, 1] });
  }
  const split = w.node("Reshape", [name, w.integers([shape[0]!, ...kernel, channels])]);
  return w.node("Transpose", [split], { perm: CHANNELS_FIRST });
}
