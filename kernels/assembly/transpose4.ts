// The 4x4 transpose of four loaded vectors, in the forms the kernels need. Moves bits.

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

/**
 * out[j,i] = x[i,j] for i < rows, j < columns; words of 32 bits; `xStride` and `outStride` are bytes between rows.
 * Tiles of 16 columns, so that every cache line of x that is touched is used whole.
 */
export function transposeWords(x: usize, xStride: usize, out: usize, outStride: usize, rows: usize, columns: usize): void {
  const fullRows = rows & ~3;
  for (let j0: usize = 0; j0 < columns; j0 += 16) {
    const j1 = min(j0 + 16, columns);
    const fullColumns = j0 + ((j1 - j0) & ~3);
    for (let i: usize = 0; i < fullRows; i += 4) {
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
