// What a kernel set computes: calls as data, on views of its memory. Each is one operator of spec/tensor.md §3, or a chain of
// elementwise operators and last-axis reductions that gives the same bits as one after the other. A plan is a list of them.
import type { Shape } from "../graph/Graph.ts";
import type { View } from "./View.ts";

/** B of a product, kept in the order the product's inner loop reads (`pack`); `shape` is still [….,N,K]. */
export type PackedView = View & { readonly packed: true };

export const CHAIN_OPS = [
  "add",
  "sub",
  "mul",
  "div",
  "max",
  "min",
  "gt",
  "select",
  "neg",
  "abs",
  "sqrt",
  "exp",
  "log",
  "tanh",
  "swapPairs",
  "toFloat",
  "reduceSum",
  "reduceMax",
] as const;
export type ChainOp = (typeof CHAIN_OPS)[number];

/** A tensor that broadcasts to the chain's shape (last stride 1 or 0), or the one-hot rows of an index of all its rows. */
export type ChainSource = View | { readonly oneHot: View };

/** `in` numbers values: the sources first, then the steps. The reductions run along the last axis, which gets one entry. */
export type ChainStep = { readonly op: ChainOp; readonly in: readonly number[] };

/** Contiguous, of the chain's shape, or with one column for a value with one entry per row. */
export type ChainOutput = { readonly value: number; readonly out: View };

/** Keys and values of sequences, a slot each: room for `capacity` positions, a multiple of 8, whatever fills it. */
export type CacheView = {
  /** [slots, kvHeads, capacity / 8, depth, 8]. */
  readonly keys: View;
  /** [slots, kvHeads, capacity, depth]. */
  readonly values: View;
};

/** Which slot and which position in it each row of a batch has, i32 [rows] both; position -1: the row counts for nothing. */
export type CachePlaces = { readonly slots: View; readonly positions: View };

type Calls = {
  /** Last axis of a and b contiguous (rows) or the one before it (columns); leading axes broadcast, any strides. */
  matmul: { readonly a: View; readonly b: View | PackedView; readonly out: View };
  /** Rows only. */
  matmulInt8: { readonly a: View; readonly b: View | PackedView; readonly out: View };
  /** `b` contiguous but for its last two axes; f32 or i8. */
  pack: { readonly b: View; readonly out: PackedView };
  /**
   * Outputs may lie on a source that is read at the same index (in place), else on no source. At most CHAIN_ROW_LIMIT columns
   * with a reduction or one-hot rows.
   */
  chain: {
    readonly shape: Shape;
    readonly sources: readonly ChainSource[];
    readonly steps: readonly ChainStep[];
    readonly outputs: readonly ChainOutput[];
  };
  /** Contiguous views. */
  reduce: { readonly kind: "sum" | "max"; readonly x: View; readonly axis: number; readonly out: View };
  /** `x` broadcast to `out`'s shape; any strides on both sides: transpose, slice, concat part by part, expand. */
  copy: { readonly x: View; readonly out: View };
  /** Contiguous views, as in all that follow. */
  swapPairs: { readonly x: View; readonly out: View };
  gather: { readonly table: View; readonly index: View; readonly fill: number; readonly out: View };
  oneHot: { readonly index: View; readonly out: View };
  scatterAdd: { readonly x: View; readonly index: View; readonly out: View };
  toInt8: { readonly x: View; readonly out: View };
  toFloat: { readonly x: View; readonly out: View };
  /** Rows of a packed table; index -1 gives +0. */
  gatherPacked: { readonly table: PackedView; readonly index: View; readonly out: View };
  /** Rows [rows, kvHeads, depth] to their places in a cache; gaps between rows allowed. No two rows have one place. */
  cacheRows: { readonly k: View; readonly v: View; readonly places: CachePlaces; readonly cache: CacheView };
  /**
   * The composite attention (spec/tensor.md §3.7) of each row of `q` [rows, heads, depth], already multiplied by 1/sqrt(depth),
   * over positions 0 … its own of its slot, into `out` [rows, heads, depth].
   */
  attend: { readonly q: View; readonly places: CachePlaces; readonly cache: CacheView; readonly out: View };
  /** Merkle roots of the leaves (§6) of each value into `room` (hashRoom.ts says where and how many bytes). */
  hash: { readonly values: readonly View[]; readonly room: number };
};

export type CallName = keyof Calls;
export type CallOf<K extends CallName> = { readonly call: K; readonly place?: string } & Calls[K];
/** `place` names the call in errors about its data: "node 7 gather". */
export type KernelCall = { [K in CallName]: CallOf<K> }[CallName];

/** Most columns of a chain that works on whole rows. */
export const CHAIN_ROW_LIMIT = 32_768;
