// Merkle roots of tensors (spec/tensor.md §6): leaves of 32 elements, nodes over them. A tree is cut into subtrees of a
// power of two of leaves: a thread hashes a subtree from its leaves to its root in scratch, which the levels of the whole
// tree would give too, and what is left above is small.
import { canonical } from "./lanes";
import {
  compress, compressEight, compressLast, compressLastEight, fillTable, MOST_LANES, startLast, startState, STATE_BYTES,
  TABLE_BYTES, WORDS_BYTES,
} from "./sha256Lanes";
import { storeEightTransposed, storeTransposed } from "./transpose4";
import { shareFirst, word } from "./words";

/** Leaves of a subtree; the host cuts by the same number. */
const SUBTREE: usize = 512;
const LEAF_BYTES: usize = 128;
/** Bits of a leaf's and of a node's preimage. */
const LEAF_BITS: u32 = 129 * 8;
const NODE_BITS: u32 = 65 * 8;

/** How a leaf's 32 words come from elements. */
const DTYPE_F32: usize = 0;
const DTYPE_I8: usize = 2;

/** Bytes of the words of a leaf of every lane. */
const MESSAGE_BYTES: usize = 32 * 4 * MOST_LANES;

/** Where in a thread's scratch: state, schedules of blocks and of last blocks, message words, eight leaves, digests of a subtree. */
const SCHEDULE_AT: usize = STATE_BYTES;
const LAST_AT: usize = SCHEDULE_AT + WORDS_BYTES;
const MESSAGE_AT: usize = LAST_AT + WORDS_BYTES;
const SPARE_AT: usize = MESSAGE_AT + MESSAGE_BYTES;
const DIGESTS_AT: usize = SPARE_AT + MOST_LANES * LEAF_BYTES;

export function tensorHashScratchBytes(): usize {
  return DIGESTS_AT + SUBTREE * 32;
}

/** Bytes of the tables that `fillHashTables` makes. */
export function hashTableBytes(): usize {
  return 2 * TABLE_BYTES;
}

/** Makes the tables of last blocks at `tables`, once per memory. */
export function fillHashTables(tables: usize): void {
  fillTable(tables, LEAF_BITS);
  fillTable(tables + TABLE_BYTES, NODE_BITS);
}

/**
 * Which bytes of a word, in the machine's order, the big-endian word one byte further on begins with: the last; and which follow. In
 * memory: V8 would put a constant together anew at every use.
 */
const SHIFT = memory.data<u8>([
  128, 128, 128, 3, 128, 128, 128, 7, 128, 128, 128, 11, 128, 128, 128, 15,
  2, 1, 0, 128, 6, 5, 4, 128, 10, 9, 8, 128, 14, 13, 12, 128,
], 16);

/**
 * Hashes a block of `lanes` messages: data words, in the machine's order of bytes, moved on by the one byte that `before` (the words
 * before, or the tag) leaves over.
 */
@inline
function hashBlock(state: usize, before: usize, words: usize, w: usize, lanes: usize): void {
  const bytes = lanes << 2, carried = v128.load(SHIFT), kept = v128.load(SHIFT, 16);
  for (let lane: usize = 0; lane < bytes; lane += 16) {
    let carry = i8x16.swizzle(v128.load(before + lane), carried);
    for (let i = lane; i < bytes << 4; i += bytes) {
      const x = v128.load(words + i);
      v128.store(w + i, v128.or(carry, i8x16.swizzle(x, kept)));
      carry = i8x16.swizzle(x, carried);
    }
  }
  if (lanes == 8) compressEight(state, w);
  else compress(state, w);
}

/** What comes before the first word of a leaf and of a node: the tag, as last byte of a word. */
const LEAF_TAG = memory.data<u32>([0, 0, 0, 0, 0, 0, 0, 0]);
const NODE_TAG = memory.data<u32>([0x1000000, 0x1000000, 0x1000000, 0x1000000, 0x1000000, 0x1000000, 0x1000000, 0x1000000]);

/** Stores the digest of each of the first `count` lanes, 32 bytes apart. */
function storeDigests(state: usize, out: usize, count: usize, lanes: usize): void {
  if (count == 8) return storeEightDigests(state, out);
  for (let lane: usize = 0; lane < count; lane++) {
    for (let i: usize = 0; i < 8; i++) {
      store<u32>(out + (lane << 5) + (i << 2), bswap<u32>(load<u32>(state + ((i * lanes + lane) << 2))));
    }
  }
}

@inline
function swapBytes(x: v128): v128 {
  return v128.shuffle<i8>(x, x, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

/** Words 0 to 3 of four lanes make one vector of a pair, words 4 to 7 the other. */
@inline
function storeEightDigests(state: usize, out: usize): void {
  for (let lane: usize = 0; lane < 8; lane += 4, out += 128) {
    const p = state + (lane << 2);
    storeEightTransposed(
      swapBytes(v128.load(p)), swapBytes(v128.load(p, 32)), swapBytes(v128.load(p, 64)), swapBytes(v128.load(p, 96)),
      swapBytes(v128.load(p, 128)), swapBytes(v128.load(p, 160)), swapBytes(v128.load(p, 192)), swapBytes(v128.load(p, 224)),
      out, 32,
    );
  }
}

/** Address of leaf `leaf` as 128 bytes: in place when whole and in words, else put together at `spare`. */
function leafAt(x: usize, columns: usize, perRow: usize, leaf: usize, dtype: usize, spare: usize): usize {
  const row = leaf / perRow;
  const first = (leaf - row * perRow) << 5;
  const count = min<usize>(32, columns - first);
  const index = row * columns + first;
  if (dtype == DTYPE_I8) {
    memory.fill(spare, 0, LEAF_BYTES);
    for (let i: usize = 0; i < count; i++) store<i32>(spare + (i << 2), load<i8>(x + index + i));
    return spare;
  }
  const at = x + (index << 2);
  if (count == 32) return at;
  memory.fill(spare, 0, LEAF_BYTES);
  memory.copy(spare, at, count << 2);
  return spare;
}

/** Words of four leaves from `leaf` on, none past `end`, to `to`, 16 bytes apart. */
@inline
function interleaveLeaves(x: usize, columns: usize, dtype: usize, leaf: usize, end: usize, to: usize, spare: usize): void {
  const perRow = (columns + 31) >> 5;
  const m0 = leafAt(x, columns, perRow, min(leaf, end), dtype, spare);
  const m1 = leafAt(x, columns, perRow, min(leaf + 1, end), dtype, spare + LEAF_BYTES);
  const m2 = leafAt(x, columns, perRow, min(leaf + 2, end), dtype, spare + 2 * LEAF_BYTES);
  const m3 = leafAt(x, columns, perRow, min(leaf + 3, end), dtype, spare + 3 * LEAF_BYTES);
  for (let v: usize = 0; v < LEAF_BYTES; v += 16, to += 64) {
    let r0 = v128.load(m0 + v), r1 = v128.load(m1 + v), r2 = v128.load(m2 + v), r3 = v128.load(m3 + v);
    if (dtype == DTYPE_F32) {
      r0 = canonical(r0); r1 = canonical(r1); r2 = canonical(r2); r3 = canonical(r3);
    }
    storeTransposed(r0, r1, r2, r3, to, 16);
  }
}

/** Of eight, 32 bytes apart. */
@inline
function interleaveEightLeaves(x: usize, columns: usize, dtype: usize, leaf: usize, end: usize, to: usize, spare: usize): void {
  const perRow = (columns + 31) >> 5;
  const m0 = leafAt(x, columns, perRow, min(leaf, end), dtype, spare);
  const m1 = leafAt(x, columns, perRow, min(leaf + 1, end), dtype, spare + LEAF_BYTES);
  const m2 = leafAt(x, columns, perRow, min(leaf + 2, end), dtype, spare + 2 * LEAF_BYTES);
  const m3 = leafAt(x, columns, perRow, min(leaf + 3, end), dtype, spare + 3 * LEAF_BYTES);
  const n0 = leafAt(x, columns, perRow, min(leaf + 4, end), dtype, spare + 4 * LEAF_BYTES);
  const n1 = leafAt(x, columns, perRow, min(leaf + 5, end), dtype, spare + 5 * LEAF_BYTES);
  const n2 = leafAt(x, columns, perRow, min(leaf + 6, end), dtype, spare + 6 * LEAF_BYTES);
  const n3 = leafAt(x, columns, perRow, min(leaf + 7, end), dtype, spare + 7 * LEAF_BYTES);
  const nans = dtype == DTYPE_F32;
  for (let v: usize = 0; v < LEAF_BYTES; v += 16, to += 128) {
    if (nans) eightAcross(m0 + v, m1 + v, m2 + v, m3 + v, n0 + v, n1 + v, n2 + v, n3 + v, to, true);
    else eightAcross(m0 + v, m1 + v, m2 + v, m3 + v, n0 + v, n1 + v, n2 + v, n3 + v, to, false);
  }
}

/** Four words of eight messages at those addresses to `to`, 32 bytes apart. */
@inline
function eightAcross(
  m0: usize, m1: usize, m2: usize, m3: usize, n0: usize, n1: usize, n2: usize, n3: usize, to: usize, nans: bool,
): void {
  storeEightTransposed(
    v128.load(m0), v128.load(m1), v128.load(m2), v128.load(m3), v128.load(n0), v128.load(n1), v128.load(n2), v128.load(n3),
    to, 32, nans,
  );
}

/** Digests of leaves first ≤ i < last, to `out`. */
function hashLeaves(
  x: usize, columns: usize, dtype: usize, first: usize, last: usize, table: usize, out: usize, scratch: usize, lanes: usize,
): void {
  const w = scratch + SCHEDULE_AT, ends = scratch + LAST_AT, words = scratch + MESSAGE_AT, spare = scratch + SPARE_AT;
  if (lanes == 8) startLast(table, ends);
  for (let i = first; i < last; i += lanes) {
    startState(scratch, lanes);
    if (lanes == 8) {
      interleaveEightLeaves(x, columns, dtype, i, last - 1, words, spare);
      hashBlock(scratch, LEAF_TAG, words, w, 8);
      hashBlock(scratch, words + 15 * 32, words + 16 * 32, w, 8);
      compressLastEight(scratch, words + 31 * 32, table, ends);
    } else {
      interleaveLeaves(x, columns, dtype, i, last - 1, words, spare);
      hashBlock(scratch, LEAF_TAG, words, w, 4);
      hashBlock(scratch, words + 15 * 16, words + 16 * 16, w, 4);
      compressLast(scratch, words + 31 * 16, table, w);
    }
    storeDigests(scratch, out, min<usize>(lanes, last - i), lanes);
    out += lanes << 5;
  }
}

/** Words of four pairs of digests from pair i on, none past `end`, to `to`, 16 bytes apart. */
@inline
function interleavePairs(below: usize, i: usize, end: usize, to: usize): void {
  const m0 = below + (min(i, end) << 6), m1 = below + (min(i + 1, end) << 6);
  const m2 = below + (min(i + 2, end) << 6), m3 = below + (min(i + 3, end) << 6);
  for (let v: usize = 0; v < 64; v += 16, to += 64) {
    storeTransposed(v128.load(m0 + v), v128.load(m1 + v), v128.load(m2 + v), v128.load(m3 + v), to, 16);
  }
}

/** Of eight, 32 bytes apart. */
@inline
function interleaveEightPairs(below: usize, i: usize, end: usize, to: usize): void {
  const m0 = below + (min(i, end) << 6), m1 = below + (min(i + 1, end) << 6);
  const m2 = below + (min(i + 2, end) << 6), m3 = below + (min(i + 3, end) << 6);
  const n0 = below + (min(i + 4, end) << 6), n1 = below + (min(i + 5, end) << 6);
  const n2 = below + (min(i + 6, end) << 6), n3 = below + (min(i + 7, end) << 6);
  for (let v: usize = 0; v < 64; v += 16, to += 128) {
    eightAcross(m0 + v, m1 + v, m2 + v, m3 + v, n0 + v, n1 + v, n2 + v, n3 + v, to, false);
  }
}

/** Parents of `count` digests at `below`, to `out` (which may be `below`); a lone last digest is copied up. */
function hashNodes(below: usize, count: usize, table: usize, out: usize, scratch: usize, lanes: usize): void {
  const w = scratch + SCHEDULE_AT, ends = scratch + LAST_AT, words = scratch + MESSAGE_AT;
  const pairs = count >> 1, end = pairs - 1;
  if (lanes == 8) startLast(table, ends);
  for (let i: usize = 0; i < pairs; i += lanes) {
    startState(scratch, lanes);
    if (lanes == 8) {
      interleaveEightPairs(below, i, end, words);
      hashBlock(scratch, NODE_TAG, words, w, 8);
      compressLastEight(scratch, words + 15 * 32, table, ends);
    } else {
      interleavePairs(below, i, end, words);
      hashBlock(scratch, NODE_TAG, words, w, 4);
      compressLast(scratch, words + 15 * 16, table, w);
    }
    storeDigests(scratch, out + (i << 5), min<usize>(lanes, pairs - i), lanes);
  }
  if (count & 1) memory.copy(out + (pairs << 5), below + ((count - 1) << 5), 32);
}

/** Root of `count` digests at `digests`, which are overwritten; left at the first. */
function foldDigests(digests: usize, count: usize, table: usize, scratch: usize, lanes: usize): void {
  for (; count > 1; count = (count + 1) >> 1) hashNodes(digests, count, table, digests, scratch, lanes);
}

/**
 * Words: 2 x, 3 dtype, 4 rows, 5 columns, 6 tables, 7 out, 8 subtrees of the call before this value's, 9 of the whole call, 10
 * messages at a time (4, or 8 where vectors are fused). Root of subtree s goes to out + 32 s. The team shares the subtrees of all values, so that many small values come out even.
 */
export function hashSubtreesCommand(w: usize, thread: u32, threads: u32, scratch: usize): void {
  const x = word(w, 2), dtype = word(w, 3), columns = word(w, 5), tables = word(w, 6), before = word(w, 8);
  const leaves = word(w, 4) * ((columns + 31) >> 5), lanes = word(w, 10);
  const digests = scratch + DIGESTS_AT;
  const last = min(before + (leaves + SUBTREE - 1) / SUBTREE, shareFirst(word(w, 9), thread + 1, threads));
  for (let s = max(before, shareFirst(word(w, 9), thread, threads)); s < last; s++) {
    const first = (s - before) * SUBTREE;
    const end = min(leaves, first + SUBTREE);
    hashLeaves(x, columns, dtype, first, end, tables, digests, scratch, lanes);
    foldDigests(digests, end - first, tables + TABLE_BYTES, scratch, lanes);
    memory.copy(word(w, 7) + ((s - before) << 5), digests, 32);
  }
}

/** Words: 2 tables, 3 trees, 4 messages at a time, then per tree: address of its subtrees' roots, how many. Each tree's root goes to the first. */
export function hashTopsCommand(w: usize, thread: u32, threads: u32, scratch: usize): void {
  const last = shareFirst(word(w, 3), thread + 1, threads);
  for (let t = shareFirst(word(w, 3), thread, threads); t < last; t++) {
    foldDigests(word(w, 5 + 2 * t), word(w, 6 + 2 * t), word(w, 2) + TABLE_BYTES, scratch, word(w, 4));
  }
}

