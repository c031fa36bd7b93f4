// Sums and maxima along contiguous rows (spec/tensor.md §3.4). Each row is folded in index order; eight rows at a time, one
// row per SIMD lane after 4x4 transposes, so that no sum waits for itself alone.
import { canonical, storeCanonicalPair } from "./lanes";

/** One step of either fold: `acc + x`, or `acc < x ? x : acc`. */
@inline
function fold(max: bool, acc: v128, x: v128): v128 {
  return max ? f32x4.pmax(acc, x) : f32x4.add(acc, x);
}

@inline
function foldScalar(max: bool, acc: f32, x: f32): f32 {
  return max ? (acc < x ? x : acc) : acc + x;
}

/** Folds four columns of four rows at `p`, `stride` bytes apart. */
@inline
function foldTile(max: bool, acc: v128, p: usize, stride: usize): v128 {
  const r0 = v128.load(p), r1 = v128.load(p + stride), r2 = v128.load(p + 2 * stride), r3 = v128.load(p + 3 * stride);
  const a = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5), b = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
  const c = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7), d = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  acc = fold(max, fold(max, acc, v128.shuffle<i64>(a, b, 0, 2)), v128.shuffle<i64>(a, b, 1, 3));
  return fold(max, fold(max, acc, v128.shuffle<i64>(c, d, 0, 2)), v128.shuffle<i64>(c, d, 1, 3));
}

/** The word at `p` of four rows. */
@inline
function column(p: usize, stride: usize): v128 {
  let x = v128.load32_splat(p);
  x = v128.load_lane<u32>(p + stride, x, 1);
  x = v128.load_lane<u32>(p + 2 * stride, x, 2);
  return v128.load_lane<u32>(p + 3 * stride, x, 3);
}

/** The word at `p` of four rows that have four; the shape of a tile's first step. */
@inline
function firstColumn(p: usize, stride: usize): v128 {
  const a = v128.shuffle<i32>(v128.load(p), v128.load(p + stride), 0, 4, 1, 5);
  return v128.shuffle<i64>(a, v128.shuffle<i32>(v128.load(p + 2 * stride), v128.load(p + 3 * stride), 0, 4, 1, 5), 0, 2);
}

/** Goes on with a row's fold, kept at `out`, over the bytes from `first` to `last`. */
function foldRest(max: bool, row: usize, first: usize, last: usize, out: usize): void {
  let acc = load<f32>(out);
  for (let p = first; p < last; p += 4) acc = foldScalar(max, acc, load<f32>(row + p));
  store<f32>(out, acc == acc ? acc : reinterpret<f32>(0x7fc00000));
}

@inline
function foldRows(max: bool, x: usize, stride: usize, rows: usize, columns: usize, out: usize): void {
  const whole = x + ((columns & ~3) << 2);
  const end = x + (columns << 2);
  let i: usize = 0;
  for (; i + 8 <= rows && columns >= 4; i += 8) {
    const offset = i * stride;
    const half = stride << 2;
    // A maximum begins with the first column, which it meets again: the same once more.
    let acc = max ? firstColumn(x + offset, stride) : f32x4.splat(0);
    let bcc = max ? firstColumn(x + offset + half, stride) : f32x4.splat(0);
    for (let p = x; p < whole; p += 16) {
      acc = foldTile(max, acc, p + offset, stride);
      bcc = foldTile(max, bcc, p + offset + half, stride);
    }
    const to = out + (i << 2);
    storeCanonicalPair(to, acc, bcc);
    for (let r: usize = 0; whole < end && r < 8; r++) foldRest(max, x + offset + r * stride, whole - x, end - x, to + (r << 2));
  }
  for (; i + 4 <= rows; i += 4) {
    const offset = i * stride;
    let acc = max ? column(x + offset, stride) : f32x4.splat(0);
    let p = x;
    for (; p < whole; p += 16) acc = foldTile(max, acc, p + offset, stride);
    for (; p < end; p += 4) acc = fold(max, acc, column(p + offset, stride));
    v128.store(out + (i << 2), canonical(acc));
  }
  for (; i < rows; i++) {
    const row = x + i * stride;
    let acc: f32 = max ? load<f32>(row) : 0;
    for (let p: usize = 0; p < columns << 2; p += 4) acc = foldScalar(max, acc, load<f32>(row + p));
    store<f32>(out + (i << 2), acc == acc ? acc : reinterpret<f32>(0x7fc00000));
  }
}

/** out[i] = sum of row i: +0, then acc + x in order. `stride` bytes between rows. */
export function sumAlongRows(x: usize, stride: usize, rows: usize, columns: usize, out: usize): void {
  foldRows(false, x, stride, rows, columns, out);
}

/** out[i] = maximum of row i: the first, then acc < x ? x : acc in order. */
export function maxAlongRows(x: usize, stride: usize, rows: usize, columns: usize, out: usize): void {
  foldRows(true, x, stride, rows, columns, out);
}
