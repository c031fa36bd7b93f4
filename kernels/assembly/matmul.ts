// Matmul NT and the explicit transpose (spec/tensor.md §2). Each output is +0, then acc + a*b for k = 0, 1, … in order;
// one output per SIMD lane, so the order never depends on blocking or on the number of threads.
// Not here: batched or strided operands, fused accumulation.
import { canonical } from "./lanes";

/** Columns of one packed panel of B. */
const PANEL: usize = 8;

/** 4x4 transpose of four loaded rows, stored at `out` with `stride` bytes between output rows. */
@inline
function storeTransposed(r0: v128, r1: v128, r2: v128, r3: v128, out: usize, stride: usize): void {
  const a = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5);
  const b = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
  const c = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
  const d = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<i64>(a, b, 0, 2));
  v128.store(out + stride, v128.shuffle<i64>(a, b, 1, 3));
  v128.store(out + 2 * stride, v128.shuffle<i64>(c, d, 0, 2));
  v128.store(out + 3 * stride, v128.shuffle<i64>(c, d, 1, 3));
}

/** Packs 8 rows of B [.., K] into [K][8]; rows at or past `rows` become +0. */
function packPanel(b: usize, K: usize, rows: usize, out: usize): void {
  const stride = K << 2;
  if (rows < PANEL) memory.fill(out, 0, K * PANEL * 4);
  for (let half: usize = 0; half < PANEL; half += 4) {
    const base = b + half * stride;
    const to = out + half * 4;
    let k: usize = 0;
    if (rows >= half + 4) {
      for (; k + 4 <= K; k += 4) {
        const from = base + (k << 2);
        storeTransposed(
          v128.load(from), v128.load(from + stride), v128.load(from + 2 * stride), v128.load(from + 3 * stride),
          to + k * PANEL * 4, PANEL * 4,
        );
      }
    }
    const present = rows > half ? min<usize>(4, rows - half) : 0;
    for (; k < K; k++) {
      for (let j: usize = 0; j < present; j++) {
        store<f32>(to + (k * PANEL + j) * 4, load<f32>(base + j * stride + (k << 2)));
      }
    }
  }
}

@inline
function storeRow(c: usize, lo: v128, hi: v128, columns: usize, tile: usize): void {
  if (columns == PANEL) {
    v128.store(c, canonical(lo));
    v128.store(c, canonical(hi), 16);
  } else {
    v128.store(tile, canonical(lo));
    v128.store(tile, canonical(hi), 16);
    memory.copy(c, tile, columns << 2);
  }
}

/**
 * C[M,N] = A[M,K] · B[N,K]ᵀ for output rows r0 ≤ i < r1. `scratch` holds K*32 + 32 bytes and belongs to this thread.
 */
export function matmulNT(a: usize, b: usize, c: usize, K: usize, N: usize, r0: usize, r1: usize, scratch: usize): void {
  if (r0 >= r1) return;
  const stride = K << 2;
  const tile = scratch + K * PANEL * 4;
  for (let n: usize = 0; n < N; n += PANEL) {
    const columns = min<usize>(PANEL, N - n);
    packPanel(b + n * stride, K, columns, scratch);
    for (let i = r0; i < r1; i += 4) {
      const last = r1 - 1;
      let a0 = a + i * stride;
      // Missing rows of the last block repeat the last row and are not stored.
      let a1 = a + min(i + 1, last) * stride;
      let a2 = a + min(i + 2, last) * stride;
      let a3 = a + min(i + 3, last) * stride;
      let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
      const end = a0 + stride;
      let p = scratch;
      while (a0 < end) {
        const b0 = v128.load(p), b1 = v128.load(p, 16);
        let s = v128.load32_splat(a0);
        c00 = f32x4.add(c00, f32x4.mul(s, b0));
        c01 = f32x4.add(c01, f32x4.mul(s, b1));
        s = v128.load32_splat(a1);
        c10 = f32x4.add(c10, f32x4.mul(s, b0));
        c11 = f32x4.add(c11, f32x4.mul(s, b1));
        s = v128.load32_splat(a2);
        c20 = f32x4.add(c20, f32x4.mul(s, b0));
        c21 = f32x4.add(c21, f32x4.mul(s, b1));
        s = v128.load32_splat(a3);
        c30 = f32x4.add(c30, f32x4.mul(s, b0));
        c31 = f32x4.add(c31, f32x4.mul(s, b1));
        a0 += 4;
        a1 += 4;
        a2 += 4;
        a3 += 4;
        p += PANEL * 4;
      }
      const to = c + (i * N + n) * 4;
      const rowBytes = N << 2;
      storeRow(to, c00, c01, columns, tile);
      if (i + 1 < r1) storeRow(to + rowBytes, c10, c11, columns, tile);
      if (i + 2 < r1) storeRow(to + 2 * rowBytes, c20, c21, columns, tile);
      if (i + 3 < r1) storeRow(to + 3 * rowBytes, c30, c31, columns, tile);
    }
  }
}

/** out[N,M] = x[M,N]ᵀ for output rows r0 ≤ j < r1. Moves bits, computes nothing. */
export function transpose(x: usize, out: usize, M: usize, N: usize, r0: usize, r1: usize): void {
  let j = r0;
  for (; j + 4 <= r1; j += 4) {
    let i: usize = 0;
    for (; i + 4 <= M; i += 4) {
      const from = x + (i * N + j) * 4;
      const s = N << 2;
      storeTransposed(
        v128.load(from), v128.load(from + s), v128.load(from + 2 * s), v128.load(from + 3 * s),
        out + (j * M + i) * 4, M << 2,
      );
    }
    for (; i < M; i++) {
      for (let q: usize = 0; q < 4; q++) store<u32>(out + ((j + q) * M + i) * 4, load<u32>(x + (i * N + j + q) * 4));
    }
  }
  for (; j < r1; j++) {
    for (let i: usize = 0; i < M; i++) store<u32>(out + (j * M + i) * 4, load<u32>(x + (i * N + j) * 4));
  }
}
