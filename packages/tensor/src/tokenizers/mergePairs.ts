// The merging that vocabularies of pairs share: of all neighbours that make a token, those with the lowest order are joined
// first, the leftmost of equals, until no neighbours make one.
import { PairHeap } from "./PairHeap.ts";

export type PairRule = {
  /** The token that two neighbours make, if they make one. */
  readonly join: (left: number, right: number) => number | undefined;
  /** Of a token that a pair makes; the lowest is made first. */
  readonly order: (made: number) => number;
};

/** The tokens that are left. Uses `tokens` as room. */
export function mergePairs(tokens: Int32Array, { join, order }: PairRule): Int32Array {
  const count = tokens.length;
  const next = Int32Array.from(tokens, (_, i) => i + 1);
  const previous = Int32Array.from(tokens, (_, i) => i - 1);
  const heap = new PairHeap();
  const offer = (at: number) => {
    const right = next[at]!;
    const made = right < count ? join(tokens[at]!, tokens[right]!) : undefined;
    if (made !== undefined) heap.push(order(made), at);
  };
  for (let at = 0; at < count; at++) offer(at);
  while (heap.size > 0) {
    const { order: wanted, value: at } = heap.pop();
    const right = next[at]!;
    if (tokens[at]! < 0 || right >= count) continue;
    const made = join(tokens[at]!, tokens[right]!);
    // Stale when a merge since then took either token: a taken one is -1, a merged one has another number.
    if (made === undefined || order(made) !== wanted) continue;
    tokens[at] = made;
    tokens[right] = -1;
    const after = next[right]!;
    next[at] = after;
    if (after < count) previous[after] = at;
    offer(at);
    if (previous[at]! >= 0) offer(previous[at]!);
  }
  return tokens.filter((token) => token >= 0);
}
