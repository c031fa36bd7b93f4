// The reduce command: sum or maximum along one axis of a tensor seen as [outer, size, inner] (spec/tensor.md §3.4).
import { canonical, storeCanonicalPair } from "./lanes";
import { maxAlongRows, sumAlongRows } from "./rowReductions";
import { shareFirst, word } from "./words";

@inline
function fold(max: bool, acc: v128, x: v128): v128 {
  return max ? f32x4.pmax(acc, x) : f32x4.add(acc, x);
}

/** Columns c0 ≤ c < c1 of one [size, inner] matrix, folded down; one column per lane, four vectors at a time. */
@inline
function foldDown(max: bool, x: usize, size: usize, inner: usize, c0: usize, c1: usize, out: usize): void {
  const stride = inner << 2;
  const end = x + size * stride;
  let c = c0;
  for (; c + 16 <= c1; c += 16) {
    let p = x + (c << 2);
    let r0 = f32x4.splat(0), r1 = r0, r2 = r0, r3 = r0;
    if (max) {
      r0 = v128.load(p); r1 = v128.load(p, 16); r2 = v128.load(p, 32); r3 = v128.load(p, 48);
    }
    for (; p < end; p += stride) {
      r0 = fold(max, r0, v128.load(p));
      r1 = fold(max, r1, v128.load(p, 16));
      r2 = fold(max, r2, v128.load(p, 32));
      r3 = fold(max, r3, v128.load(p, 48));
    }
    const to = out + (c << 2);
    storeCanonicalPair(to, r0, r1);
    storeCanonicalPair(to + 32, r2, r3);
  }
  for (; c + 4 <= c1; c += 4) {
    let p = x + (c << 2);
    let r = max ? v128.load(p) : f32x4.splat(0);
    for (; p < end; p += stride) r = fold(max, r, v128.load(p));
    v128.store(out + (c << 2), canonical(r));
  }
  for (; c < c1; c++) {
    let p = x + (c << 2);
    let r: f32 = max ? load<f32>(p) : 0;
    for (; p < end; p += stride) {
      const v = load<f32>(p);
      r = max ? (r < v ? v : r) : r + v;
    }
    store<f32>(out + (c << 2), r == r ? r : reinterpret<f32>(0x7fc00000));
  }
}

/** Words: 2 x, 3 out, 4 outer, 5 size, 6 inner, 7 max (0 or 1). */
export function reduceCommand(w: usize, thread: u32, threads: u32): void {
  const x = word(w, 2), out = word(w, 3), outer = word(w, 4), size = word(w, 5), inner = word(w, 6);
  const max = word(w, 7) != 0;
  if (inner == 1) {
    const unit: usize = 8;
    const units = (outer + unit - 1) / unit;
    const r0 = shareFirst(units, thread, threads) * unit;
    const r1 = min(outer, shareFirst(units, thread + 1, threads) * unit);
    if (r0 >= r1) return;
    const stride = size << 2;
    if (max) maxAlongRows(x + r0 * stride, stride, r1 - r0, size, out + (r0 << 2));
    else sumAlongRows(x + r0 * stride, stride, r1 - r0, size, out + (r0 << 2));
    return;
  }
  // Units of 16 columns of one matrix.
  const perMatrix = (inner + 15) >> 4;
  const last = shareFirst(outer * perMatrix, thread + 1, threads);
  for (let u = shareFirst(outer * perMatrix, thread, threads); u < last; ) {
    const matrix = u / perMatrix;
    const first = u - matrix * perMatrix;
    const units = min(perMatrix - first, last - u);
    const c0 = first << 4, c1 = min(inner, (first + units) << 4);
    const from = x + ((matrix * size * inner) << 2), to = out + ((matrix * inner) << 2);
    if (max) foldDown(true, from, size, inner, c0, c1, to);
    else foldDown(false, from, size, inner, c0, c1, to);
    u += units;
  }
}
