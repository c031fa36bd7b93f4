// Commands of inference with cached keys and values (spec/inference.md §2): rows of a packed table, rows into a cache, and one
// row's attention over what its sequence has cached. Rows of a batch are independent; each names its sequence's slot and its
// position there. A cache holds per slot and key head: keys as panels of 8 positions ([capacity/8][depth][8]: scores are a
// product with packed operands), values as rows ([capacity][depth]).
// The order of every sum and every rounding is that of the attention composite (spec/tensor.md §3.7) over positions 0 … own.
import { failCommand } from "./failure";
import { expPair, storeCanonicalPair, storePair } from "./lanes";
import { PANEL } from "./panels";
import { panelBlocks } from "./productBlocks";
import { rowTimesPanels } from "./rowProduct";
import { maxAlongRows, sumAlongRows } from "./rowReductions";
import { shareFirst, word } from "./words";

/** Heads whose maxima and sums run side by side, one per lane. */
const TOGETHER: usize = 4;
/** Bytes of scratch for the maxima and sums of as many heads. */
const FOLDS: usize = 64;

/** Words: 2 table (packed), 3 index, 4 out, 5 rows of the table, 6 columns, 7 indices. Index -1 gives +0. */
export function gatherPanelsCommand(w: usize, thread: u32, threads: u32, plan: usize, control: usize): void {
  const index = word(w, 3), rows = word(w, 5), columns = word(w, 6);
  const last = shareFirst(word(w, 7), thread + 1, threads);
  for (let i = shareFirst(word(w, 7), thread, threads); i < last; i++) {
    const row = load<i32>(index + (i << 2));
    let to = word(w, 4) + ((i * columns) << 2);
    if (row == -1) memory.fill(to, 0, columns << 2);
    else if (row < 0 || <usize>row >= rows) failCommand(control, plan, w);
    else {
      let from = word(w, 2) + ((<usize>row / PANEL) * columns * PANEL + (<usize>row % PANEL)) * 4;
      for (const end = to + (columns << 2); to < end; to += 4, from += PANEL * 4) store<u32>(to, load<u32>(from));
    }
  }
}

/** Offset in elements of a slot's key head in either cache. */
@inline
function headPlace(w: usize, slot: usize, head: usize): usize {
  return (slot * word(w, 9) + head) * word(w, 10) * word(w, 11);
}

/** True for a row that counts; a position or slot out of range fails the command. */
@inline
function rowCounts(w: usize, row: usize, plan: usize, control: usize): bool {
  const position = load<i32>(word(w, 5) + (row << 2)), slot = load<i32>(word(w, 4) + (row << 2));
  if (position == -1) return false;
  const inside = position >= 0 && <usize>position < word(w, 10) && slot >= 0 && <usize>slot < word(w, 12);
  if (!inside) failCommand(control, plan, w);
  return inside;
}

/**
 * Words: 2 keys, 3 values [rows, key heads, depth], 4 slots, 5 positions, 6 cached keys, 7 cached values, 8 rows, 9 key heads,
 * 10 capacity, 11 depth, 12 number of slots, 13 bytes between rows of the keys, 14 of the values. Position -1: no row.
 */
export function cacheRowsCommand(w: usize, thread: u32, threads: u32, plan: usize, control: usize): void {
  const heads = word(w, 9), depth = word(w, 11);
  const last = shareFirst(word(w, 8) * heads, thread + 1, threads);
  for (let u = shareFirst(word(w, 8) * heads, thread, threads); u < last; u++) {
    const row = u / heads, head = u % heads;
    if (!rowCounts(w, row, plan, control)) continue;
    const position = <usize>load<i32>(word(w, 5) + (row << 2));
    const place = headPlace(w, <usize>load<i32>(word(w, 4) + (row << 2)), head);
    memory.copy(word(w, 7) + ((place + position * depth) << 2), word(w, 3) + row * word(w, 14) + ((head * depth) << 2), depth << 2);
    let from = word(w, 2) + row * word(w, 13) + ((head * depth) << 2);
    let to = word(w, 6) + ((place + (position / PANEL) * depth * PANEL + position % PANEL) << 2);
    for (const end = from + (depth << 2); from < end; from += 4, to += PANEL * 4) store<u32>(to, load<u32>(from));
  }
}

/** x = exp(x - m) over 8 elements at a time; what follows the last one is scratch too. */
export function shiftedPowers(x: usize, m: f32, count: usize): void {
  const shift = f32x4.splat(m);
  for (const end = x + (count << 2); x < end; x += 32) {
    storePair(x, f32x4.sub(v128.load(x), shift), f32x4.sub(v128.load(x, 16), shift));
    expPair(x, x);
  }
}

/** x = x · s, 8 elements at a time. */
export function scaleRow(x: usize, s: f32, count: usize): void {
  const factor = f32x4.splat(s);
  for (const end = x + (count << 2); x < end; x += 32) {
    storePair(x, f32x4.mul(v128.load(x), factor), f32x4.mul(v128.load(x, 16), factor));
  }
}

/** out[c] = sum over j < count of p[j]·v[j,c], c < depth, in order; `v` rows lie `depth` elements apart. */
export function mixValues(p: usize, v: usize, depth: usize, count: usize, out: usize): void {
  const end = p + (count << 2), stride = depth << 2;
  let c: usize = 0;
  for (; c + 32 <= depth; c += 32) {
    let q = v + (c << 2);
    let c0 = f32x4.splat(0), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0;
    for (let x = p; x < end; x += 4, q += stride) {
      const s = v128.load32_splat(x);
      c0 = f32x4.add(c0, f32x4.mul(s, v128.load(q)));
      c1 = f32x4.add(c1, f32x4.mul(s, v128.load(q, 16)));
      c2 = f32x4.add(c2, f32x4.mul(s, v128.load(q, 32)));
      c3 = f32x4.add(c3, f32x4.mul(s, v128.load(q, 48)));
      c4 = f32x4.add(c4, f32x4.mul(s, v128.load(q, 64)));
      c5 = f32x4.add(c5, f32x4.mul(s, v128.load(q, 80)));
      c6 = f32x4.add(c6, f32x4.mul(s, v128.load(q, 96)));
      c7 = f32x4.add(c7, f32x4.mul(s, v128.load(q, 112)));
    }
    const to = out + (c << 2);
    storeCanonicalPair(to, c0, c1);
    storeCanonicalPair(to + 32, c2, c3);
    storeCanonicalPair(to + 64, c4, c5);
    storeCanonicalPair(to + 96, c6, c7);
  }
  for (; c + 8 <= depth; c += 8) {
    let q = v + (c << 2);
    let c0 = f32x4.splat(0), c1 = c0;
    for (let x = p; x < end; x += 4, q += stride) {
      const s = v128.load32_splat(x);
      c0 = f32x4.add(c0, f32x4.mul(s, v128.load(q)));
      c1 = f32x4.add(c1, f32x4.mul(s, v128.load(q, 16)));
    }
    storeCanonicalPair(out + (c << 2), c0, c1);
  }
  for (; c < depth; c++) {
    let q = v + (c << 2);
    let acc: f32 = 0;
    for (let x = p; x < end; x += 4, q += stride) acc += load<f32>(x) * load<f32>(q);
    store<f32>(out + (c << 2), acc == acc ? acc : reinterpret<f32>(0x7fc00000));
  }
}

/** Heads h0 ≤ h < h1 of one row: scores, softmax, mixed values. */
function attendHeads(w: usize, row: usize, h0: usize, h1: usize, scratch: usize): void {
  const depth = word(w, 11), heads = word(w, 13), group = heads / word(w, 9);
  const slot = <usize>load<i32>(word(w, 4) + (row << 2));
  const count = <usize>load<i32>(word(w, 5) + (row << 2)) + 1;
  const stride = (word(w, 10) << 2) + 32;
  const maxima = scratch, sums = scratch + FOLDS / 2, scores = scratch + FOLDS;
  const many = h1 - h0;
  for (let h = h0; h < h1; h++) {
    const q = word(w, 2) + (((row * heads + h) * depth) << 2);
    const keys = word(w, 6) + (headPlace(w, slot, h / group) << 2);
    rowTimesPanels(q, keys, scores + (h - h0) * stride, count, depth, 0, (count + PANEL - 1) / PANEL);
  }
  maxAlongRows(scores, stride, many, count, maxima);
  for (let i: usize = 0; i < many; i++) shiftedPowers(scores + i * stride, load<f32>(maxima + (i << 2)), count);
  sumAlongRows(scores, stride, many, count, sums);
  for (let h = h0; h < h1; h++) {
    const p = scores + (h - h0) * stride;
    scaleRow(p, <f32>1 / load<f32>(sums + ((h - h0) << 2)), count);
    const values = word(w, 7) + (headPlace(w, slot, h / group) << 2);
    mixValues(p, values, depth, count, word(w, 3) + (((row * heads + h) * depth) << 2));
  }
}

/** The same for four rows `pStride` bytes apart, which share the first `count` values; 8 columns at a time. */
export function mixValuesOfBlock(
  p: usize, pStride: usize, v: usize, depth: usize, count: usize, out: usize, outStride: usize,
): void {
  const end = p + (count << 2), stride = depth << 2;
  for (let c: usize = 0; c < stride; c += 32) {
    let q = v + c;
    let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
    for (let x = p; x < end; x += 4, q += stride) {
      const v0 = v128.load(q), v1 = v128.load(q, 16);
      let s = v128.load32_splat(x);
      c00 = f32x4.add(c00, f32x4.mul(s, v0)); c01 = f32x4.add(c01, f32x4.mul(s, v1));
      s = v128.load32_splat(x + pStride);
      c10 = f32x4.add(c10, f32x4.mul(s, v0)); c11 = f32x4.add(c11, f32x4.mul(s, v1));
      s = v128.load32_splat(x + 2 * pStride);
      c20 = f32x4.add(c20, f32x4.mul(s, v0)); c21 = f32x4.add(c21, f32x4.mul(s, v1));
      s = v128.load32_splat(x + 3 * pStride);
      c30 = f32x4.add(c30, f32x4.mul(s, v0)); c31 = f32x4.add(c31, f32x4.mul(s, v1));
    }
    let to = out + c;
    storeCanonicalPair(to, c00, c01);
    to += outStride;
    storeCanonicalPair(to, c10, c11);
    to += outStride;
    storeCanonicalPair(to, c20, c21);
    to += outStride;
    storeCanonicalPair(to, c30, c31);
  }
}

/** out += p·v, one more term of each sum; depth is a multiple of 8. */
function mixOneMore(p: usize, v: usize, depth: usize, out: usize): void {
  const s = v128.load32_splat(p);
  for (const end = v + (depth << 2); v < end; v += 32, out += 32) {
    storeCanonicalPair(
      out, f32x4.add(v128.load(out), f32x4.mul(s, v128.load(v))), f32x4.add(v128.load(out, 16), f32x4.mul(s, v128.load(v, 16))),
    );
  }
}

/**
 * One head of four rows at consecutive positions of a slot: a part of a prompt. Each row's scores past its own position are
 * -inf, which change neither its maximum nor, as powers of +0, its sum; they aren't among its products with the values.
 */
function attendBlock(w: usize, row: usize, head: usize, scratch: usize): void {
  const depth = word(w, 11), heads = word(w, 13);
  const first = <usize>load<i32>(word(w, 5) + (row << 2)), count = first + TOGETHER;
  const place = headPlace(w, <usize>load<i32>(word(w, 4) + (row << 2)), head / (heads / word(w, 9))) << 2;
  const stride = (word(w, 10) << 2) + 32, rowStride = (heads * depth) << 2;
  const maxima = scratch, sums = scratch + FOLDS / 2, scores = scratch + FOLDS;
  const q = word(w, 2) + row * rowStride + ((head * depth) << 2), out = word(w, 3) + row * rowStride + ((head * depth) << 2);
  for (let p: usize = 0; p < count; p += PANEL) {
    panelBlocks(q, rowStride, 1, word(w, 6) + place + ((p * depth) << 2), depth, scores + (p << 2), stride, true);
  }
  for (let i: usize = 0; i < TOGETHER; i++) {
    for (let p = first + i + 1; p < count; p++) store<f32>(scores + i * stride + (p << 2), -Infinity);
  }
  maxAlongRows(scores, stride, TOGETHER, count, maxima);
  for (let i: usize = 0; i < TOGETHER; i++) shiftedPowers(scores + i * stride, load<f32>(maxima + (i << 2)), count);
  sumAlongRows(scores, stride, TOGETHER, count, sums);
  for (let i: usize = 0; i < TOGETHER; i++) scaleRow(scores + i * stride, <f32>1 / load<f32>(sums + (i << 2)), count);
  const values = word(w, 7) + place;
  mixValuesOfBlock(scores, stride, values, depth, first + 1, out, rowStride);
  for (let i: usize = 1; i < TOGETHER; i++) {
    for (let p = first + 1; p <= first + i; p++) {
      mixOneMore(scores + i * stride + (p << 2), values + ((p * depth) << 2), depth, out + i * rowStride);
    }
  }
}

/** True when four rows from `row` on, all of them there, are consecutive positions of one slot. */
function isBlock(w: usize, row: usize): bool {
  if (row + TOGETHER > word(w, 8) || word(w, 11) % PANEL != 0) return false;
  const slots = word(w, 4) + (row << 2), positions = word(w, 5) + (row << 2);
  const first = load<i32>(positions);
  if (first < 0) return false;
  for (let i: usize = 1; i < TOGETHER; i++) {
    if (load<i32>(slots + (i << 2)) != load<i32>(slots) || load<i32>(positions + (i << 2)) != first + <i32>i) return false;
  }
  return true;
}

/**
 * Words: 2 q [rows, heads, depth], 3 out, like q, 4 slots, 5 positions, 6 cached keys, 7 cached values, 8 rows, 9 key heads,
 * 10 capacity, 11 depth, 12 number of slots, 13 heads. Position -1 leaves out's row as it is. A unit is four heads of a row;
 * of a block of four rows it is one head of them all.
 */
export function attendCommand(w: usize, thread: u32, threads: u32, scratch: usize, plan: usize, control: usize): void {
  const heads = word(w, 13);
  const perRow = (heads + TOGETHER - 1) / TOGETHER;
  const last = shareFirst(word(w, 8) * perRow, thread + 1, threads);
  for (let u = shareFirst(word(w, 8) * perRow, thread, threads); u < last; u++) {
    const row = u / perRow, h0 = (u % perRow) * TOGETHER;
    const inBlock = row % TOGETHER, blockRow = row - inBlock;
    if (!isBlock(w, blockRow)) {
      if (rowCounts(w, row, plan, control)) attendHeads(w, row, h0, min(h0 + TOGETHER, heads), scratch);
    } else if (rowCounts(w, blockRow + TOGETHER - 1, plan, control) && h0 + inBlock < heads) {
      attendBlock(w, blockRow, h0 + inBlock, scratch);
    }
  }
}
