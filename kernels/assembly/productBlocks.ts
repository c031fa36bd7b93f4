// The inner loops of matmul (spec/tensor.md §3.1): blocks of four rows of A by one panel of B, or by two. Each output is +0, then
// acc + a*b for k in order, one output per SIMD lane, so both give the same bits.
import { canonical } from "./lanes";
import { PANEL } from "./panels";

/** What sums begin with. */
export const ZEROS = memory.data<u32>([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

@inline
function term(acc: v128, x: v128, b: v128): v128 {
  return f32x4.add(acc, f32x4.mul(x, b));
}

@inline
function sum4(a: v128, b: v128, c: v128, d: v128): v128 {
  return f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
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
 * `panelBytes` behind the first, `depth` even. Shaped for an engine that fuses neighbouring vectors into one of 256 bits: vectors come in
 * pairs of neighbours in memory, the higher is stored first. Eight fused sums are in flight, as many as four rows need to
 * keep two multipliers and two adders busy; with 128 bits they would not fit into registers.
 */
export function panelPairBlocks(
  a: usize, aStride: usize, blocks: usize, panel: usize, panelBytes: usize, depth: usize, out: usize, outStride: usize,
  first: bool, sink: usize,
): void {
  const end = panel + depth * PANEL * 4;
  const next = 4 * aStride - (depth << 2);
  let a0 = a, a1 = a + aStride, a2 = a + 2 * aStride, a3 = a + 3 * aStride;
  let o0 = out, o1 = out + outStride, o2 = out + 2 * outStride, o3 = out + 3 * outStride;
  for (; blocks > 0; blocks--) {
    const i0 = first ? ZEROS : o0, i1 = first ? ZEROS : o1, i2 = first ? ZEROS : o2, i3 = first ? ZEROS : o3;
    let c00 = v128.load(i0), c01 = v128.load(i0, 16), c02 = v128.load(i0, 32), c03 = v128.load(i0, 48);
    let c10 = v128.load(i1), c11 = v128.load(i1, 16), c12 = v128.load(i1, 32), c13 = v128.load(i1, 48);
    let c20 = v128.load(i2), c21 = v128.load(i2, 16), c22 = v128.load(i2, 32), c23 = v128.load(i2, 48);
    let c30 = v128.load(i3), c31 = v128.load(i3, 16), c32 = v128.load(i3, 32), c33 = v128.load(i3, 48);
    let p = panel, q = panel + panelBytes;
    while (p < end) {
      let b0 = v128.load(p), b1 = v128.load(p, 16), b2 = v128.load(q), b3 = v128.load(q, 16);
      let x = v128.load32_splat(a0);
      c00 = term(c00, x, b0); c01 = term(c01, x, b1); c02 = term(c02, x, b2); c03 = term(c03, x, b3);
      x = v128.load32_splat(a1);
      c10 = term(c10, x, b0); c11 = term(c11, x, b1); c12 = term(c12, x, b2); c13 = term(c13, x, b3);
      x = v128.load32_splat(a2);
      c20 = term(c20, x, b0); c21 = term(c21, x, b1); c22 = term(c22, x, b2); c23 = term(c23, x, b3);
      x = v128.load32_splat(a3);
      c30 = term(c30, x, b0); c31 = term(c31, x, b1); c32 = term(c32, x, b2); c33 = term(c33, x, b3);
      b0 = v128.load(p, 32); b1 = v128.load(p, 48); b2 = v128.load(q, 32); b3 = v128.load(q, 48);
      x = v128.load32_splat(a0, 4);
      c00 = term(c00, x, b0); c01 = term(c01, x, b1); c02 = term(c02, x, b2); c03 = term(c03, x, b3);
      x = v128.load32_splat(a1, 4);
      c10 = term(c10, x, b0); c11 = term(c11, x, b1); c12 = term(c12, x, b2); c13 = term(c13, x, b3);
      x = v128.load32_splat(a2, 4);
      c20 = term(c20, x, b0); c21 = term(c21, x, b1); c22 = term(c22, x, b2); c23 = term(c23, x, b3);
      x = v128.load32_splat(a3, 4);
      c30 = term(c30, x, b0); c31 = term(c31, x, b1); c32 = term(c32, x, b2); c33 = term(c33, x, b3);
      a0 += 8; a1 += 8; a2 += 8; a3 += 8;
      p += PANEL * 8; q += PANEL * 8;
    }
    // The total as in panelBlocks, by way of memory: a vector used alone would be taken out of its pair in every step of k.
    v128.store(sink, f32x4.add(sum4(c01, c11, c21, c31), sum4(c03, c13, c23, c33)), 16);
    v128.store(sink, f32x4.add(sum4(c00, c10, c20, c30), sum4(c02, c12, c22, c32)));
    const total = f32x4.add(v128.load(sink), v128.load(sink, 16));
    if (v128.any_true(f32x4.ne(total, total))) {
      c00 = canonical(c00); c01 = canonical(c01); c02 = canonical(c02); c03 = canonical(c03);
      c10 = canonical(c10); c11 = canonical(c11); c12 = canonical(c12); c13 = canonical(c13);
      c20 = canonical(c20); c21 = canonical(c21); c22 = canonical(c22); c23 = canonical(c23);
      c30 = canonical(c30); c31 = canonical(c31); c32 = canonical(c32); c33 = canonical(c33);
    }
    v128.store(o0, c01, 16); v128.store(o0, c00); v128.store(o0, c03, 48); v128.store(o0, c02, 32);
    v128.store(o1, c11, 16); v128.store(o1, c10); v128.store(o1, c13, 48); v128.store(o1, c12, 32);
    v128.store(o2, c21, 16); v128.store(o2, c20); v128.store(o2, c23, 48); v128.store(o2, c22, 32);
    v128.store(o3, c31, 16); v128.store(o3, c30); v128.store(o3, c33, 48); v128.store(o3, c32, 32);
    a0 += next; a1 += next; a2 += next; a3 += next;
    o0 += 4 * outStride; o1 += 4 * outStride; o2 += 4 * outStride; o3 += 4 * outStride;
  }
}
