// The index space of a chain as rows x columns, and each source's strides in it.
import { elementCount } from "../../../graph/Graph.ts";
import type { CallOf, ChainOp, ChainSource } from "../../KernelCall.ts";
import { type Axis, axesOf, broadcastStrides, mergeAxes } from "../../View.ts";

export type Chain = CallOf<"chain">;

export const isReduction = (op: ChainOp): boolean => op === "reduceSum" || op === "reduceMax";

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
  return "oneHot" in source ? shape.map(() => 0) : broadcastStrides(source, shape);
}

export function chainSpace({ shape, sources, steps }: Chain): ChainSpace {
  const wholeRows = sources.some((source) => "oneHot" in source) || steps.some(({ op }) => isReduction(op));
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
