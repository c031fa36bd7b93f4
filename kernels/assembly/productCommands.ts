// The matmul and pack commands: shares of batches of matrices. A team shares rows, or the columns of a single matrix.
import { FEW_ROWS, fewRowsTimesPanels } from "./fewRows";
import { PANEL } from "./panels";
import { A_COLUMNS, B_COLUMNS, B_PACKED, PAIRS, packPanels, product } from "./product";
import { packPanelsInt8, productInt8 } from "./productInt8";
import { rowTimesColumns, rowTimesPanels, rowTimesRows } from "./rowProduct";
import { shareFirst, word } from "./words";

/** The team shares columns; set only when there is one matrix. */
const SHARE_COLUMNS: u32 = 8;
/** Words before those of the leading axes. */
const HEAD: usize = 14;

/** One row of A: B streams through. */
function rowProduct(a: usize, b: usize, out: usize, w: usize, p0: usize, p1: usize): void {
  const N = word(w, 6), K = word(w, 7), bStride = word(w, 12);
  const flags = <u32>word(w, 8);
  const j1 = min(N, p1 * PANEL);
  if (flags & B_PACKED) rowTimesPanels(a, b, out, N, K, p0, p1);
  else if (flags & B_COLUMNS) rowTimesColumns(a, b, bStride, out, K, p0 * PANEL, j1);
  else rowTimesRows(a, b, bStride, out, K, p0 * PANEL, j1);
}

/** Few whole blocks of rows of A, B packed: as many panels as are whole; the number of those done. */
function fewRows(
  a: usize, b: usize, out: usize, w: usize, r0: usize, r1: usize, p0: usize, p1: usize, scratch: usize,
): usize {
  const aStride = word(w, 11), outStride = word(w, 13);
  const flags = <u32>word(w, 8);
  if ((flags & (A_COLUMNS | B_PACKED)) != B_PACKED || r1 - r0 > FEW_ROWS || (r1 - r0) & 3) return 0;
  const whole = min(p1, word(w, 6) / PANEL);
  if (whole <= p0) return 0;
  fewRowsTimesPanels(
    a + r0 * aStride, aStride, r1 - r0, b, out + r0 * outStride, outStride, word(w, 7), p0, whole, (flags & PAIRS) != 0, scratch,
  );
  return whole - p0;
}

/** Rows r0 ≤ i < r1, panels p0 ≤ p < p1 of one matrix. */
function part(
  a: usize, b: usize, out: usize, w: usize, r0: usize, r1: usize, p0: usize, p1: usize, scratch: usize, int8: bool,
): void {
  const N = word(w, 6), K = word(w, 7), aStride = word(w, 11), bStride = word(w, 12), outStride = word(w, 13);
  const flags = <u32>word(w, 8);
  if (int8) productInt8(a, aStride, b, bStride, out, outStride, N, K, flags, r0, r1, p0, p1, scratch);
  else if (word(w, 5) == 1 && !(flags & A_COLUMNS)) rowProduct(a, b, out, w, p0, p1);
  else {
    const q0 = p0 + fewRows(a, b, out, w, r0, r1, p0, p1, scratch);
    if (q0 < p1) product(a, aStride, b, bStride, out, outStride, N, K, flags, r0, r1, q0, p1, scratch);
  }
}

/**
 * Words: 2 a, 3 b, 4 out, 5 M, 6 N, 7 K, 8 flags, 9 matrices, 10 leading axes, 11 to 13 strides of a, b and out (product.ts),
 * then per leading axis, innermost first: size, strides of a, b and out. Strides are bytes.
 */
export function productCommand(w: usize, thread: u32, threads: u32, scratch: usize, int8: bool): void {
  const M = word(w, 5), axes = word(w, 10);
  const panels = (word(w, 6) + PANEL - 1) / PANEL;
  if (<u32>word(w, 8) & SHARE_COLUMNS) {
    const p0 = shareFirst(panels, thread, threads), p1 = shareFirst(panels, thread + 1, threads);
    if (p0 < p1) part(word(w, 2), word(w, 3), word(w, 4), w, 0, M, p0, p1, scratch, int8);
    return;
  }
  const perMatrix = (M + 3) >> 2;
  const units = perMatrix * word(w, 9);
  const last = shareFirst(units, thread + 1, threads);
  for (let u = shareFirst(units, thread, threads); u < last; ) {
    let rest = u / perMatrix;
    const first = u - rest * perMatrix;
    const count = min(perMatrix - first, last - u);
    let a = word(w, 2), b = word(w, 3), out = word(w, 4);
    for (let i: usize = 0; i < axes; i++) {
      const axis = HEAD + 4 * i;
      const size = word(w, axis);
      const index = rest % size;
      rest /= size;
      a += index * word(w, axis + 1);
      b += index * word(w, axis + 2);
      out += index * word(w, axis + 3);
    }
    part(a, b, out, w, first << 2, min(M, (first + count) << 2), 0, panels, scratch, int8);
    u += count;
  }
}

/** Words: 2 b, 3 out, 4 N, 5 K, 6 flags (B_COLUMNS), 7 matrices, contiguous, 8 stride of b. A packed matrix is ceil(N/8) panels. */
export function packCommand(w: usize, thread: u32, threads: u32, int8: bool): void {
  const b = word(w, 2), out = word(w, 3), N = word(w, 4), K = word(w, 5), stride = word(w, 8);
  const panels = (N + PANEL - 1) / PANEL;
  const terms = int8 ? (K + 1) >> 1 : K;
  const last = shareFirst(panels * word(w, 7), thread + 1, threads);
  for (let u = shareFirst(panels * word(w, 7), thread, threads); u < last; u++) {
    const matrix = u / panels;
    const q = u - matrix * panels;
    const to = out + u * terms * PANEL * 4;
    if (int8) packPanelsInt8(b + matrix * N * K, stride, N, K, 0, terms, q, q + 1, to);
    else packPanels(b + ((matrix * N * K) << 2), stride, N, 0, K, q, q + 1, <u32>word(w, 6), to);
  }
}
