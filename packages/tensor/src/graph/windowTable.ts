// The constant `window` (spec/tensor.md §5.2): which pixel each tap of a convolution or pooling reads at each position.
import type { ConstantAttributes, ValueType } from "./Graph.ts";
import { refuse } from "./refuse.ts";
import type { TensorValue } from "./TensorValue.ts";

/** Rows and columns of pixels that a window visits. */
export function windowOutput(w: Omit<ConstantAttributes["window"], "batch">): readonly [height: number, width: number] {
  const along = (size: number, axis: 0 | 1) => {
    const span = w.dilation[axis] * (w.kernel[axis] - 1) + 1;
    return Math.floor((size + w.pads[axis] + w.pads[axis + 2]! - span) / w.stride[axis]) + 1;
  };
  return [along(w.height, 0), along(w.width, 1)];
}

/** i32 [B·H'·W', taps]. Throws TensorError `bad-graph`. */
export function windowType(place: string, window: ConstantAttributes["window"]): ValueType {
  const { batch, height, width, kernel, stride, dilation } = window;
  if ([...kernel, ...stride, ...dilation].includes(0))
    refuse(place, "kernel, stride or dilation holds 0", "use numbers from 1 on");
  if (batch * height * width > 2 ** 28 || batch * height * width < 1)
    refuse(place, `${batch} images of ${height} x ${width}`, "use 1 to 268435456 pixels in all");
  const [outHeight, outWidth] = windowOutput(window);
  if (outHeight < 1 || outWidth < 1)
    refuse(
      place,
      `the kernel [${kernel}] does not fit into ${height} x ${width}`,
      "add padding or use a smaller kernel",
    );
  return { dtype: "i32", shape: [batch * outHeight * outWidth, kernel[0] * kernel[1]] };
}

/** Pixel numbers in [B·H·W], or -1 outside the image. */
export function fillWindow(window: ConstantAttributes["window"], { data }: TensorValue): void {
  const { batch, height, width, kernel, stride, pads, dilation } = window;
  const [outHeight, outWidth] = windowOutput(window);
  let next = 0;
  for (let b = 0; b < batch; b++)
    for (let oy = 0; oy < outHeight; oy++)
      for (let ox = 0; ox < outWidth; ox++)
        for (let ky = 0; ky < kernel[0]; ky++)
          for (let kx = 0; kx < kernel[1]; kx++) {
            const y = oy * stride[0] - pads[0] + ky * dilation[0];
            const x = ox * stride[1] - pads[1] + kx * dilation[1];
            const inside = y >= 0 && y < height && x >= 0 && x < width;
            data[next++] = inside ? (b * height + y) * width + x : -1;
          }
}
