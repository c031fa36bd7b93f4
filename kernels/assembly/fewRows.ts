// Matmul with a few whole blocks of four rows and B packed: tokens of several sequences decoded together, or a part of a
// prompt. B is read from memory once, panel by panel, and reading it is what takes time: some panels' cache lines are asked
// for side by side, many misses at once, before the sums that want them. Sums aren't cut: their order is that of product.ts.
import { PANEL } from "./panels";
import { lastTerms, panelBlocks, panelPairBlocks, TURN } from "./productBlocks";

/** Most rows that are done this way: those of A stay in the second-level cache beside the panels. */
export const FEW_ROWS: usize = 64;
/** Panels that are brought near at a time. */
const GROUP: usize = 4;

/** Loads one word of every cache line of four panels side by side; the result is only there so that nothing is left out. */
function touchPanels(p: usize, bytes: usize): u32 {
  let seen: u32 = 0;
  for (const end = p + bytes; p < end; p += 64) {
    seen ^= load<u32>(p) ^ load<u32>(p + bytes) ^ load<u32>(p + 2 * bytes) ^ load<u32>(p + 3 * bytes);
  }
  return seen;
}

/** Two panels for `blocks` times four rows, whole depth. */
function pairOfPanels(
  a: usize, aStride: usize, blocks: usize, panel: usize, bytes: usize, K: usize, out: usize, outStride: usize, sink: usize,
): void {
  const whole = K & ~(TURN - 1);
  panelPairBlocks(a, aStride, blocks, panel, bytes, whole, out, outStride, true, sink);
  lastTerms(a, aStride, blocks, 2, panel, bytes, whole, K, out, outStride);
}

/**
 * Panels p0 ≤ p < p1 of out[rows,N] for whole blocks of rows; a panel that N does not fill is not among them. `pairs`: two at
 * a time, where that is faster (productBlocks.ts). `sink`: 32 bytes of scratch.
 */
export function fewRowsTimesPanels(
  a: usize, aStride: usize, rows: usize, b: usize, out: usize, outStride: usize, K: usize, p0: usize, p1: usize,
  pairs: bool, sink: usize,
): void {
  const bytes = K * PANEL * 4, blocks = rows >> 2;
  const step: usize = pairs ? 2 : 1;
  let seen: u32 = 0;
  for (let p = p0; p < p1; p += step) {
    const panel = b + p * bytes, to = out + p * PANEL * 4;
    if ((p - p0) % GROUP == 0 && p + GROUP <= p1) seen ^= touchPanels(panel, bytes);
    if (pairs && p + 2 <= p1) pairOfPanels(a, aStride, blocks, panel, bytes, K, to, outStride, sink);
    else panelBlocks(a, aStride, blocks, panel, K, to, outStride, true);
  }
  store<u32>(sink, seen);
}
