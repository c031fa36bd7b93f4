// Matmul (spec/tensor.md §3.1) on blocks. Each output is +0, then acc + a*b for k = 0, 1, … in order, one output per SIMD
// lane; a sum that is cut at a block of k is stored and loaded again, so blocking and threads never change a bit.
// Operands may be stored transposed (A [K,M], B [K,N]): packing reads them so, which saves moving them first.
import { PANEL, packPanel, packPanelFromColumns } from "./panels";
import { lastTerms, panelBlocks, panelPairBlocks, panelTripleBlocks, TURN } from "./productBlocks";
import { transposeWords } from "./transpose4";

/** Longest block of k: every block of sums has a beginning and an end, some 1% of it at this length. */
const DEPTH: usize = 512;
/** Rows of A that stay in the second-level cache while every panel passes: dozens, half of a cache of 1 MiB. */
const ROWS: usize = 264;
/** Panels packed at a time, what the cache still holds: whole threes. */
const PANELS: usize = 18;

/** Storage of the operands. */
export const A_COLUMNS: u32 = 1;
export const B_COLUMNS: u32 = 2;
export const B_PACKED: u32 = 4;
/** Two or three panels at a time: faster where the engine fuses vectors (panelPairBlocks), slower where it doesn't. */
export const PAIRS: u32 = 16;

/** Bytes of scratch that `product` needs: a tile of output, packed panels of B, rows of A, a short block of them. */
export function productScratchBytes(): usize {
  return TILE + PANELS * PANEL * DEPTH * 4 + (ROWS + 4) * DEPTH * 4;
}

/** Bytes of the output tile that edges are computed in. */
const TILE: usize = 4 * PANEL * 4;

/** Copies a `rows` x `columns` corner between places of different strides. */
function copyCorner(from: usize, fromStride: usize, to: usize, toStride: usize, rows: usize, columns: usize): void {
  for (let i: usize = 0; i < rows; i++) {
    for (let j: usize = 0; j < columns << 2; j += 4) store<u32>(to + j, load<u32>(from + j));
    from += fromStride;
    to += toStride;
  }
}

/** A block at an edge of out: four rows of `a` by eight columns in the tile, of which `rows` and `columns` are kept. */
function edgeBlock(
  a: usize, aStride: usize, panel: usize, depth: usize, out: usize, outStride: usize, rows: usize, columns: usize,
  first: bool, tile: usize,
): void {
  if (!first) copyCorner(out, outStride, tile, PANEL * 4, rows, columns);
  panelBlocks(a, aStride, 1, panel, depth, tile, PANEL * 4, first);
  copyCorner(tile, PANEL * 4, out, outStride, rows, columns);
}

/** One panel's columns for `rows` rows; the rows of a last, short block are also at `short`, four of them `depth` apart. */
function panelRows(
  a: usize, aStride: usize, rows: usize, short: usize, panel: usize, depth: usize, out: usize, outStride: usize,
  columns: usize, first: bool, tile: usize,
): void {
  const blocks = rows >> 2;
  if (columns == PANEL) panelBlocks(a, aStride, blocks, panel, depth, out, outStride, first);
  else {
    for (let i: usize = 0; i < blocks; i++) {
      edgeBlock(a + 4 * i * aStride, aStride, panel, depth, out + 4 * i * outStride, outStride, 4, columns, first, tile);
    }
  }
  if (rows & 3) {
    edgeBlock(short, depth << 2, panel, depth, out + 4 * blocks * outStride, outStride, rows & 3, columns, first, tile);
  }
}

/** panelRows for two whole panels, `panelBytes` apart. */
function panelPairRows(
  a: usize, aStride: usize, rows: usize, short: usize, panel: usize, panelBytes: usize, depth: usize, out: usize, outStride: usize,
  first: bool, tile: usize,
): void {
  const blocks = rows >> 2;
  const whole = depth & ~(TURN - 1);
  panelPairBlocks(a, aStride, blocks, panel, panelBytes, whole, out, outStride, first, tile);
  lastTerms(a, aStride, blocks, 2, panel, panelBytes, whole, depth, out, outStride);
  if (rows & 3) {
    const to = out + 4 * blocks * outStride;
    edgeBlock(short, depth << 2, panel, depth, to, outStride, rows & 3, PANEL, first, tile);
    edgeBlock(short, depth << 2, panel + panelBytes, depth, to + PANEL * 4, outStride, rows & 3, PANEL, first, tile);
  }
}

/** panelRows for three whole panels, `panelBytes` apart: dozens of rows three at a time, what is left four at a time. */
function panelTripleRows(
  a: usize, aStride: usize, rows: usize, short: usize, panel: usize, panelBytes: usize, depth: usize, out: usize, outStride: usize,
  first: bool, tile: usize,
): void {
  const dozens = rows / 12, done = 12 * dozens;
  const whole = depth & ~(TURN - 1);
  panelTripleBlocks(a, aStride, 4 * dozens, panel, panelBytes, whole, out, outStride, first, tile);
  lastTerms(a, aStride, 3 * dozens, 3, panel, panelBytes, whole, depth, out, outStride);
  if (done == rows) return;
  const from = a + done * aStride, to = out + done * outStride;
  panelPairRows(from, aStride, rows - done, short, panel, panelBytes, depth, to, outStride, first, tile);
  panelRows(from, aStride, rows - done, short, panel + 2 * panelBytes, depth, to + 2 * PANEL * 4, outStride, PANEL, first, tile);
}

/** The last rows of a short block, repeated to four, `depth` terms each. */
function copyShort(a: usize, aStride: usize, rows: usize, depth: usize, to: usize): void {
  const last = (rows & 3) - 1;
  const from = a + (rows & ~3) * aStride;
  for (let i: usize = 0; i < 4; i++) memory.copy(to + i * (depth << 2), from + min(i, last) * aStride, depth << 2);
}

/**
 * Rows r0 ≤ i < r1 and panels p0 ≤ p < p1 of out[M,N] = a·bᵀ. `aStride`, `bStride`, `outStride` are bytes between rows; of an
 * operand stored as columns, between its k's.
 */
export function product(
  a: usize, aStride: usize, b: usize, bStride: usize, out: usize, outStride: usize, N: usize, K: usize, flags: u32,
  r0: usize, r1: usize, p0: usize, p1: usize, scratch: usize,
): void {
  const packed = scratch + TILE;
  const turned = packed + PANELS * PANEL * DEPTH * 4;
  const short = turned + ROWS * DEPTH * 4;
  const blocks = (K + DEPTH - 1) / DEPTH;
  let k0: usize = 0;
  for (let block: usize = 1; block <= blocks; block++) {
    const k1 = block == blocks ? K : (K * block / blocks) & ~3;
    const depth = k1 - k0;
    const panelBytes = flags & B_PACKED ? K * PANEL * 4 : depth * PANEL * 4;
    for (let q0 = p0; q0 < p1; q0 += PANELS) {
      const q1 = min(q0 + PANELS, p1);
      if (!(flags & B_PACKED)) packPanels(b, bStride, N, k0, depth, q0, q1, flags, packed);
      const panels = flags & B_PACKED ? b + q0 * panelBytes + k0 * PANEL * 4 : packed;
      for (let i0 = r0; i0 < r1; i0 += ROWS) {
        const rows = min(ROWS, r1 - i0);
        let from = a + i0 * aStride + (k0 << 2);
        let stride = aStride;
        if (flags & A_COLUMNS) {
          transposeWords(a + k0 * aStride + (i0 << 2), aStride, turned, depth << 2, depth, rows);
          from = turned;
          stride = depth << 2;
        }
        if (rows & 3) copyShort(from, stride, rows, depth, short);
        let q = q0;
        if (flags & PAIRS) {
          const full = min(q1, N / PANEL);
          // Threes, and twos where a single panel would be left.
          for (; rows >= 12 && q + 3 <= full && full - q != 4; q += 3) {
            panelTripleRows(
              from, stride, rows, short, panels + (q - q0) * panelBytes, panelBytes, depth,
              out + i0 * outStride + q * PANEL * 4, outStride, k0 == 0, scratch,
            );
          }
          for (; q + 2 <= full; q += 2) {
            panelPairRows(
              from, stride, rows, short, panels + (q - q0) * panelBytes, panelBytes, depth,
              out + i0 * outStride + q * PANEL * 4, outStride, k0 == 0, scratch,
            );
          }
        }
        for (; q < q1; q++) {
          panelRows(
            from, stride, rows, short, panels + (q - q0) * panelBytes, depth,
            out + i0 * outStride + q * PANEL * 4, outStride, min(PANEL, N - q * PANEL), k0 == 0, scratch,
          );
        }
      }
    }
    k0 = k1;
  }
}

/** Packs panels q0 ≤ q < q1 of B for k from k0, one after the other at `out`. */
export function packPanels(
  b: usize, bStride: usize, N: usize, k0: usize, depth: usize, q0: usize, q1: usize, flags: u32, out: usize,
): void {
  for (let q = q0; q < q1; q++) {
    const j = q * PANEL;
    const present = min(PANEL, N - j);
    if (flags & B_COLUMNS) packPanelFromColumns(b + k0 * bStride + (j << 2), bStride, present, depth, out);
    else packPanel(b + j * bStride + (k0 << 2), bStride, present, depth, out);
    out += depth * PANEL * 4;
  }
}
