// How the next token is drawn from logits (spec/inference.md §3): options, their limits, and the draw. Deterministic on every
// machine: weights are fp32 by the recipe of exp, sums are binary64 in a fixed order, words come from the request's seed.
import { expRecipe } from "../recipes.ts";
import { seedWords } from "../seedStream.ts";
import { TensorError } from "../TensorError.ts";

export type Sampling = {
  /** Thousandths, 0 to 10,000; 0 takes the likeliest token. Default 1000: the model's own distribution. */
  readonly temperatureMilli?: number;
  /** Draws among the so many likeliest tokens, 1 to 4096. Default all. */
  readonly topK?: number;
  /** Thousandths, 1 to 1000: draws among the likeliest tokens that together have this share. Default 1000. */
  readonly topPMilli?: number;
  /** Thousandths, 1000 to 10,000: divides positive logits of recent tokens and multiplies the others. Default 1000: none. */
  readonly repetitionMilli?: number;
  /** How many last tokens are recent, 1 to 1024. Default 64. */
  readonly repetitionWindow?: number;
  /** 32 bytes; needed unless temperatureMilli is 0. */
  readonly seed?: Uint8Array;
};

/** Options with their defaults, checked. */
export type Draw = {
  readonly temperatureMilli: number;
  readonly topK: number | undefined;
  readonly topPMilli: number;
  readonly repetitionMilli: number;
  readonly repetitionWindow: number;
  readonly seed: Uint8Array | undefined;
};

const STREAM = "weft/infer/1";
/** Words of the stream that are made at a time. */
const BLOCK = 64;
const SEED_BYTES = 32;

const LIMITS = {
  temperatureMilli: [0, 10_000],
  topK: [1, 4096],
  topPMilli: [1, 1000],
  repetitionMilli: [1000, 10_000],
  repetitionWindow: [1, 1024],
} as const;

/** Throws TensorError `bad-option` naming the option. */
export function checkInteger(name: string, value: number, [least, most]: readonly [number, number]): void {
  if (!Number.isInteger(value) || value < least || value > most)
    throw new TensorError("bad-option", `${name} is ${String(value)}`, `use an integer from ${least} to ${most}`);
}

/** Throws TensorError `bad-option`. */
export function checkSampling(options: Sampling): Draw {
  for (const [name, limits] of Object.entries(LIMITS)) {
    const value = options[name as keyof typeof LIMITS];
    if (value !== undefined) checkInteger(name, value, limits);
  }
  const { temperatureMilli = 1000, topK, topPMilli = 1000, repetitionMilli = 1000, repetitionWindow = 64 } = options;
  const { seed } = options;
  if (seed === undefined ? temperatureMilli > 0 : seed.length !== SEED_BYTES)
    throw new TensorError(
      "bad-option",
      `seed has ${seed?.length ?? 0} bytes`,
      "pass 32 bytes, or temperatureMilli 0 to take the likeliest token",
    );
  return { temperatureMilli, topK, topPMilli, repetitionMilli, repetitionWindow, seed };
}

/** The words of a generation's seed, one per token, made a block at a time. */
export function createWords(seed: Uint8Array): (token: number) => number {
  let made = -1;
  let block: Uint32Array = new Uint32Array();
  return (token) => {
    const wanted = Math.floor(token / BLOCK);
    if (wanted !== made) block = seedWords(seed, STREAM, wanted, BLOCK);
    made = wanted;
    return block[token % BLOCK]!;
  };
}

/** Divides the positive logits of recent tokens by the limit, multiplies the others: in place, in fp32, each token once. */
export function limitRepetition(logits: Float32Array, recent: Iterable<number>, repetitionMilli: number): void {
  const factor = Math.fround(repetitionMilli / 1000);
  for (const token of new Set(recent)) {
    const value = logits[token];
    if (value !== undefined) logits[token] = value > 0 ? value / factor : value * factor;
  }
}

/** The likeliest token, the first of equals; undefined when a logit is NaN. */
export function likeliest(logits: Float32Array): number | undefined {
  let best = 0;
  let most = logits[0]!;
  for (let token = 0; token < logits.length; token++) {
    const value = logits[token]!;
    // Only a NaN is neither.
    if (!(value <= most)) {
      if (!(value > most)) return undefined;
      most = value;
      best = token;
    }
  }
  return Number.isNaN(most) ? undefined : best;
}

/** What weights are made with: exp(fl(fl(logit - shift) · factor)), the shift being the largest logit. */
export function powerScale(logits: Float32Array, best: number, temperatureMilli: number) {
  return { shift: logits[best]!, factor: Math.fround(1000 / temperatureMilli) };
}

/** The token at share `word / 2^32` of the weights of the candidates, in token order. */
export function drawToken(weights: Float32Array, draw: Pick<Draw, "topK" | "topPMilli">, word: number): number {
  const least = leastCandidate(weights, draw);
  // Of equals to the last candidate the first count.
  let equals = least.equals;
  const counts = (weight: number) => weight > least.weight || (weight === least.weight && equals-- > 0);
  let total = 0;
  for (const weight of weights) if (counts(weight)) total += weight;
  let left = (word / 2 ** 32) * total;
  let last = 0;
  equals = least.equals;
  for (let token = 0; token < weights.length; token++) {
    const weight = weights[token]!;
    if (!counts(weight)) continue;
    last = token;
    left -= weight;
    if (left < 0) return token;
  }
  return last;
}

/**
 * The token that a word draws from one row of logits at a temperature above 0, computed here; undefined when they hold a NaN or
 * the largest is infinite.
 */
export function drawFromLogits(logits: Float32Array, temperatureMilli: number, word: number): number | undefined {
  const best = likeliest(logits);
  if (best === undefined || !Number.isFinite(logits[best])) return undefined;
  const { shift, factor } = powerScale(logits, best, temperatureMilli);
  const weights = logits.map((logit) => expRecipe(Math.fround(Math.fround(logit - shift) * factor)));
  return drawToken(weights, { topK: undefined, topPMilli: 1000 }, word);
}

type Least = { readonly weight: number; readonly equals: number };

/** The least weight among the candidates, and how many candidates have it. */
function leastCandidate(weights: Float32Array, { topK, topPMilli }: Pick<Draw, "topK" | "topPMilli">): Least {
  const limited = (topK !== undefined && topK < weights.length) || topPMilli < 1000;
  if (!limited) return { weight: Number.NEGATIVE_INFINITY, equals: 0 };
  const sorted = weights.slice().sort().reverse();
  const most = Math.min(topK ?? weights.length, weights.length);
  let total = 0;
  for (let i = 0; i < most; i++) total += sorted[i]!;
  const share = (topPMilli / 1000) * total;
  let count = 0;
  for (let sum = 0; count < most && (count === 0 || sum < share); count++) sum += sorted[count]!;
  const weight = sorted[count - 1]!;
  let equals = 1;
  while (equals < count && sorted[count - 1 - equals] === weight) equals++;
  return { weight, equals };
}
