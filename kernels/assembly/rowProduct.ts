// Matmul with one row of A: what decoding a token is made of. Nothing is packed on the way; B streams through once.
// The order of every sum is that of product.ts.
import { canonical, storeCanonicalPair, storePair } from "./lanes";
import { PANEL } from "./panels";

/** Stores the first `count` lanes. */
@inline
function storeLanes(to: usize, x: v128, count: usize): void {
  store<f32>(to, f32x4.extract_lane(x, 0));
  if (count > 1) store<f32>(to, f32x4.extract_lane(x, 1), 4);
  if (count > 2) store<f32>(to, f32x4.extract_lane(x, 2), 8);
  if (count > 3) store<f32>(to, f32x4.extract_lane(x, 3), 12);
}

@inline
function storePanel(to: usize, lo: v128, hi: v128, columns: usize): void {
  if (columns >= PANEL) {
    storeCanonicalPair(to, lo, hi);
  } else if (columns > 4) {
    v128.store(to, canonical(lo));
    storeLanes(to + 16, canonical(hi), columns - 4);
  } else storeLanes(to, canonical(lo), columns);
}

/** Panels p0 ≤ p < p1 of out[1,N] with B packed; four panels at a time are four streams. */
export function rowTimesPanels(a: usize, b: usize, out: usize, N: usize, K: usize, p0: usize, p1: usize): void {
  const bytes = K * PANEL * 4;
  let p = p0;
  for (; p + 4 <= p1; p += 4) {
    let q = b + p * bytes;
    let c0 = f32x4.splat(0), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0;
    for (let x = a; x < a + (K << 2); x += 4) {
      const s = v128.load32_splat(x);
      c0 = f32x4.add(c0, f32x4.mul(s, v128.load(q)));
      c1 = f32x4.add(c1, f32x4.mul(s, v128.load(q, 16)));
      c2 = f32x4.add(c2, f32x4.mul(s, v128.load(q + bytes)));
      c3 = f32x4.add(c3, f32x4.mul(s, v128.load(q + bytes, 16)));
      c4 = f32x4.add(c4, f32x4.mul(s, v128.load(q + 2 * bytes)));
      c5 = f32x4.add(c5, f32x4.mul(s, v128.load(q + 2 * bytes, 16)));
      c6 = f32x4.add(c6, f32x4.mul(s, v128.load(q + 3 * bytes)));
      c7 = f32x4.add(c7, f32x4.mul(s, v128.load(q + 3 * bytes, 16)));
      q += PANEL * 4;
    }
    const j = p * PANEL;
    storePanel(out + (j << 2), c0, c1, PANEL);
    storePanel(out + (j << 2) + 32, c2, c3, PANEL);
    storePanel(out + (j << 2) + 64, c4, c5, PANEL);
    storePanel(out + (j << 2) + 96, c6, c7, N - j - 24);
  }
  for (; p < p1; p++) {
    let q = b + p * bytes;
    let c0 = f32x4.splat(0), c1 = c0;
    for (let x = a; x < a + (K << 2); x += 4) {
      const s = v128.load32_splat(x);
      c0 = f32x4.add(c0, f32x4.mul(s, v128.load(q)));
      c1 = f32x4.add(c1, f32x4.mul(s, v128.load(q, 16)));
      q += PANEL * 4;
    }
    storePanel(out + ((p * PANEL) << 2), c0, c1, N - p * PANEL);
  }
}

/** Columns of four terms of four rows of B, in lanes; adds the four products in order. */
@inline
function fourTerms(acc: v128, x: usize, b: usize, stride: usize): v128 {
  const r0 = v128.load(b), r1 = v128.load(b + stride), r2 = v128.load(b + 2 * stride), r3 = v128.load(b + 3 * stride);
  const s = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5), t = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
  const u = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7), v = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  acc = f32x4.add(acc, f32x4.mul(v128.load32_splat(x), v128.shuffle<i64>(s, t, 0, 2)));
  acc = f32x4.add(acc, f32x4.mul(v128.load32_splat(x, 4), v128.shuffle<i64>(s, t, 1, 3)));
  acc = f32x4.add(acc, f32x4.mul(v128.load32_splat(x, 8), v128.shuffle<i64>(u, v, 0, 2)));
  return f32x4.add(acc, f32x4.mul(v128.load32_splat(x, 12), v128.shuffle<i64>(u, v, 1, 3)));
}

@inline
function canonicalScalar(x: f32): f32 {
  return x == x ? x : reinterpret<f32>(0x7fc00000);
}

/** Columns j0 ≤ j < j1 of out[1,N] with B stored as rows, `stride` bytes apart. */
export function rowTimesRows(a: usize, b: usize, stride: usize, out: usize, K: usize, j0: usize, j1: usize): void {
  const end = a + ((K & ~3) << 2);
  const rest = K & 3;
  let j = j0;
  for (; j + 8 <= j1; j += 8) {
    let q = b + j * stride;
    let c0 = f32x4.splat(0), c1 = c0;
    for (let x = a; x < end; x += 16) {
      c0 = fourTerms(c0, x, q, stride);
      c1 = fourTerms(c1, x, q + 4 * stride, stride);
      q += 16;
    }
    const to = out + (j << 2);
    storePair(to, c0, c1);
    for (let i: usize = 0; i < 8; i++) {
      let acc = load<f32>(to + (i << 2));
      for (let k: usize = 0; k < rest; k++) acc += load<f32>(end + (k << 2)) * load<f32>(q + i * stride + (k << 2));
      store<f32>(to + (i << 2), canonicalScalar(acc));
    }
  }
  for (; j < j1; j++) {
    const q = b + j * stride;
    let acc: f32 = 0;
    for (let k: usize = 0; k < K << 2; k += 4) acc += load<f32>(a + k) * load<f32>(q + k);
    store<f32>(out + (j << 2), canonicalScalar(acc));
  }
}

/** Columns j0 ≤ j < j1 of out[1,N] with B stored as columns: `stride` bytes from one k to the next. */
export function rowTimesColumns(a: usize, b: usize, stride: usize, out: usize, K: usize, j0: usize, j1: usize): void {
  const end = a + (K << 2);
  let j = j0;
  for (; j + 16 <= j1; j += 16) {
    let q = b + (j << 2);
    let c0 = f32x4.splat(0), c1 = c0, c2 = c0, c3 = c0;
    for (let x = a; x < end; x += 4) {
      const s = v128.load32_splat(x);
      c0 = f32x4.add(c0, f32x4.mul(s, v128.load(q)));
      c1 = f32x4.add(c1, f32x4.mul(s, v128.load(q, 16)));
      c2 = f32x4.add(c2, f32x4.mul(s, v128.load(q, 32)));
      c3 = f32x4.add(c3, f32x4.mul(s, v128.load(q, 48)));
      q += stride;
    }
    storePanel(out + (j << 2), c0, c1, PANEL);
    storePanel(out + (j << 2) + 32, c2, c3, PANEL);
  }
  for (; j < j1; j++) {
    let q = b + (j << 2);
    let acc: f32 = 0;
    for (let x = a; x < end; x += 4) {
      acc += load<f32>(x) * load<f32>(q);
      q += stride;
    }
    store<f32>(out + (j << 2), canonicalScalar(acc));
  }
}
