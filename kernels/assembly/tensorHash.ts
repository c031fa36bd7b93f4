// Merkle roots of tensors (spec/tensor.md §6): leaves of 32 elements, nodes over them. A tree is cut into subtrees of a
// power of two of leaves: a thread hashes a subtree from its leaves to its root in scratch, which the levels of the whole
// tree would give too, and what is left above is small.
import { canonical } from "./lanes";
import { compress, compressLast, fillTable, startState, STATE_BYTES, TABLE_BYTES, WORDS_BYTES } from "./sha256Lanes";
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

/** Bytes of a thread's scratch: state, schedule, message words, four leaves, digests of a subtree. */
export function tensorHashScratchBytes(): usize {
  return STATE_BYTES + WORDS_BYTES + 32 * 16 + 4 * LEAF_BYTES + SUBTREE * 32;
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

/** Four vectors of four messages as big-endian words, message per lane, to `out`. */
@inline
function interleave(r0: v128, r1: v128, r2: v128, r3: v128, out: usize): void {
  const a = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5), b = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
  const c = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7), d = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  v128.store(out, swapBytes(v128.shuffle<i64>(a, b, 0, 2)));
  v128.store(out, swapBytes(v128.shuffle<i64>(a, b, 1, 3)), 16);
  v128.store(out, swapBytes(v128.shuffle<i64>(c, d, 0, 2)), 32);
  v128.store(out, swapBytes(v128.shuffle<i64>(c, d, 1, 3)), 48);
}

/** Message words from data words, shifted right by the one tag byte. */
@inline
function shiftedBlock(words: usize, carry: v128, w: usize): void {
  let before = carry;
  for (let i: usize = 0; i < 256; i += 16) {
    const x = v128.load(words + i);
    v128.store(w + i, v128.or(i32x4.shl(before, 24), i32x4.shr_u(x, 8)));
    before = x;
  }
}

/** The row of `table` for the last byte of lane `lane` of the data's last word. */
@inline
function tableRow(table: usize, lastWord: usize, lane: usize): usize {
  return table + ((<usize>load<u32>(lastWord + (lane << 2)) & 255) << 8);
}

@inline
function finish(state: usize, table: usize, lastWord: usize, w: usize): void {
  compressLast(
    state, tableRow(table, lastWord, 0), tableRow(table, lastWord, 1), tableRow(table, lastWord, 2), tableRow(table, lastWord, 3), w,
  );
}

/** Stores the digest of each of the first `count` lanes, 32 bytes apart. */
function storeDigests(state: usize, out: usize, count: usize): void {
  for (let lane: usize = 0; lane < count; lane++) {
    for (let i: usize = 0; i < 8; i++) {
      store<u32>(out + (lane << 5) + (i << 2), bswap<u32>(load<u32>(state + (i << 4) + (lane << 2))));
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

/** Digests of leaves first ≤ i < last, to `out`. */
function hashLeaves(
  x: usize, columns: usize, dtype: usize, first: usize, last: usize, table: usize, out: usize, scratch: usize,
): void {
  const perRow = (columns + 31) >> 5;
  const w = scratch + STATE_BYTES, words = w + WORDS_BYTES, spare = words + 32 * 16;
  for (let i = first; i < last; i += 4) {
    const end = last - 1;
    const m0 = leafAt(x, columns, perRow, i, dtype, spare);
    const m1 = leafAt(x, columns, perRow, min(i + 1, end), dtype, spare + LEAF_BYTES);
    const m2 = leafAt(x, columns, perRow, min(i + 2, end), dtype, spare + 2 * LEAF_BYTES);
    const m3 = leafAt(x, columns, perRow, min(i + 3, end), dtype, spare + 3 * LEAF_BYTES);
    for (let v: usize = 0; v < LEAF_BYTES; v += 16) {
      const to = words + (v << 2);
      if (dtype == DTYPE_F32) {
        interleave(
          canonical(v128.load(m0 + v)), canonical(v128.load(m1 + v)), canonical(v128.load(m2 + v)), canonical(v128.load(m3 + v)), to,
        );
      } else interleave(v128.load(m0 + v), v128.load(m1 + v), v128.load(m2 + v), v128.load(m3 + v), to);
    }
    startState(scratch);
    shiftedBlock(words, i32x4.splat(0), w);
    compress(scratch, w);
    shiftedBlock(words + 256, v128.load(words + 240), w);
    compress(scratch, w);
    finish(scratch, table, words + 31 * 16, w);
    storeDigests(scratch, out, min<usize>(4, last - i));
    out += 128;
  }
}

/** Parents of `count` digests at `below`, to `out` (which may be `below`); a lone last digest is copied up. */
function hashNodes(below: usize, count: usize, table: usize, out: usize, scratch: usize): void {
  const w = scratch + STATE_BYTES, words = w + WORDS_BYTES;
  const pairs = count >> 1;
  for (let i: usize = 0; i < pairs; i += 4) {
    const end = pairs - 1;
    const m0 = below + (i << 6), m1 = below + (min(i + 1, end) << 6);
    const m2 = below + (min(i + 2, end) << 6), m3 = below + (min(i + 3, end) << 6);
    for (let v: usize = 0; v < 64; v += 16) {
      interleave(v128.load(m0 + v), v128.load(m1 + v), v128.load(m2 + v), v128.load(m3 + v), words + (v << 2));
    }
    startState(scratch);
    shiftedBlock(words, i32x4.splat(1), w);
    compress(scratch, w);
    finish(scratch, table, words + 15 * 16, w);
    storeDigests(scratch, out + (i << 5), min<usize>(4, pairs - i));
  }
  if (count & 1) memory.copy(out + (pairs << 5), below + ((count - 1) << 5), 32);
}

/** Root of `count` digests at `digests`, which are overwritten; left at the first. */
function foldDigests(digests: usize, count: usize, table: usize, scratch: usize): void {
  for (; count > 1; count = (count + 1) >> 1) hashNodes(digests, count, table, digests, scratch);
}

/**
 * Words: 2 x, 3 dtype, 4 rows, 5 columns, 6 tables, 7 out, 8 subtrees of the call before this value's, 9 of the whole call. Root
 * of subtree s goes to out + 32 s. The team shares the subtrees of all values, so that many small values come out even.
 */
export function hashSubtreesCommand(w: usize, thread: u32, threads: u32, scratch: usize): void {
  const x = word(w, 2), dtype = word(w, 3), columns = word(w, 5), tables = word(w, 6), before = word(w, 8);
  const leaves = word(w, 4) * ((columns + 31) >> 5);
  const digests = scratch + tensorHashScratchBytes() - SUBTREE * 32;
  const last = min(before + (leaves + SUBTREE - 1) / SUBTREE, shareFirst(word(w, 9), thread + 1, threads));
  for (let s = max(before, shareFirst(word(w, 9), thread, threads)); s < last; s++) {
    const first = (s - before) * SUBTREE;
    const end = min(leaves, first + SUBTREE);
    hashLeaves(x, columns, dtype, first, end, tables, digests, scratch);
    foldDigests(digests, end - first, tables + TABLE_BYTES, scratch);
    memory.copy(word(w, 7) + ((s - before) << 5), digests, 32);
  }
}

/** Words: 2 tables, 3 trees, then per tree: address of its subtrees' roots, how many. Each tree's root goes to the first. */
export function hashTopsCommand(w: usize, thread: u32, threads: u32, scratch: usize): void {
  const last = shareFirst(word(w, 3), thread + 1, threads);
  for (let t = shareFirst(word(w, 3), thread, threads); t < last; t++) {
    foldDigests(word(w, 4 + 2 * t), word(w, 5 + 2 * t), word(w, 2) + TABLE_BYTES, scratch);
  }
}
