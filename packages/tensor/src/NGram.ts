// Witten–Bell interpolated n-gram over tokens (Witten & Bell 1991), the baseline a trained model must beat.
// p(c|h) = (count(h,c) + kinds(h) * p(c|shorter h)) / (count(h) + kinds(h)), down to uniform over the vocabulary.
// An estimate for reports: plain doubles, not committed anywhere.

export type NGram = { order: number; vocab: number; counts: Map<number, Map<number, number>>[] };

/** Key of the `n` tokens before `position`. */
function historyKey(tokens: Uint8Array, position: number, n: number): number {
  let key = 0;
  for (let i = position - n; i < position; i++) key = key * 256 + tokens[i]!;
  return key;
}

/** Counts tokens[0..end) with contexts of 0..`order` tokens (order at most 4). */
export function trainNGram(tokens: Uint8Array, end: number, order: number, vocab: number): NGram {
  const counts = Array.from({ length: order + 1 }, () => new Map<number, Map<number, number>>());
  for (let position = 0; position < end; position++) {
    for (let n = 0; n <= Math.min(order, position); n++) {
      const key = historyKey(tokens, position, n);
      let following = counts[n]!.get(key);
      if (!following) counts[n]!.set(key, (following = new Map()));
      following.set(tokens[position]!, (following.get(tokens[position]!) ?? 0) + 1);
    }
  }
  return { order, vocab, counts };
}

/** The n-gram of fewer tokens of context over the same counts. */
export function shorterNGram({ counts, ...rest }: NGram, order: number): NGram {
  return { ...rest, order, counts: counts.slice(0, order + 1) };
}

/** Mean -log2 p(token | context) over the positions; each needs at least `order` tokens before it. */
export function nGramBits(model: NGram, tokens: Uint8Array, positions: Uint32Array): number {
  const totals = model.counts.map((table) => {
    const sums = new Map<number, number>();
    for (const [key, following] of table) {
      let sum = 0;
      for (const count of following.values()) sum += count;
      sums.set(key, sum);
    }
    return sums;
  });
  let bits = 0;
  for (const position of positions) {
    let p = 1 / model.vocab;
    for (let n = 0; n <= model.order; n++) {
      const key = historyKey(tokens, position, n);
      const following = model.counts[n]!.get(key);
      if (!following) break;
      p = ((following.get(tokens[position]!) ?? 0) + following.size * p) / (totals[n]!.get(key)! + following.size);
    }
    bits -= Math.log2(p);
  }
  return bits / positions.length;
}
