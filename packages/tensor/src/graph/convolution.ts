// Convolution and pooling over images [B,H,W,C] as gathers of pixel rows by a window table (spec/tensor.md §3.7).
import type { Emitter, Value } from "./Emitter.ts";
import type { ConstantAttributes } from "./Graph.ts";
import { add, gather, matmul, max, mul, reduceSum, reshape, slice, transpose } from "./ops.ts";
import { refuse } from "./refuse.ts";
import { windowOutput } from "./windowTable.ts";

const MINUS_INFINITY = 0xff800000;

/** Which pixels an output pixel sees. */
export type Window = Pick<ConstantAttributes["window"], "kernel" | "stride" | "pads" | "dilation">;

/** A window of kernel × kernel pixels that keeps the image's size (odd kernels) and takes every pixel. */
export function sameWindow(kernel: number): Window {
  const pad = (kernel - 1) / 2;
  return { kernel: [kernel, kernel], stride: [1, 1], pads: [pad, pad, pad, pad], dilation: [1, 1] };
}

/** A window of size × size pixels that visits each pixel once. */
export function tileWindow(size: number): Window {
  return { kernel: [size, size], stride: [size, size], pads: [0, 0, 0, 0], dilation: [1, 1] };
}

export type Convolution = {
  readonly window: Window;
  /** [out, taps · C / groups], taps in row-major order, channels fastest. */
  readonly weight: Value;
  /** [out]. */
  readonly bias?: Value;
  /** Divides C and out. */
  readonly groups?: number;
};

/** x [B,H,W,C] → [B,H',W',out]. Throws TensorError `bad-graph` when shapes or groups don't fit. */
export function conv(g: Emitter, x: Value, { window, weight, bias, groups = 1 }: Convolution): Value {
  const { table, height, width } = windowTable(g, x, window);
  const channels = x.shape[3]!;
  const [out, depth] = weight.shape as [number, number];
  if (channels % groups !== 0 || out % groups !== 0 || depth !== (table.shape[1]! * channels) / groups)
    refuse(
      "convolution",
      `weight is [${weight.shape}] for ${table.shape[1]} taps, ${channels} channels and ${groups} groups`,
      "use [out, taps * channels / groups] with groups that divide out and channels",
    );
  const rows = isEveryPixel(window)
    ? reshape(g, x, [table.shape[0]!, 1, channels])
    : gather(g, pixelRows(g, x), { index: table });
  const product = productOf(g, rows, { weight, groups });
  const shifted = bias === undefined ? product : add(g, product, bias);
  return reshape(g, shifted, [x.shape[0]!, height, width, out]);
}

/** x [B,H,W,C] → [B,H',W',C]: the taps' maximum from the first tap on; padding counts as -inf. */
export function maxPool(g: Emitter, x: Value, window: Window): Value {
  const { table, height, width } = windowTable(g, x, window);
  const pixels = pixelRows(g, x);
  const [positions, taps] = table.shape as [number, number];
  let most: Value | undefined;
  for (let start = 0; start < taps; start++) {
    const index = reshape(g, slice(g, table, { axis: 1, start, length: 1 }), [positions]);
    const tap = gather(g, pixels, { index, fill: MINUS_INFINITY });
    most = most === undefined ? tap : max(g, most, tap);
  }
  return reshape(g, most!, [x.shape[0]!, height, width, x.shape[3]!]);
}

/** rows [P, taps, C] times weight → [P, out]. */
function productOf(g: Emitter, rows: Value, { weight, groups }: { weight: Value; groups: number }): Value {
  const [positions, taps, channels] = rows.shape as [number, number, number];
  const [out, depth] = weight.shape as [number, number];
  if (groups === 1) return matmul(g, reshape(g, rows, [positions, depth]), weight);
  // One channel in and out per group: products and sums in the same order as the general form, without its transposes.
  if (groups === channels && groups === out)
    return reshape(g, reduceSum(g, mul(g, rows, transpose(g, weight, [1, 0])), 1), [positions, out]);
  const split = transpose(g, reshape(g, rows, [positions, taps, groups, channels / groups]), [2, 0, 1, 3]);
  const grouped = reshape(g, weight, [groups, out / groups, depth]);
  const product = matmul(g, reshape(g, split, [groups, positions, depth]), grouped);
  return reshape(g, transpose(g, product, [1, 0, 2]), [positions, out]);
}

/** [B,H,W,C] → [B·H·W, C]. */
function pixelRows(g: Emitter, x: Value): Value {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  return reshape(g, x, [batch * height * width, channels]);
}

/** The window's table of pixel numbers for images like x, and the size of the output. */
function windowTable(g: Emitter, x: Value, window: Window): { table: Value; height: number; width: number } {
  if (x.shape.length !== 4) refuse("window", `the images are [${x.shape}]`, "use [batch, height, width, channels]");
  const [batch, height, width] = x.shape as [number, number, number];
  const { kernel, stride, pads, dilation } = window;
  const table = g.constant({ kind: "window", batch, height, width, kernel, stride, pads, dilation });
  const [outHeight, outWidth] = windowOutput({ height, width, kernel, stride, pads, dilation });
  return { table, height: outHeight, width: outWidth };
}

function isEveryPixel({ kernel, stride, pads }: Window): boolean {
  return [...kernel, ...stride].every((size) => size === 1) && pads.every((pad) => pad === 0);
}
