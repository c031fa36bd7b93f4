// Rotary positions and grouped attention as chains of operators (spec/tensor.md §3.7). Heads are an axis of their own;
// with fewer key heads than query heads, neighbouring query heads share one. Masked terms add +0 to every sum, so a row
// has the same bits whether its later columns exist or not.
import { inverseRoot, softmax } from "./composites.ts";
import type { Emitter, Value } from "./Emitter.ts";
import { add, matmul, mul, reshape, swapPairs, transpose, transposeLast } from "./ops.ts";
import { scalar } from "./scalar.ts";

/** x […,T,d] with tables [T,d]: x·cos + swapPairs(x)·sin. Pairs are neighbours. */
export function rope(g: Emitter, x: Value, tables: { readonly cos: Value; readonly sin: Value }): Value {
  return add(g, mul(g, x, tables.cos), mul(g, swapPairs(g, x), tables.sin));
}

/** [B·T, heads·d] → [B, heads, T, d]. */
export function splitHeads(g: Emitter, x: Value, { batch, heads }: { batch: number; heads: number }): Value {
  const [rows, columns] = x.shape as [number, number];
  return transpose(g, reshape(g, x, [batch, rows / batch, heads, columns / heads]), [0, 2, 1, 3]);
}

/** [B, heads, T, d] → [B·T, heads·d]. */
export function mergeHeads(g: Emitter, x: Value): Value {
  const [batch, heads, length, depth] = x.shape as [number, number, number, number];
  return reshape(g, transpose(g, x, [0, 2, 1, 3]), [batch * length, heads * depth]);
}

export type Attention = {
  /** [B, heads, Tq, d]. */
  readonly q: Value;
  /** [B, kvHeads, Tk, d]; kvHeads divides heads. */
  readonly k: Value;
  readonly v: Value;
  /** Added to the scores: 0 or -inf, of a shape that broadcasts to [B, heads, Tq, Tk]. */
  readonly mask?: Value;
};

/** softmax((q · fl(1/sqrt d)) kᵀ + mask) v → [B, heads, Tq, d]. */
export function attention(g: Emitter, { q, k, v, mask }: Attention): Value {
  const [batch, heads, queries, depth] = q.shape as [number, number, number, number];
  const [kvHeads, keys] = [k.shape[1]!, k.shape[2]!];
  // Query heads that share a key head are more rows of one product.
  const grouped = [batch, kvHeads, (heads / kvHeads) * queries];
  const scaled = reshape(g, mul(g, q, scalar(g, inverseRoot(depth))), [...grouped, depth]);
  const scores = reshape(g, matmul(g, scaled, k), [batch, heads, queries, keys]);
  const weights = softmax(g, mask === undefined ? scores : add(g, scores, mask));
  const mixed = matmul(g, reshape(g, weights, [...grouped, keys]), transposeLast(g, v));
  return reshape(g, mixed, [batch, heads, queries, depth]);
}
