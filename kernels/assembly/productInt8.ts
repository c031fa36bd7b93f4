// matmulInt8 (spec/tensor.md §3.2): i8 · i8 summed in i32 with wrap-around, so any order gives the same word. Both operands
// are widened to pairs of i16 in one 32-bit word; one instruction multiplies two pairs per lane pair and adds them.
import { PANEL } from "./panels";
import { B_PACKED, PAIRS } from "./product";
import { ZEROS } from "./productBlocks";
import { storeTransposed } from "./transpose4";

/** Longest block of k, in pairs. */
const DEPTH: usize = 512;
/** Rows of A widened at a time, panels packed at a time. */
const ROWS: usize = 64;
const PANELS: usize = 64;
const TILE: usize = 4 * PANEL * 4;

/** Bytes of scratch that `productInt8` needs. */
export function productInt8ScratchBytes(): usize {
  return TILE + PANELS * PANEL * DEPTH * 4 + ROWS * DEPTH * 4;
}

/** A pair of neighbours as one word; past the end, zero. */
@inline
function pairAt(x: usize, k: usize, K: usize): u32 {
  const low = <u32><u16>load<i8>(x + k);
  const high = k + 1 < K ? <u32><u16>load<i8>(x + k + 1) : 0;
  return low | (high << 16);
}

/** `rows` (1 to 8) rows of B, `stride` bytes apart and of length K, from k0 as a [pairs][8] panel. */
function packPanelInt8(b: usize, stride: usize, K: usize, rows: usize, k0: usize, pairs: usize, out: usize): void {
  if (rows < PANEL) memory.fill(out, 0, pairs * PANEL * 4);
  for (let half: usize = 0; half < rows; half += 4) {
    const base = b + half * stride;
    const to = out + half * 4;
    const present = min<usize>(4, rows - half);
    let p: usize = 0;
    if (present == 4) {
      for (; p + 4 <= pairs && k0 + 2 * p + 8 <= K; p += 4) {
        const from = base + k0 + 2 * p;
        storeTransposed(
          v128.load8x8_s(from), v128.load8x8_s(from + stride), v128.load8x8_s(from + 2 * stride), v128.load8x8_s(from + 3 * stride),
          to + p * PANEL * 4, PANEL * 4,
        );
      }
    }
    for (; p < pairs; p++) {
      for (let j: usize = 0; j < present; j++) store<u32>(to + (p * PANEL + j) * 4, pairAt(base + j * stride, k0 + 2 * p, K));
    }
  }
}

/** Packs panels q0 ≤ q < q1, one after the other at `out`. */
export function packPanelsInt8(
  b: usize, stride: usize, N: usize, K: usize, k0: usize, pairs: usize, q0: usize, q1: usize, out: usize,
): void {
  for (let q = q0; q < q1; q++) {
    packPanelInt8(b + q * PANEL * stride, stride, K, min(PANEL, N - q * PANEL), k0, pairs, out);
    out += pairs * PANEL * 4;
  }
}

/** `rows` rows of A from k0 as words of pairs, row-major. */
function widenRows(a: usize, stride: usize, K: usize, rows: usize, k0: usize, pairs: usize, out: usize): void {
  for (let i: usize = 0; i < rows; i++) {
    const row = a + i * stride;
    let p: usize = 0;
    for (; p + 4 <= pairs && k0 + 2 * p + 8 <= K; p += 4) v128.store(out + (p << 2), v128.load8x8_s(row + k0 + 2 * p));
    for (; p < pairs; p++) store<u32>(out + (p << 2), pairAt(row, k0 + 2 * p, K));
    out += pairs << 2;
  }
}

@inline
function term(acc: v128, x: v128, b: v128): v128 {
  return i32x4.add(acc, i32x4.dot_i16x8_s(x, b));
}

/** Stores a row of eight, added to what `home` holds unless `first`; a row of fewer `columns` goes through the tile. */
function storeRow(home: usize, lo: v128, hi: v128, columns: usize, first: bool, tile: usize): void {
  if (columns == PANEL) {
    v128.store(home, first ? lo : i32x4.add(lo, v128.load(home)));
    v128.store(home, first ? hi : i32x4.add(hi, v128.load(home, 16)), 16);
    return;
  }
  v128.store(tile, lo);
  v128.store(tile, hi, 16);
  for (let j: usize = 0; j < columns << 2; j += 4) {
    const before = first ? 0 : load<u32>(home + j);
    store<u32>(home + j, before + load<u32>(tile + j));
  }
}

/** Output columns of one panel for `rows` rows of widened A. */
export function panelRowsInt8(
  a: usize, rows: usize, panel: usize, pairs: usize, out: usize, outStride: usize, columns: usize, first: bool, tile: usize,
): void {
  const stride = pairs << 2;
  const end = panel + pairs * PANEL * 4;
  const last = rows - 1;
  for (let i: usize = 0; i < rows; i += 4) {
    let a0 = a + i * stride;
    let a1 = a + min(i + 1, last) * stride;
    let a2 = a + min(i + 2, last) * stride;
    let a3 = a + min(i + 3, last) * stride;
    let c00 = i32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
    for (let p = panel; p < end; p += PANEL * 4) {
      const b0 = v128.load(p), b1 = v128.load(p, 16);
      let x = v128.load32_splat(a0);
      c00 = term(c00, x, b0); c01 = term(c01, x, b1);
      x = v128.load32_splat(a1);
      c10 = term(c10, x, b0); c11 = term(c11, x, b1);
      x = v128.load32_splat(a2);
      c20 = term(c20, x, b0); c21 = term(c21, x, b1);
      x = v128.load32_splat(a3);
      c30 = term(c30, x, b0); c31 = term(c31, x, b1);
      a0 += 4; a1 += 4; a2 += 4; a3 += 4;
    }
    const home = out + i * outStride;
    storeRow(home, c00, c01, columns, first, tile);
    if (i + 1 < rows) storeRow(home + outStride, c10, c11, columns, first, tile);
    if (i + 2 < rows) storeRow(home + 2 * outStride, c20, c21, columns, first, tile);
    if (i + 3 < rows) storeRow(home + 3 * outStride, c30, c31, columns, first, tile);
  }
}

/**
 * panelRowsInt8 for two whole panels, `panelBytes` apart, and whole blocks of four rows; sums begin at `out` unless `first`. Shaped for an
 * engine that fuses neighbouring vectors (productBlocks.ts).
 */
export function panelPairRowsInt8(
  a: usize, blocks: usize, panel: usize, panelBytes: usize, pairs: usize, out: usize, outStride: usize, first: bool,
): void {
  const stride = pairs << 2, end = panel + pairs * PANEL * 4;
  for (; blocks > 0; blocks--) {
    let a0 = a, a1 = a + stride, a2 = a + 2 * stride, a3 = a + 3 * stride;
    const o0 = out, o1 = out + outStride, o2 = out + 2 * outStride, o3 = out + 3 * outStride;
    const i0 = first ? ZEROS : o0, i1 = first ? ZEROS : o1, i2 = first ? ZEROS : o2, i3 = first ? ZEROS : o3;
    let c00 = v128.load(i0), c01 = v128.load(i0, 16), c02 = v128.load(i0, 32), c03 = v128.load(i0, 48);
    let c10 = v128.load(i1), c11 = v128.load(i1, 16), c12 = v128.load(i1, 32), c13 = v128.load(i1, 48);
    let c20 = v128.load(i2), c21 = v128.load(i2, 16), c22 = v128.load(i2, 32), c23 = v128.load(i2, 48);
    let c30 = v128.load(i3), c31 = v128.load(i3, 16), c32 = v128.load(i3, 32), c33 = v128.load(i3, 48);
    let q = panel + panelBytes;
    for (let p = panel; p < end; p += PANEL * 4, q += PANEL * 4) {
      const b0 = v128.load(p), b1 = v128.load(p, 16), b2 = v128.load(q), b3 = v128.load(q, 16);
      let x = v128.load32_splat(a0);
      c00 = term(c00, x, b0); c01 = term(c01, x, b1); c02 = term(c02, x, b2); c03 = term(c03, x, b3);
      x = v128.load32_splat(a1);
      c10 = term(c10, x, b0); c11 = term(c11, x, b1); c12 = term(c12, x, b2); c13 = term(c13, x, b3);
      x = v128.load32_splat(a2);
      c20 = term(c20, x, b0); c21 = term(c21, x, b1); c22 = term(c22, x, b2); c23 = term(c23, x, b3);
      x = v128.load32_splat(a3);
      c30 = term(c30, x, b0); c31 = term(c31, x, b1); c32 = term(c32, x, b2); c33 = term(c33, x, b3);
      a0 += 4; a1 += 4; a2 += 4; a3 += 4;
    }
    v128.store(o0, c01, 16); v128.store(o0, c00); v128.store(o0, c03, 48); v128.store(o0, c02, 32);
    v128.store(o1, c11, 16); v128.store(o1, c10); v128.store(o1, c13, 48); v128.store(o1, c12, 32);
    v128.store(o2, c21, 16); v128.store(o2, c20); v128.store(o2, c23, 48); v128.store(o2, c22, 32);
    v128.store(o3, c31, 16); v128.store(o3, c30); v128.store(o3, c33, 48); v128.store(o3, c32, 32);
    a = a + 4 * stride;
    out = out + 4 * outStride;
  }
}

/** Rows r0 ≤ i < r1 and panels p0 ≤ p < p1 of out[M,N] = a·bᵀ; strides are bytes between rows. */
export function productInt8(
  a: usize, aStride: usize, b: usize, bStride: usize, out: usize, outStride: usize, N: usize, K: usize, flags: u32,
  r0: usize, r1: usize, p0: usize, p1: usize, scratch: usize,
): void {
  const packed = scratch + TILE;
  const widened = packed + PANELS * PANEL * DEPTH * 4;
  const allPairs = (K + 1) >> 1;
  for (let d0: usize = 0; d0 < allPairs; d0 += DEPTH) {
    const pairs = min(DEPTH, allPairs - d0);
    const panelBytes = (flags & B_PACKED ? allPairs : pairs) * PANEL * 4;
    for (let q0 = p0; q0 < p1; q0 += PANELS) {
      const q1 = min(q0 + PANELS, p1);
      if (!(flags & B_PACKED)) packPanelsInt8(b, bStride, N, K, 2 * d0, pairs, q0, q1, packed);
      const panels = flags & B_PACKED ? b + q0 * panelBytes + d0 * PANEL * 4 : packed;
      for (let i0 = r0; i0 < r1; i0 += ROWS) {
        const rows = min(ROWS, r1 - i0);
        widenRows(a + i0 * aStride, aStride, K, rows, 2 * d0, pairs, widened);
        let q = q0;
        if (flags & PAIRS && !(rows & 3)) {
          for (; q + 2 <= q1 && (q + 2) * PANEL <= N; q += 2) {
            panelPairRowsInt8(
              widened, rows >> 2, panels + (q - q0) * panelBytes, panelBytes, pairs,
              out + i0 * outStride + q * PANEL * 4, outStride, d0 == 0,
            );
          }
        }
        for (; q < q1; q++) {
          panelRowsInt8(
            widened, rows, panels + (q - q0) * panelBytes, pairs,
            out + i0 * outStride + q * PANEL * 4, outStride, min(PANEL, N - q * PANEL), d0 == 0, scratch,
          );
        }
      }
    }
  }
}
