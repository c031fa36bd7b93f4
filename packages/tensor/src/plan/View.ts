// A value seen through moves: an offset and a stride per axis over the contiguous elements of a stored one. Reshapes,
// transposes, expansions and slices are views as long as some kernel can read them so; nothing is moved for them.
import { elementCount, type Shape } from "../graph/Graph.ts";

export type View = {
  /** The value whose elements these are. */
  readonly root: number;
  /** In elements. */
  readonly offset: number;
  readonly shape: Shape;
  /** In elements; 0 on an axis that repeats. */
  readonly strides: readonly number[];
};

/** Strides of contiguous elements in row-major order. */
export function contiguousStrides(shape: Shape): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides.unshift(stride);
    stride *= shape[axis]!;
  }
  return strides;
}

/** A value as it is stored. */
export function wholeView(root: number, shape: Shape): View {
  return { root, offset: 0, shape, strides: contiguousStrides(shape) };
}

/** Axis d of the result is axis `axes[d]`. */
export function transposed(view: View, axes: readonly number[]): View {
  return { ...view, shape: axes.map((axis) => view.shape[axis]!), strides: axes.map((axis) => view.strides[axis]!) };
}

/** Broadcast to a shape (§2): new and repeated axes have stride 0. */
export function broadcast(view: View, shape: Shape): View {
  const added = shape.length - view.shape.length;
  const strides = shape.map((size, axis) => {
    const own = view.shape[axis - added] ?? 1;
    return own === size ? (view.strides[axis - added] ?? 0) : 0;
  });
  return { ...view, shape, strides };
}

export function sliced(
  view: View,
  { axis, start, length }: { readonly axis: number; readonly start: number; readonly length: number },
): View {
  const shape = view.shape.map((size, i) => (i === axis ? length : size));
  return { ...view, shape, offset: view.offset + start * view.strides[axis]! };
}

/** An axis of a view after axes that lie one behind the other are joined; innermost first in lists. */
export type Run = { readonly size: number; readonly stride: number };

/** The axes innermost first, those of size 1 left out, neighbours joined where one walk covers both. */
export function runsOf(view: Pick<View, "shape" | "strides">): Run[] {
  const runs: Run[] = [];
  for (let axis = view.shape.length - 1; axis >= 0; axis--) {
    const [size, stride] = [view.shape[axis]!, view.strides[axis]!];
    if (size === 1) continue;
    const inner = runs.at(-1);
    if (inner !== undefined && stride === inner.size * inner.stride)
      runs[runs.length - 1] = { size: size * inner.size, stride: inner.stride };
    else runs.push({ size, stride });
  }
  return runs;
}

/** True when the elements lie one behind the other in row-major order. */
export function isContiguous(view: View): boolean {
  const runs = runsOf(view);
  return runs.length === 0 || (runs.length === 1 && runs[0]!.stride === 1);
}

/** The same elements under another shape, or undefined when no strides give that. */
export function reshaped(view: View, shape: Shape): View | undefined {
  const runs = runsOf(view);
  const strides: number[] = [];
  let run = 0;
  let taken = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis]!;
    if (size === 1) {
      strides.unshift(0);
      continue;
    }
    if (runs[run] !== undefined && taken === runs[run]!.size) {
      run++;
      taken = 1;
    }
    const from = runs[run];
    if (from === undefined || from.size % (taken * size) !== 0) return undefined;
    strides.unshift(from.stride * taken);
    taken *= size;
  }
  return { ...view, shape, strides };
}

/** A place of a row: the sum of (row / divisor % modulus) · stride over the terms. */
export type Term = { readonly divisor: number; readonly modulus: number; readonly stride: number };

/** How a view is read over `rows` x `columns`: along a row every element or one repeated, rows found by the terms. */
export type RowAccess = { readonly offset: number; readonly along: 0 | 1; readonly terms: readonly Term[] };

/**
 * The view's elements in row-major order as `rows` x `columns`. Undefined when the elements of a row lie neither one
 * behind the other nor all at one place.
 */
export function rowAccess(view: View, rows: number, columns: number): RowAccess | undefined {
  if (elementCount(view.shape) !== rows * columns) return undefined;
  const runs = runsOf(view);
  let along: number | undefined;
  let left = columns;
  while (left > 1) {
    const run = runs.shift();
    if (run === undefined || along !== undefined) return undefined;
    along = run.stride;
    if (run.size > left) {
      if (run.size % left !== 0) return undefined;
      runs.unshift({ size: run.size / left, stride: run.stride * left });
      left = 1;
    } else if (left % run.size === 0) left /= run.size;
    else return undefined;
  }
  if (along !== undefined && along !== 0 && along !== 1) return undefined;
  const terms: Term[] = [];
  let divisor = 1;
  for (const { size, stride } of runs) {
    if (stride !== 0) terms.push({ divisor, modulus: size, stride });
    divisor *= size;
  }
  // A row of one element that never changes is a single value; one that does is a row like any other.
  const repeated = along === 0 || (along === undefined && terms.length === 0);
  return { offset: view.offset, along: repeated ? 0 : 1, terms };
}

/** True when row r is at r · stride. */
export function isEveryRow(terms: readonly Term[], rows: number, stride: number): boolean {
  if (rows === 1) return terms.length === 0;
  const [term] = terms;
  return terms.length === 1 && term!.divisor === 1 && term!.modulus === rows && term!.stride === stride;
}
