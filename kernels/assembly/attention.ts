// Commands of inference with cached keys and values (spec/inference.md §2): rows of a packed table, rows into a cache, and one
// row's attention over what its sequence has cached. Rows of a batch are independent; each names its sequence's slot and its
// position there. A cache holds per slot and key head: keys as panels of 8 positions ([capacity/8][depth][8]: scores are a
// product with packed operands), values as rows ([capacity][depth]).
// The order of every sum and every rounding is that of the attention composite (spec/tensor.md §3.7) over positions 0 … own.
import { failCommand } from "./failure";
import { expPair, storeCanonicalPair, storePair } from "./lanes";
import { PANEL } from "./panels";
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

/**
 * Words: 2 q [rows, heads, depth], 3 out, like q, 4 slots, 5 positions, 6 cached keys, 7 cached values, 8 rows, 9 key heads,
 * 10 capacity, 11 depth, 12 number of slots, 13 heads. Position -1 leaves out's row as it is.
 */
export function attendCommand(w: usize, thread: u32, threads: u32, scratch: usize, plan: usize, control: usize): void {
  const heads = word(w, 13);
  const perRow = (heads + TOGETHER - 1) / TOGETHER;
  const last = shareFirst(word(w, 8) * perRow, thread + 1, threads);
  for (let u = shareFirst(word(w, 8) * perRow, thread, threads); u < last; u++) {
    const row = u / perRow, h0 = (u % perRow) * TOGETHER;
    if (rowCounts(w, row, plan, control)) attendHeads(w, row, h0, min(h0 + TOGETHER, heads), scratch);
  }
}
