// The inner loops of matmul (spec/tensor.md §3.1): blocks of rows of A by one panel of B, by two or by three. Each output is +0, then
// acc + a*b for k in order, one output per SIMD lane, so all give the same bits.
//
// The wide loops (panelPairBlocks, panelTripleBlocks) are shaped for an engine that fuses neighbouring vectors into one of 256
// bits: vectors come in pairs of neighbours in memory, the higher is stored first. What limits them is the number of instructions:
// - Between the steps of k stands the test `blocks == 0`, never true there. Without it the AssemblyScript optimiser joins all terms of a
//   sum, and the vectors of B that wait for the next sum no longer fit into registers. V8 knows the answer and leaves the test out.
// - V8 adds the offset of a splat to its base in an instruction of its own, in every step, unless it did before the loop (readAhead).
import { canonical } from "./lanes";
import { PANEL } from "./panels";

/** What sums begin with: as many as a row of the widest block has. */
export const ZEROS = memory.data<u32>([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
/** Terms of a turn of the wide loops: their `depth` is a multiple. */
export const TURN: usize = 4;

@inline
function term(acc: v128, x: v128, b: v128): v128 {
  return f32x4.add(acc, f32x4.mul(x, b));
}

@inline
function sum3(a: v128, b: v128, c: v128): v128 {
  return f32x4.add(f32x4.add(a, b), c);
}

@inline
function sum4(a: v128, b: v128, c: v128, d: v128): v128 {
  return f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
}

/** Reads `sink` at the offsets of a turn, for the addresses that this leaves in registers. */
@inline
function readAhead(sink: usize): void {
  v128.store(sink, v128.load32_splat(sink, 4));
  v128.store(sink, v128.load32_splat(sink, 8));
  v128.store(sink, v128.load32_splat(sink, 12));
}

/** Whether a NaN is in the pair `low`, `high`. By way of memory: half a pair used alone would be taken out of it in every step of k. */
@inline
function hasNaN(low: v128, high: v128, sink: usize): bool {
  v128.store(sink, high, 16);
  v128.store(sink, low);
  const total = f32x4.add(v128.load(sink), v128.load(sink, 16));
  return v128.any_true(f32x4.ne(total, total));
}

/** Makes the NaNs of `rows` stored rows of `bytes` canonical. */
@inline
function canonicalRows(out: usize, stride: usize, rows: usize, bytes: usize): void {
  for (const end = out + rows * stride; out < end; out += stride) {
    for (let j: usize = 0; j < bytes; j += 16) v128.store(out + j, canonical(v128.load(out + j)));
  }
}

/**
 * One panel's eight output columns for `blocks` times four rows. `a` is row-major with `aStride` bytes between rows; `depth`
 * terms; when not `first`, the sums go on from what `out` holds.
 */
export function panelBlocks(
  a: usize, aStride: usize, blocks: usize, panel: usize, depth: usize, out: usize, outStride: usize, first: bool,
): void {
  const pairs = panel + (depth >> 1) * (PANEL * 8);
  const next = 4 * aStride - (depth << 2);
  let a0 = a, a1 = a + aStride, a2 = a + 2 * aStride, a3 = a + 3 * aStride;
  let o0 = out, o1 = out + outStride, o2 = out + 2 * outStride, o3 = out + 3 * outStride;
  for (; blocks > 0; blocks--) {
    let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
    if (!first) {
      c00 = v128.load(o0); c01 = v128.load(o0, 16); c10 = v128.load(o1); c11 = v128.load(o1, 16);
      c20 = v128.load(o2); c21 = v128.load(o2, 16); c30 = v128.load(o3); c31 = v128.load(o3, 16);
    }
    let p = panel;
    while (p < pairs) {
      const b0 = v128.load(p), b1 = v128.load(p, 16), d0 = v128.load(p, 32), d1 = v128.load(p, 48);
      let x = v128.load32_splat(a0), y = v128.load32_splat(a0, 4);
      c00 = f32x4.add(f32x4.add(c00, f32x4.mul(x, b0)), f32x4.mul(y, d0));
      c01 = f32x4.add(f32x4.add(c01, f32x4.mul(x, b1)), f32x4.mul(y, d1));
      x = v128.load32_splat(a1); y = v128.load32_splat(a1, 4);
      c10 = f32x4.add(f32x4.add(c10, f32x4.mul(x, b0)), f32x4.mul(y, d0));
      c11 = f32x4.add(f32x4.add(c11, f32x4.mul(x, b1)), f32x4.mul(y, d1));
      x = v128.load32_splat(a2); y = v128.load32_splat(a2, 4);
      c20 = f32x4.add(f32x4.add(c20, f32x4.mul(x, b0)), f32x4.mul(y, d0));
      c21 = f32x4.add(f32x4.add(c21, f32x4.mul(x, b1)), f32x4.mul(y, d1));
      x = v128.load32_splat(a3); y = v128.load32_splat(a3, 4);
      c30 = f32x4.add(f32x4.add(c30, f32x4.mul(x, b0)), f32x4.mul(y, d0));
      c31 = f32x4.add(f32x4.add(c31, f32x4.mul(x, b1)), f32x4.mul(y, d1));
      a0 += 8; a1 += 8; a2 += 8; a3 += 8;
      p += PANEL * 8;
    }
    if (depth & 1) {
      const b0 = v128.load(p), b1 = v128.load(p, 16);
      let x = v128.load32_splat(a0);
      c00 = f32x4.add(c00, f32x4.mul(x, b0)); c01 = f32x4.add(c01, f32x4.mul(x, b1));
      x = v128.load32_splat(a1);
      c10 = f32x4.add(c10, f32x4.mul(x, b0)); c11 = f32x4.add(c11, f32x4.mul(x, b1));
      x = v128.load32_splat(a2);
      c20 = f32x4.add(c20, f32x4.mul(x, b0)); c21 = f32x4.add(c21, f32x4.mul(x, b1));
      x = v128.load32_splat(a3);
      c30 = f32x4.add(c30, f32x4.mul(x, b0)); c31 = f32x4.add(c31, f32x4.mul(x, b1));
      a0 += 4; a1 += 4; a2 += 4; a3 += 4;
    }
    // A NaN among the sums makes their total one (as two infinities may): only then is it worth looking at each.
    const total = f32x4.add(
      f32x4.add(f32x4.add(c00, c01), f32x4.add(c10, c11)), f32x4.add(f32x4.add(c20, c21), f32x4.add(c30, c31)),
    );
    if (v128.any_true(f32x4.ne(total, total))) {
      c00 = canonical(c00); c01 = canonical(c01); c10 = canonical(c10); c11 = canonical(c11);
      c20 = canonical(c20); c21 = canonical(c21); c30 = canonical(c30); c31 = canonical(c31);
    }
    v128.store(o0, c00); v128.store(o0, c01, 16); v128.store(o1, c10); v128.store(o1, c11, 16);
    v128.store(o2, c20); v128.store(o2, c21, 16); v128.store(o3, c30); v128.store(o3, c31, 16);
    a0 += next; a1 += next; a2 += next; a3 += next;
    o0 += 4 * outStride; o1 += 4 * outStride; o2 += 4 * outStride; o3 += 4 * outStride;
  }
}

/**
 * Two neighbouring panels' sixteen output columns for `blocks` times four rows; arguments as for panelBlocks, the second panel
 * `panelBytes` behind the first, `depth` a multiple of TURN. `sink`: 32 bytes of scratch.
 */
export function panelPairBlocks(
  a: usize, aStride: usize, blocks: usize, panel: usize, panelBytes: usize, depth: usize, out: usize, outStride: usize,
  first: bool, sink: usize,
): void {
  if (blocks == 0) return;
  const end = panel + depth * PANEL * 4;
  const next = 4 * aStride - (depth << 2);
  readAhead(sink);
  let a0 = a - next, a1 = a0 + aStride, a2 = a1 + aStride, a3 = a2 + aStride;
  for (; blocks > 0; blocks--) {
    a0 += next; a1 += next; a2 += next; a3 += next;
    const o1 = out + outStride, o2 = o1 + outStride, o3 = o2 + outStride;
    const i0 = first ? ZEROS : out, i1 = first ? ZEROS : o1, i2 = first ? ZEROS : o2, i3 = first ? ZEROS : o3;
    let c00 = v128.load(i0), c01 = v128.load(i0, 16), c02 = v128.load(i0, 32), c03 = v128.load(i0, 48);
    let c10 = v128.load(i1), c11 = v128.load(i1, 16), c12 = v128.load(i1, 32), c13 = v128.load(i1, 48);
    let c20 = v128.load(i2), c21 = v128.load(i2, 16), c22 = v128.load(i2, 32), c23 = v128.load(i2, 48);
    let c30 = v128.load(i3), c31 = v128.load(i3, 16), c32 = v128.load(i3, 32), c33 = v128.load(i3, 48);
    let p = end - depth * PANEL * 4, q = p + panelBytes;
    while (p < end) {
      let b0 = v128.load(p), b1 = v128.load(p, 16), b2 = v128.load(q), b3 = v128.load(q, 16);
      let x = v128.load32_splat(a0); c00 = term(c00, x, b0); c01 = term(c01, x, b1); c02 = term(c02, x, b2); c03 = term(c03, x, b3);
      x = v128.load32_splat(a1); c10 = term(c10, x, b0); c11 = term(c11, x, b1); c12 = term(c12, x, b2); c13 = term(c13, x, b3);
      x = v128.load32_splat(a2); c20 = term(c20, x, b0); c21 = term(c21, x, b1); c22 = term(c22, x, b2); c23 = term(c23, x, b3);
      x = v128.load32_splat(a3); c30 = term(c30, x, b0); c31 = term(c31, x, b1); c32 = term(c32, x, b2); c33 = term(c33, x, b3);
      if (blocks == 0) break;
      b0 = v128.load(p, 32); b1 = v128.load(p, 48); b2 = v128.load(q, 32); b3 = v128.load(q, 48);
      x = v128.load32_splat(a0, 4); c00 = term(c00, x, b0); c01 = term(c01, x, b1); c02 = term(c02, x, b2); c03 = term(c03, x, b3);
      x = v128.load32_splat(a1, 4); c10 = term(c10, x, b0); c11 = term(c11, x, b1); c12 = term(c12, x, b2); c13 = term(c13, x, b3);
      x = v128.load32_splat(a2, 4); c20 = term(c20, x, b0); c21 = term(c21, x, b1); c22 = term(c22, x, b2); c23 = term(c23, x, b3);
      x = v128.load32_splat(a3, 4); c30 = term(c30, x, b0); c31 = term(c31, x, b1); c32 = term(c32, x, b2); c33 = term(c33, x, b3);
      if (blocks == 0) break;
      b0 = v128.load(p, 64); b1 = v128.load(p, 80); b2 = v128.load(q, 64); b3 = v128.load(q, 80);
      x = v128.load32_splat(a0, 8); c00 = term(c00, x, b0); c01 = term(c01, x, b1); c02 = term(c02, x, b2); c03 = term(c03, x, b3);
      x = v128.load32_splat(a1, 8); c10 = term(c10, x, b0); c11 = term(c11, x, b1); c12 = term(c12, x, b2); c13 = term(c13, x, b3);
      x = v128.load32_splat(a2, 8); c20 = term(c20, x, b0); c21 = term(c21, x, b1); c22 = term(c22, x, b2); c23 = term(c23, x, b3);
      x = v128.load32_splat(a3, 8); c30 = term(c30, x, b0); c31 = term(c31, x, b1); c32 = term(c32, x, b2); c33 = term(c33, x, b3);
      if (blocks == 0) break;
      b0 = v128.load(p, 96); b1 = v128.load(p, 112); b2 = v128.load(q, 96); b3 = v128.load(q, 112);
      x = v128.load32_splat(a0, 12); c00 = term(c00, x, b0); c01 = term(c01, x, b1); c02 = term(c02, x, b2); c03 = term(c03, x, b3);
      x = v128.load32_splat(a1, 12); c10 = term(c10, x, b0); c11 = term(c11, x, b1); c12 = term(c12, x, b2); c13 = term(c13, x, b3);
      x = v128.load32_splat(a2, 12); c20 = term(c20, x, b0); c21 = term(c21, x, b1); c22 = term(c22, x, b2); c23 = term(c23, x, b3);
      x = v128.load32_splat(a3, 12); c30 = term(c30, x, b0); c31 = term(c31, x, b1); c32 = term(c32, x, b2); c33 = term(c33, x, b3);
      a0 += 4 * TURN; a1 += 4 * TURN; a2 += 4 * TURN; a3 += 4 * TURN;
      p += PANEL * 4 * TURN; q += PANEL * 4 * TURN;
    }
    const low = f32x4.add(sum4(c00, c10, c20, c30), sum4(c02, c12, c22, c32));
    const high = f32x4.add(sum4(c01, c11, c21, c31), sum4(c03, c13, c23, c33));
    v128.store(out, c01, 16); v128.store(out, c00); v128.store(out, c03, 48); v128.store(out, c02, 32);
    v128.store(o1, c11, 16); v128.store(o1, c10); v128.store(o1, c13, 48); v128.store(o1, c12, 32);
    v128.store(o2, c21, 16); v128.store(o2, c20); v128.store(o2, c23, 48); v128.store(o2, c22, 32);
    v128.store(o3, c31, 16); v128.store(o3, c30); v128.store(o3, c33, 48); v128.store(o3, c32, 32);
    if (hasNaN(low, high, sink)) canonicalRows(out, outStride, 4, 64);
    out += 4 * outStride;
  }
}

/**
 * Three neighbouring panels' 24 output columns for `blocks` times three rows; arguments as for panelPairBlocks. Nine fused sums:
 * of the shapes that fit into the fifteen registers V8 has to give, the one with the fewest loads, 6 for 9 terms.
 */
export function panelTripleBlocks(
  a: usize, aStride: usize, blocks: usize, panel: usize, panelBytes: usize, depth: usize, out: usize, outStride: usize,
  first: bool, sink: usize,
): void {
  if (blocks == 0) return;
  const end = panel + depth * PANEL * 4;
  const next = 3 * aStride - (depth << 2);
  readAhead(sink);
  let a0 = a - next, a1 = a0 + aStride, a2 = a1 + aStride;
  for (; blocks > 0; blocks--) {
    a0 += next; a1 += next; a2 += next;
    const o1 = out + outStride, o2 = o1 + outStride;
    const i0 = first ? ZEROS : out, i1 = first ? ZEROS : o1, i2 = first ? ZEROS : o2;
    let c00 = v128.load(i0), c01 = v128.load(i0, 16), c02 = v128.load(i0, 32);
    let c03 = v128.load(i0, 48), c04 = v128.load(i0, 64), c05 = v128.load(i0, 80);
    let c10 = v128.load(i1), c11 = v128.load(i1, 16), c12 = v128.load(i1, 32);
    let c13 = v128.load(i1, 48), c14 = v128.load(i1, 64), c15 = v128.load(i1, 80);
    let c20 = v128.load(i2), c21 = v128.load(i2, 16), c22 = v128.load(i2, 32);
    let c23 = v128.load(i2, 48), c24 = v128.load(i2, 64), c25 = v128.load(i2, 80);
    let p = end - depth * PANEL * 4, q = p + panelBytes, r = q + panelBytes;
    while (p < end) {
      let b0 = v128.load(p), b1 = v128.load(p, 16), b2 = v128.load(q);
      let b3 = v128.load(q, 16), b4 = v128.load(r), b5 = v128.load(r, 16);
      let x = v128.load32_splat(a0); c00 = term(c00, x, b0); c01 = term(c01, x, b1); c02 = term(c02, x, b2);
      c03 = term(c03, x, b3); c04 = term(c04, x, b4); c05 = term(c05, x, b5);
      x = v128.load32_splat(a1); c10 = term(c10, x, b0); c11 = term(c11, x, b1); c12 = term(c12, x, b2);
      c13 = term(c13, x, b3); c14 = term(c14, x, b4); c15 = term(c15, x, b5);
      x = v128.load32_splat(a2); c20 = term(c20, x, b0); c21 = term(c21, x, b1); c22 = term(c22, x, b2);
      c23 = term(c23, x, b3); c24 = term(c24, x, b4); c25 = term(c25, x, b5);
      if (blocks == 0) break;
      b0 = v128.load(p, 32); b1 = v128.load(p, 48); b2 = v128.load(q, 32);
      b3 = v128.load(q, 48); b4 = v128.load(r, 32); b5 = v128.load(r, 48);
      x = v128.load32_splat(a0, 4); c00 = term(c00, x, b0); c01 = term(c01, x, b1); c02 = term(c02, x, b2);
      c03 = term(c03, x, b3); c04 = term(c04, x, b4); c05 = term(c05, x, b5);
      x = v128.load32_splat(a1, 4); c10 = term(c10, x, b0); c11 = term(c11, x, b1); c12 = term(c12, x, b2);
      c13 = term(c13, x, b3); c14 = term(c14, x, b4); c15 = term(c15, x, b5);
      x = v128.load32_splat(a2, 4); c20 = term(c20, x, b0); c21 = term(c21, x, b1); c22 = term(c22, x, b2);
      c23 = term(c23, x, b3); c24 = term(c24, x, b4); c25 = term(c25, x, b5);
      if (blocks == 0) break;
      b0 = v128.load(p, 64); b1 = v128.load(p, 80); b2 = v128.load(q, 64);
      b3 = v128.load(q, 80); b4 = v128.load(r, 64); b5 = v128.load(r, 80);
      x = v128.load32_splat(a0, 8); c00 = term(c00, x, b0); c01 = term(c01, x, b1); c02 = term(c02, x, b2);
      c03 = term(c03, x, b3); c04 = term(c04, x, b4); c05 = term(c05, x, b5);
      x = v128.load32_splat(a1, 8); c10 = term(c10, x, b0); c11 = term(c11, x, b1); c12 = term(c12, x, b2);
      c13 = term(c13, x, b3); c14 = term(c14, x, b4); c15 = term(c15, x, b5);
      x = v128.load32_splat(a2, 8); c20 = term(c20, x, b0); c21 = term(c21, x, b1); c22 = term(c22, x, b2);
      c23 = term(c23, x, b3); c24 = term(c24, x, b4); c25 = term(c25, x, b5);
      if (blocks == 0) break;
      b0 = v128.load(p, 96); b1 = v128.load(p, 112); b2 = v128.load(q, 96);
      b3 = v128.load(q, 112); b4 = v128.load(r, 96); b5 = v128.load(r, 112);
      x = v128.load32_splat(a0, 12); c00 = term(c00, x, b0); c01 = term(c01, x, b1); c02 = term(c02, x, b2);
      c03 = term(c03, x, b3); c04 = term(c04, x, b4); c05 = term(c05, x, b5);
      x = v128.load32_splat(a1, 12); c10 = term(c10, x, b0); c11 = term(c11, x, b1); c12 = term(c12, x, b2);
      c13 = term(c13, x, b3); c14 = term(c14, x, b4); c15 = term(c15, x, b5);
      x = v128.load32_splat(a2, 12); c20 = term(c20, x, b0); c21 = term(c21, x, b1); c22 = term(c22, x, b2);
      c23 = term(c23, x, b3); c24 = term(c24, x, b4); c25 = term(c25, x, b5);
      a0 += 4 * TURN; a1 += 4 * TURN; a2 += 4 * TURN;
      p += PANEL * 4 * TURN; q += PANEL * 4 * TURN; r += PANEL * 4 * TURN;
    }
    const low = sum3(sum3(c00, c10, c20), sum3(c02, c12, c22), sum3(c04, c14, c24));
    const high = sum3(sum3(c01, c11, c21), sum3(c03, c13, c23), sum3(c05, c15, c25));
    v128.store(out, c01, 16); v128.store(out, c00); v128.store(out, c03, 48); v128.store(out, c02, 32);
    v128.store(out, c05, 80); v128.store(out, c04, 64);
    v128.store(o1, c11, 16); v128.store(o1, c10); v128.store(o1, c13, 48); v128.store(o1, c12, 32);
    v128.store(o1, c15, 80); v128.store(o1, c14, 64);
    v128.store(o2, c21, 16); v128.store(o2, c20); v128.store(o2, c23, 48); v128.store(o2, c22, 32);
    v128.store(o2, c25, 80); v128.store(o2, c24, 64);
    if (hasNaN(low, high, sink)) canonicalRows(out, outStride, 3, 96);
    out += 3 * outStride;
  }
}

/** The terms whole ≤ k < depth of `panels` panels, which go on from what `out` holds: the wide loops take TURN at a time. */
export function lastTerms(
  a: usize, aStride: usize, blocks: usize, panels: usize, panel: usize, panelBytes: usize, whole: usize, depth: usize, out: usize,
  outStride: usize,
): void {
  if (whole == depth) return;
  for (let j: usize = 0; j < panels; j++) {
    const last = panel + j * panelBytes + whole * PANEL * 4;
    panelBlocks(a + (whole << 2), aStride, blocks, last, depth - whole, out + j * PANEL * 4, outStride, false);
  }
}
