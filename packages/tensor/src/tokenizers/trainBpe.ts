// Trains a byte pair encoding (spec/tensor-files.md §4): again and again the most frequent pair of neighbouring tokens
// becomes a token; of equally frequent pairs the one with the smaller left, then the smaller right token. The result
// depends on nothing but corpus and options. Counts are kept up to date merge by merge, so that the whole costs about as
// much as looking at each place of the distinct pieces a few times.
import { type BpeTokenizer, bpeTokenizer, pairKey, piecesOf } from "./bpeTokenizer.ts";
import { ALL_BYTES, alphabetIndex, bytesOf, encodeBytes } from "./byteTokenizer.ts";
import { fromLatin1, latin1 } from "./latin1.ts";
import { PairHeap } from "./PairHeap.ts";
import { pieceEnd } from "./splitText.ts";
import { refuseTokenizer, TOKENIZER_LIMITS } from "./Tokenizer.ts";

export type BpeTraining = {
  /** Tokens wanted, alphabet and end mark included; fewer come out when no pair occurs `leastCount` times. */
  readonly vocab: number;
  /** Alphabet: all 256 bytes (any text encodes), or those of the corpus. Default "all". */
  readonly alphabet?: "all" | "corpus";
  /** With an end mark. Default true. */
  readonly end?: boolean;
  /** Least occurrences of a pair that is merged. Default 2. */
  readonly leastCount?: number;
};

/** Most bytes of a corpus to train on. */
const MAX_TRAINING_BYTES = 2 ** 26;

/** Throws TensorError `bad-tokenizer` for options or a corpus outside the limits. */
export function trainBpe(corpus: Uint8Array, options: BpeTraining): BpeTokenizer {
  const { vocab, alphabet = "all", end = true, leastCount = 2 } = options;
  if (corpus.length > MAX_TRAINING_BYTES)
    refuseTokenizer(`the corpus has ${corpus.length} bytes`, `train on at most ${MAX_TRAINING_BYTES} of them`);
  const bytes = alphabet === "all" ? ALL_BYTES : bytesOf(corpus);
  const most = vocab - bytes.length - Number(end);
  if (!Number.isSafeInteger(vocab) || most < 0 || vocab > TOKENIZER_LIMITS.vocab)
    refuseTokenizer(
      `vocab is ${vocab} with an alphabet of ${bytes.length}`,
      `use an integer from ${bytes.length + Number(end)} to ${TOKENIZER_LIMITS.vocab}`,
    );
  if (!Number.isSafeInteger(leastCount) || leastCount < 1)
    refuseTokenizer(`leastCount is ${leastCount}`, "use an integer from 1 on");
  const state = startState(corpus, bytes);
  while (state.merges.length < most && mergeNext(state, leastCount)) {}
  return bpeTokenizer.validate({ kind: "bpe", bytes, merges: state.merges, end });
}

/** The distinct pieces of the corpus behind each other, as linked tokens; -1 where a token was merged away. */
type State = {
  readonly tokens: Int32Array;
  /** Neighbours inside the piece, or -1. */
  readonly next: Int32Array;
  readonly previous: Int32Array;
  /** How often the piece of each place occurs. */
  readonly weights: Float64Array;
  readonly counts: Map<number, number>;
  /** Places where a pair begins, or began. */
  readonly places: Map<number, number[]>;
  readonly queue: PairHeap;
  readonly pieces: Uint8Array[];
  readonly merges: [number, number][];
};

/** Distinct pieces as latin-1 strings in order of first occurrence, with how often they occur. */
function countPieces(corpus: Uint8Array): Map<string, number> {
  const counts = new Map<string, number>();
  for (let at = 0; at < corpus.length; ) {
    const end = pieceEnd(corpus, at);
    const piece = latin1(corpus.subarray(at, end));
    counts.set(piece, (counts.get(piece) ?? 0) + 1);
    at = end;
  }
  return counts;
}

function startState(corpus: Uint8Array, bytes: readonly number[]): State {
  const pieces = countPieces(corpus);
  const joined = fromLatin1(Array.from(pieces.keys()).join(""));
  const tokens = encodeBytes(joined, alphabetIndex(bytes));
  const next = Int32Array.from(tokens, (_, at) => at + 1);
  const previous = Int32Array.from(tokens, (_, at) => at - 1);
  const weights = new Float64Array(tokens.length);
  let start = 0;
  for (const [piece, count] of pieces) {
    weights.fill(count, start, start + piece.length);
    previous[start] = -1;
    start += piece.length;
    next[start - 1] = -1;
  }
  const state: State = {
    tokens,
    next,
    previous,
    weights,
    counts: new Map(),
    places: new Map(),
    queue: new PairHeap(),
    pieces: piecesOf({ bytes, merges: [] }),
    merges: [],
  };
  for (let at = 0; at < tokens.length; at++) if (next[at]! >= 0) addPair(state, at);
  for (const [key, count] of state.counts) state.queue.push(-count, key);
  return state;
}

/** Counts the pair that begins at a place. Returns its key. */
function addPair(state: State, at: number): number {
  const key = pairKey(state.tokens[at]!, state.tokens[state.next[at]!]!);
  state.counts.set(key, (state.counts.get(key) ?? 0) + state.weights[at]!);
  const places = state.places.get(key);
  if (places === undefined) state.places.set(key, [at]);
  else places.push(at);
  return key;
}

/** Takes the pair that begins at a place out of the counts. */
function removePair({ tokens, next, counts, weights }: State, at: number): void {
  const key = pairKey(tokens[at]!, tokens[next[at]!]!);
  counts.set(key, (counts.get(key) ?? 0) - weights[at]!);
}

/** Merges the best pair that may be merged. False when none is frequent enough. */
function mergeNext(state: State, leastCount: number): boolean {
  const { queue, counts } = state;
  while (queue.size > 0) {
    const { order, value: key } = queue.pop();
    const count = counts.get(key) ?? 0;
    if (count < leastCount) continue;
    // Counts only sink unnoticed: a rise is pushed when it happens.
    if (count < -order) queue.push(-count, key);
    else if (count === -order && mayMerge(state, key)) {
      mergeEverywhere(state, key);
      return true;
    }
  }
  return false;
}

function splitKey(key: number): [left: number, right: number] {
  return [Math.floor(key / TOKENIZER_LIMITS.vocab), key % TOKENIZER_LIMITS.vocab];
}

/** False for a token that would be too long; such a pair is never looked at again. */
function mayMerge({ pieces }: State, key: number): boolean {
  const [left, right] = splitKey(key);
  return pieces[left]!.length + pieces[right]!.length <= TOKENIZER_LIMITS.pieceBytes;
}

/** Makes a token of a pair and puts it wherever the pair stands, from left to right. */
function mergeEverywhere(state: State, key: number): void {
  const { tokens, next, places, counts, pieces, queue } = state;
  const [left, right] = splitKey(key);
  const merged = pieces.length;
  // Never the bytes of another token: what has been merged inside a stretch of text is the same wherever the stretch
  // stands between cuts, so a stretch that is one token somewhere is that token everywhere.
  pieces.push(Uint8Array.of(...pieces[left]!, ...pieces[right]!));
  state.merges.push([left, right]);
  const risen = new Set<number>();
  for (const at of (places.get(key) ?? []).sort((a, b) => a - b)) {
    const second = next[at]!;
    if (tokens[at] === left && second >= 0 && tokens[second] === right) mergeAt(state, { at, merged, risen });
  }
  places.delete(key);
  counts.delete(key);
  for (const touched of risen) queue.push(-counts.get(touched)!, touched);
}

function mergeAt(state: State, { at, merged, risen }: { at: number; merged: number; risen: Set<number> }): void {
  const { tokens, next, previous } = state;
  const second = next[at]!;
  const [before, after] = [previous[at]!, next[second]!];
  if (before >= 0) removePair(state, before);
  if (after >= 0) removePair(state, second);
  tokens[at] = merged;
  tokens[second] = -1;
  next[at] = after;
  if (after >= 0) previous[after] = at;
  if (before >= 0) risen.add(addPair(state, before));
  if (after >= 0) risen.add(addPair(state, at));
}
