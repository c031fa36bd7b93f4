// Transposes of blocks of four columns by four or eight rows, in the forms the kernels need. Moves bits. Eight rows make
// neighbouring pairs of vectors, which a wide engine fuses: all are loaded before the first store, the higher is stored first.

import { storeCanonicalPair, storePair } from "./lanes";

/** Stores the transpose of four rows at `out`, `stride` bytes between its rows. */
@inline
export function storeTransposed(r0: v128, r1: v128, r2: v128, r3: v128, out: usize, stride: usize): void {
  const a = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5);
  const b = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
  const c = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
  const d = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<i64>(a, b, 0, 2));
  v128.store(out + stride, v128.shuffle<i64>(a, b, 1, 3));
  v128.store(out + 2 * stride, v128.shuffle<i64>(c, d, 0, 2));
  v128.store(out + 3 * stride, v128.shuffle<i64>(c, d, 1, 3));
}

/** Stores the transpose of four columns of eight rows, `stride` bytes apart, at `out`, `outStride` bytes between its rows. */
@inline
export function moveTransposed(x: usize, stride: usize, out: usize, outStride: usize): void {
  const y = x + 4 * stride;
  storeEightTransposed(
    v128.load(x), v128.load(x + stride), v128.load(x + 2 * stride), v128.load(x + 3 * stride),
    v128.load(y), v128.load(y + stride), v128.load(y + 2 * stride), v128.load(y + 3 * stride),
    out, outStride,
  );
}

/** Of eight rows, r then s; with `nans`, those of fp32 elements become canonical. */
@inline
export function storeEightTransposed(
  r0: v128, r1: v128, r2: v128, r3: v128, s0: v128, s1: v128, s2: v128, s3: v128,
  out: usize, outStride: usize, nans: bool = false,
): void {
  const a = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5), e = v128.shuffle<i32>(s0, s1, 0, 4, 1, 5);
  const b = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5), f = v128.shuffle<i32>(s2, s3, 0, 4, 1, 5);
  const c = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7), g = v128.shuffle<i32>(s0, s1, 2, 6, 3, 7);
  const d = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7), h = v128.shuffle<i32>(s2, s3, 2, 6, 3, 7);
  put(out, v128.shuffle<i64>(a, b, 0, 2), v128.shuffle<i64>(e, f, 0, 2), nans);
  put(out + outStride, v128.shuffle<i64>(a, b, 1, 3), v128.shuffle<i64>(e, f, 1, 3), nans);
  put(out + 2 * outStride, v128.shuffle<i64>(c, d, 0, 2), v128.shuffle<i64>(g, h, 0, 2), nans);
  put(out + 3 * outStride, v128.shuffle<i64>(c, d, 1, 3), v128.shuffle<i64>(g, h, 1, 3), nans);
}

@inline
function put(to: usize, low: v128, high: v128, nans: bool): void {
  if (nans) storeCanonicalPair(to, low, high);
  else storePair(to, low, high);
}

/**
 * out[j,i] = x[i,j] for i < rows, j < columns; words of 32 bits; `xStride` and `outStride` are bytes between rows.
 * Tiles of 16 columns, so that every cache line of x that is touched is used whole.
 */
export function transposeWords(x: usize, xStride: usize, out: usize, outStride: usize, rows: usize, columns: usize): void {
  const fullRows = rows & ~3;
  for (let j0: usize = 0; j0 < columns; j0 += 16) {
    const j1 = min(j0 + 16, columns);
    const fullColumns = j0 + ((j1 - j0) & ~3);
    let i: usize = 0;
    if (fullColumns == j1) {
      for (; i + 8 <= rows; i += 8) {
        const from = x + i * xStride;
        for (let j = j0; j < j1; j += 4) moveTransposed(from + (j << 2), xStride, out + (i << 2) + j * outStride, outStride);
      }
    }
    for (; i < fullRows; i += 4) {
      const from = x + i * xStride;
      const to = out + (i << 2);
      for (let j = j0; j < fullColumns; j += 4) {
        const f = from + (j << 2);
        storeTransposed(
          v128.load(f), v128.load(f + xStride), v128.load(f + 2 * xStride), v128.load(f + 3 * xStride),
          to + j * outStride, outStride,
        );
      }
      for (let j = fullColumns; j < j1; j++) {
        const f = from + (j << 2);
        const t = to + j * outStride;
        store<u32>(t, load<u32>(f));
        store<u32>(t, load<u32>(f + xStride), 4);
        store<u32>(t, load<u32>(f + 2 * xStride), 8);
        store<u32>(t, load<u32>(f + 3 * xStride), 12);
      }
    }
    for (let i = fullRows; i < rows; i++) {
      for (let j = j0; j < j1; j++) store<u32>(out + j * outStride + (i << 2), load<u32>(x + i * xStride + (j << 2)));
    }
  }
}
