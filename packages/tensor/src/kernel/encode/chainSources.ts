// The index space of a chain as rows x columns, and how each source is found in it (kernels/assembly/chain.ts).
import { elementCount } from "../../graph/Graph.ts";
import { type CallOf, CHAIN_ROW_LIMIT, type ChainSource } from "../KernelCall.ts";
import { type Axis, axesOf, broadcastStrides, contiguousStrides, mergeAxes, needPlain, refuseCall } from "../View.ts";

export type Chain = CallOf<"chain">;

/** `full` has an element per index, `row` one per row, `scalar` one in all. */
export type ValueClass = "full" | "row" | "scalar";

/** Source kinds of kernels/assembly/chain.ts. */
export const KIND = { whole: 0, splat: 1, columns: 2, row: 3, perRow: 4, rows: 5, values: 6, oneHot: 7 } as const;
type Kind = (typeof KIND)[keyof typeof KIND];

/** A row's place in a source is the sum of `floor(row / divisor) % modulus * stride`. */
type Term = { readonly divisor: number; readonly modulus: number; readonly stride: number };
const MOST_TERMS = 5;

export type PlacedSource = {
  readonly kind: Kind;
  readonly class: ValueClass;
  readonly at: number;
  readonly terms: readonly Term[];
};

export type Space = {
  readonly rows: number;
  readonly columns: number;
  /** Rows and columns of a block. */
  readonly blockRows: number;
  readonly blockColumns: number;
  /** Blocks are whole rows, and columns are those of the chain's shape. */
  readonly wholeRows: boolean;
  readonly sources: readonly PlacedSource[];
};

/** Elements of a block: few enough that a handful of registers stay in a first-level cache. */
const BLOCK = 1024;
/** With reductions, enough rows that their sums run side by side. */
const ROWS_BLOCK = 4096;
const SIDE_BY_SIDE = 4;
const WIDEST_SIDE_BY_SIDE = 8192;
const MOST_ROWS = 64;

type OneHot = Extract<ChainSource, { readonly oneHot: unknown }>;

function isOneHot(source: ChainSource): source is OneHot {
  return "oneHot" in source;
}

function blockOf(rows: number, columns: number, wholeRows: boolean): Pick<Space, "blockRows" | "blockColumns"> {
  if (!wholeRows && columns > BLOCK) return { blockRows: 1, blockColumns: BLOCK };
  const fitting = Math.floor((wholeRows ? ROWS_BLOCK : BLOCK) / columns);
  const least = wholeRows && columns <= WIDEST_SIDE_BY_SIDE ? SIDE_BY_SIDE : 1;
  const most = wholeRows ? MOST_ROWS : BLOCK;
  return { blockRows: Math.min(rows, Math.max(least, Math.min(most, fitting))), blockColumns: columns };
}

function termsOf(outer: readonly Axis[], source: number): Term[] {
  const terms: Term[] = [];
  let divisor = 1;
  for (const { size, strides } of [...outer].reverse()) {
    const stride = strides[source]!;
    const before = terms.at(-1);
    if (before && before.divisor * before.modulus === divisor && stride === before.stride * before.modulus)
      terms[terms.length - 1] = { ...before, modulus: before.modulus * size };
    else if (stride !== 0) terms.push({ divisor, modulus: size, stride });
    divisor *= size;
  }
  if (terms.length > MOST_TERMS) refuseCall("a chain's source needs too many terms");
  return terms;
}

/** True for the rows of a source that follow each other `stride` apart, one per row of the space. */
function follows(terms: readonly Term[], rows: number, stride: number): boolean {
  const [only] = terms;
  if (rows === 1) return terms.length === 0;
  return terms.length === 1 && only!.divisor === 1 && only!.modulus === rows && only!.stride === stride;
}

function place(source: ChainSource, inner: number, terms: readonly Term[], block: Space): PlacedSource {
  if (isOneHot(source)) return { kind: KIND.oneHot, class: "full", at: source.oneHot.at, terms: [] };
  const { at } = source;
  const { rows, columns, blockRows } = block;
  if (inner === 0 && columns > 1) {
    if (terms.length === 0) return { kind: KIND.splat, class: "scalar", at, terms: [] };
    const kind = follows(terms, rows, 1) ? KIND.perRow : KIND.values;
    return { kind, class: "row", at, terms };
  }
  if (follows(terms, rows, columns)) return { kind: KIND.whole, class: "full", at, terms: [] };
  if (terms.length === 0) {
    if (columns === 1) return { kind: KIND.splat, class: "scalar", at, terms: [] };
    return { kind: blockRows === 1 ? KIND.row : KIND.columns, class: "full", at, terms: [] };
  }
  return { kind: KIND.rows, class: "full", at, terms };
}

function stridesIn(source: ChainSource, shape: Chain["shape"]): number[] {
  if (!isOneHot(source)) return broadcastStrides(source, shape);
  needPlain("index of one-hot rows", source.oneHot, "i32");
  if (elementCount(source.oneHot.shape) !== elementCount(shape.slice(0, -1)))
    refuseCall(`one-hot rows of [${source.oneHot.shape}] in a chain of [${shape}]`);
  return contiguousStrides(shape);
}

/** The space of a chain and its sources in it. Throws for a source whose columns are neither contiguous nor one. */
export function chainSpace({ shape, sources, steps }: Chain): Space {
  const wholeRows = sources.some(isOneHot) || steps.some(({ op }) => op === "reduceSum" || op === "reduceMax");
  const axes = axesOf(
    shape,
    sources.map((source) => stridesIn(source, shape)),
  );
  const outer = wholeRows ? mergeAxes(axes.slice(0, -1)) : mergeAxes(axes);
  const inner = (wholeRows ? axes.at(-1) : outer.pop()) ?? { size: 1, strides: sources.map(() => 0) };
  const [rows, columns] = [outer.reduce((count, { size }) => count * size, 1), inner.size];
  if (wholeRows && columns > CHAIN_ROW_LIMIT) refuseCall(`a chain over rows of ${columns} columns`);
  const bad = inner.strides.findIndex((stride) => stride !== 0 && stride !== 1 && columns > 1);
  if (bad >= 0) refuseCall(`source ${bad} of a chain has column stride ${inner.strides[bad]}`);
  const space = { rows, columns, ...blockOf(rows, columns, wholeRows), wholeRows, sources: [] };
  const placed = sources.map((source, i) => place(source, inner.strides[i]!, termsOf(outer, i), space));
  return { ...space, sources: placed };
}

/** The words of a source. */
export function sourceWords({ kind, at, terms }: PlacedSource): number[] {
  const words = terms.flatMap(({ divisor, modulus, stride }) => [divisor, modulus, stride]);
  return [kind, at, ...words, ...Array(3 * MOST_TERMS - words.length).fill(0)];
}
