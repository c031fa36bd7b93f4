// Merkle roots of tensors (spec/tensor.md §6): leaves of 32 elements, nodes over them. A tree is cut into subtrees of a
// power of two of leaves: a thread hashes a subtree from its leaves to its root in scratch, which the levels of the whole
// tree would give too, and what is left above is small.
import { canonical } from "./lanes";
import {
  compress, compressEight, compressLast, fillTable, MOST_LANES, startState, STATE_BYTES, TABLE_BYTES, WORDS_BYTES,
} from "./sha256Lanes";
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

/** Bytes of a thread's scratch: state, schedule, message words, four leaves, digests of a subtree. */
export function tensorHashScratchBytes(): usize {
  return STATE_BYTES + WORDS_BYTES + MESSAGE_BYTES + 4 * LEAF_BYTES + SUBTREE * 32;
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

@inline
function swapBytes(x: v128): v128 {
  return v128.shuffle<i8>(x, x, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

/** Four vectors of four messages as big-endian words, message per lane, to `out`, `stride` bytes between words. */
@inline
function interleave(r0: v128, r1: v128, r2: v128, r3: v128, out: usize, stride: usize): void {
  const a = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5), b = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
  const c = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7), d = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  v128.store(out, swapBytes(v128.shuffle<i64>(a, b, 0, 2)));
  v128.store(out + stride, swapBytes(v128.shuffle<i64>(a, b, 1, 3)));
  v128.store(out + 2 * stride, swapBytes(v128.shuffle<i64>(c, d, 0, 2)));
  v128.store(out + 3 * stride, swapBytes(v128.shuffle<i64>(c, d, 1, 3)));
}

/** Hashes a block: data words, shifted right by the one byte that `before` (the words before, or the tag) leaves over. */
@inline
function hashBlock(state: usize, before: usize, words: usize, w: usize, lanes: usize): void {
  const bytes = lanes << 2;
  for (let i: usize = 0; i < bytes * 16; i += 16) {
    const carry = i < bytes ? v128.load(before + i) : v128.load(words + i - bytes);
    v128.store(w + i, v128.or(i32x4.shl(carry, 24), i32x4.shr_u(v128.load(words + i), 8)));
  }
  if (lanes == 8) compressEight(state, w);
  else compress(state, w);
}

/** What comes before the first word of a leaf and of a node: the tag. */
const LEAF_TAG = memory.data<u32>([0, 0, 0, 0, 0, 0, 0, 0]);
const NODE_TAG = memory.data<u32>([1, 1, 1, 1, 1, 1, 1, 1]);

/** Stores the digest of each of the first `count` lanes, 32 bytes apart. */
function storeDigests(state: usize, out: usize, count: usize, lanes: usize): void {
  for (let lane: usize = 0; lane < count; lane++) {
    for (let i: usize = 0; i < 8; i++) {
      store<u32>(out + (lane << 5) + (i << 2), bswap<u32>(load<u32>(state + ((i * lanes + lane) << 2))));
    }
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

/** Words of four leaves from `leaf` on, none past `end`, to `to`. */
@inline
function interleaveLeaves(
  x: usize, columns: usize, dtype: usize, leaf: usize, end: usize, to: usize, stride: usize, spare: usize,
): void {
  const perRow = (columns + 31) >> 5;
  const m0 = leafAt(x, columns, perRow, min(leaf, end), dtype, spare);
  const m1 = leafAt(x, columns, perRow, min(leaf + 1, end), dtype, spare + LEAF_BYTES);
  const m2 = leafAt(x, columns, perRow, min(leaf + 2, end), dtype, spare + 2 * LEAF_BYTES);
  const m3 = leafAt(x, columns, perRow, min(leaf + 3, end), dtype, spare + 3 * LEAF_BYTES);
  for (let v: usize = 0; v < LEAF_BYTES; v += 16) {
    let r0 = v128.load(m0 + v), r1 = v128.load(m1 + v), r2 = v128.load(m2 + v), r3 = v128.load(m3 + v);
    if (dtype == DTYPE_F32) {
      r0 = canonical(r0); r1 = canonical(r1); r2 = canonical(r2); r3 = canonical(r3);
    }
    interleave(r0, r1, r2, r3, to, stride);
    to += 4 * stride;
  }
}

/** Digests of leaves first ≤ i < last, to `out`. */
function hashLeaves(
  x: usize, columns: usize, dtype: usize, first: usize, last: usize, table: usize, out: usize, scratch: usize, lanes: usize,
): void {
  const w = scratch + STATE_BYTES, words = w + WORDS_BYTES, spare = words + MESSAGE_BYTES;
  const bytes = lanes << 2;
  for (let i = first; i < last; i += lanes) {
    for (let lane: usize = 0; lane < lanes; lane += 4) {
      interleaveLeaves(x, columns, dtype, i + lane, last - 1, words + (lane << 2), bytes, spare);
    }
    startState(scratch, lanes);
    hashBlock(scratch, LEAF_TAG, words, w, lanes);
    hashBlock(scratch, words + 15 * bytes, words + 16 * bytes, w, lanes);
    compressLast(scratch, words + 31 * bytes, table, w, lanes);
    storeDigests(scratch, out, min<usize>(lanes, last - i), lanes);
    out += lanes << 5;
  }
}

/** Parents of `count` digests at `below`, to `out` (which may be `below`); a lone last digest is copied up. */
function hashNodes(below: usize, count: usize, table: usize, out: usize, scratch: usize, lanes: usize): void {
  const w = scratch + STATE_BYTES, words = w + WORDS_BYTES;
  const pairs = count >> 1, end = pairs - 1, bytes = lanes << 2;
  for (let i: usize = 0; i < pairs; i += lanes) {
    for (let lane: usize = 0; lane < lanes; lane += 4) {
      const j = i + lane;
      const m0 = below + (min(j, end) << 6), m1 = below + (min(j + 1, end) << 6);
      const m2 = below + (min(j + 2, end) << 6), m3 = below + (min(j + 3, end) << 6);
      let to = words + (lane << 2);
      for (let v: usize = 0; v < 64; v += 16, to += 4 * bytes) {
        interleave(v128.load(m0 + v), v128.load(m1 + v), v128.load(m2 + v), v128.load(m3 + v), to, bytes);
      }
    }
    startState(scratch, lanes);
    hashBlock(scratch, NODE_TAG, words, w, lanes);
    compressLast(scratch, words + 15 * bytes, table, w, lanes);
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
  const digests = scratch + tensorHashScratchBytes() - SUBTREE * 32;
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
