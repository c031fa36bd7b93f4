// Packed operands of the products: B [N,K] as panels of 8 rows, each [K][8], rows past N as zeros. fp32 here; the int8
// form holds pairs of k as two i16 in one word ([K/2][8] words), so both have the same shape of inner loop.
import { moveTransposed, storeTransposed } from "./transpose4";

/** Rows of B in one panel. */
export const PANEL: usize = 8;

/** packPanel for eight rows. */
function packWholePanel(b: usize, stride: usize, depth: usize, out: usize): void {
  let k: usize = 0;
  for (; k + 4 <= depth; k += 4) moveTransposed(b + (k << 2), stride, out + k * PANEL * 4, PANEL * 4);
  for (; k < depth; k++) {
    for (let j: usize = 0; j < PANEL; j++) store<u32>(out + (k * PANEL + j) * 4, load<u32>(b + j * stride + (k << 2)));
  }
}

/** Packs `rows` (1 to 8) rows at `b`, `stride` bytes apart, k from 0 to `depth`, into a [depth][8] panel at `out`. */
export function packPanel(b: usize, stride: usize, rows: usize, depth: usize, out: usize): void {
  if (rows == PANEL) {
    packWholePanel(b, stride, depth, out);
    return;
  }
  memory.fill(out, 0, depth * PANEL * 4);
  for (let half: usize = 0; half < rows; half += 4) {
    const base = b + half * stride;
    const to = out + half * 4;
    const present = min<usize>(4, rows - half);
    let k: usize = 0;
    if (present == 4) {
      for (; k + 4 <= depth; k += 4) {
        const from = base + (k << 2);
        storeTransposed(
          v128.load(from), v128.load(from + stride), v128.load(from + 2 * stride), v128.load(from + 3 * stride),
          to + k * PANEL * 4, PANEL * 4,
        );
      }
    }
    for (; k < depth; k++) {
      for (let j: usize = 0; j < present; j++) store<u32>(to + (k * PANEL + j) * 4, load<u32>(base + j * stride + (k << 2)));
    }
  }
}

/** The same from B stored as [K,N]: `columns` (1 to 8) columns at `b`, `stride` bytes between the k's. */
export function packPanelFromColumns(b: usize, stride: usize, columns: usize, depth: usize, out: usize): void {
  if (columns == PANEL) {
    for (let k: usize = 0; k < depth; k++) {
      const low = v128.load(b), high = v128.load(b, 16);
      v128.store(out, high, 16);
      v128.store(out, low);
      b += stride;
      out += PANEL * 4;
    }
    return;
  }
  memory.fill(out, 0, depth * PANEL * 4);
  for (let k: usize = 0; k < depth; k++) {
    for (let j: usize = 0; j < columns; j++) store<u32>(out + (j << 2), load<u32>(b + (j << 2)));
    b += stride;
    out += PANEL * 4;
  }
}
