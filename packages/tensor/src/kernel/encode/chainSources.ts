// How each source of a chain is found in the chain's space, and the blocks that the space is worked through in
// (kernels/assembly/chain.ts).
import { type Chain, type ChainSpace, chainSpace, isOneHot } from "../chainSpace.ts";
import type { ChainSource } from "../KernelCall.ts";
import type { Axis } from "../View.ts";

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

/** The space of a chain that fits (check/chain.ts), and its sources in it. */
export function sourcesIn(chain: Chain): Space {
  const { rows, columns, wholeRows, rowAxes, columnStrides }: ChainSpace = chainSpace(chain);
  const space = { rows, columns, ...blockOf(rows, columns, wholeRows), wholeRows, sources: [] };
  const placed = chain.sources.map((source, i) => place(source, columnStrides[i]!, termsOf(rowAxes, i), space));
  return { ...space, sources: placed };
}

/** The words of a source. */
export function sourceWords({ kind, at, terms }: PlacedSource): number[] {
  const words = terms.flatMap(({ divisor, modulus, stride }) => [divisor, modulus, stride]);
  return [kind, at, ...words, ...Array(3 * MOST_TERMS - words.length).fill(0)];
}
