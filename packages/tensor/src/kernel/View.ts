// A tensor in the memory of a kernel set: address, dtype, shape, and strides when it is not contiguous. Views share bytes, so a
// transpose, a head of an attention or a broadcast needs no copy where an operator takes strides.
import { DTYPE_BYTES, type Dtype, describeType, elementCount, type Shape } from "../graph/Graph.ts";
import { TensorError } from "../TensorError.ts";

export type View = {
  /** Address of the first element, a multiple of its size. */
  readonly at: number;
  readonly dtype: Dtype;
  readonly shape: Shape;
  /** Elements from one index to the next, per axis; absent when contiguous and row-major. */
  readonly strides?: readonly number[];
};

/** Bytes [from, to). */
export type Range = readonly [from: number, to: number];

export function contiguousStrides(shape: Shape): number[] {
  return shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
}

export function stridesOf(view: View): readonly number[] {
  return view.strides ?? contiguousStrides(view.shape);
}

export function isContiguous(view: View): boolean {
  const plain = contiguousStrides(view.shape);
  return stridesOf(view).every((stride, axis) => stride === plain[axis] || view.shape[axis] === 1);
}

/** The bytes between a view's first and last element, and its own. */
export function rangeOf(view: View): Range {
  const last = stridesOf(view).reduce((sum, stride, axis) => sum + (view.shape[axis]! - 1) * stride, 0);
  return [view.at, view.at + (last + 1) * DTYPE_BYTES[view.dtype]];
}

export function overlaps(a: Range, b: Range): boolean {
  return a[0] < b[1] && b[0] < a[1];
}

/** Strides of a view broadcast to `shape` (§2), 0 where it has one entry or no axis. Throws when it does not fit. */
export function broadcastStrides(view: View, shape: Shape): number[] {
  const own = stridesOf(view);
  const missing = shape.length - view.shape.length;
  return shape.map((size, axis) => {
    const entries = view.shape[axis - missing] ?? 1;
    if (missing < 0 || (entries !== 1 && entries !== size))
      refuseCall(`${describeType(view)} does not broadcast to [${shape}]`);
    return entries === 1 ? 0 : own[axis - missing]!;
  });
}

/** A view with its axes permuted: axis d of the result is axis `axes[d]` of the view. Moves nothing. */
export function transposed(view: View, axes: readonly number[]): View {
  const strides = stridesOf(view);
  return { ...view, shape: axes.map((axis) => view.shape[axis]!), strides: axes.map((axis) => strides[axis]!) };
}

/** A call that the kernels do not take: a defect of the planner, not of the data. */
export function refuseCall(what: string): never {
  throw new TensorError(
    "bad-tensor",
    `a kernel call is wrong: ${what}`,
    "report this: the plan of a graph must fit its kernels",
  );
}

/** Throws unless the view is contiguous and of that dtype. */
export function needPlain(what: string, view: View, dtype?: Dtype): void {
  if (!isContiguous(view)) refuseCall(`${what} must be contiguous`);
  if (dtype !== undefined && view.dtype !== dtype) refuseCall(`${what} is ${describeType(view)}, not ${dtype}`);
}

/** One axis of a nest of loops, with the stride of each operand along it. */
export type Axis = { readonly size: number; readonly strides: readonly number[] };

/** The same nest with fewer axes: those of one entry dropped, neighbours that run through every operand alike merged. */
export function mergeAxes(axes: readonly Axis[]): Axis[] {
  const merged: Axis[] = [];
  for (const axis of axes) {
    if (axis.size === 1) continue;
    const before = merged.at(-1);
    if (before?.strides.every((stride, i) => stride === axis.strides[i]! * axis.size))
      merged[merged.length - 1] = { size: before.size * axis.size, strides: axis.strides };
    else merged.push(axis);
  }
  return merged;
}

/** Axes of `shape` with strides per operand, outermost first. */
export function axesOf(shape: Shape, strides: readonly (readonly number[])[]): Axis[] {
  return shape.map((size, axis) => ({ size, strides: strides.map((own) => own[axis]!) }));
}
