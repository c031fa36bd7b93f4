// The index space of a chain as rows x columns, and each source's strides in it.
import { elementCount } from "../graph/Graph.ts";
import type { CallOf, ChainOp, ChainSource } from "./KernelCall.ts";
import { type Axis, axesOf, broadcastStrides, mergeAxes, type View } from "./View.ts";

export type Chain = CallOf<"chain">;

type OneHot = Extract<ChainSource, { readonly oneHot: unknown }>;

export const isReduction = (op: ChainOp): boolean => op === "reduceSum" || op === "reduceMax";

export const isOneHot = (source: ChainSource): source is OneHot => "oneHot" in source;

/** What of memory a source is: itself, or the index of its one-hot rows. */
export const viewOf = (source: ChainSource): View => (isOneHot(source) ? source.oneHot : source);

export type ChainSpace = {
  readonly rows: number;
  readonly columns: number;
  /** Row by row, because of reductions or one-hot rows; else element by element, and columns are merged axes. */
  readonly wholeRows: boolean;
  /** Outermost first; strides per source. */
  readonly rowAxes: readonly Axis[];
  /** Per source. */
  readonly columnStrides: readonly number[];
};

/** A one-hot source has no strides: it finds its index by the row. */
function stridesIn(source: ChainSource, shape: Chain["shape"]): number[] {
  return isOneHot(source) ? shape.map(() => 0) : broadcastStrides(source, shape);
}

/** Throws for a source that does not broadcast to the chain's shape. */
export function chainSpace({ shape, sources, steps }: Chain): ChainSpace {
  const wholeRows = sources.some(isOneHot) || steps.some(({ op }) => isReduction(op));
  const axes = axesOf(
    shape,
    sources.map((source) => stridesIn(source, shape)),
  );
  const rowAxes = mergeAxes(wholeRows ? axes.slice(0, -1) : axes);
  const inner = (wholeRows ? axes.at(-1) : rowAxes.pop()) ?? { size: 1, strides: sources.map(() => 0) };
  return {
    rows: elementCount(shape) / inner.size,
    columns: inner.size,
    wholeRows,
    rowAxes,
    columnStrides: inner.strides,
  };
}
