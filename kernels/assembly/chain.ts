// The chain command: elementwise operators and last-axis reductions, fused over blocks that stay in the first-level
// cache (spec/tensor.md §3.3, §3.4). The index space is rows x columns. A block is `blockRows` whole rows, or a segment of
// one row. Slots are places of a block's worth of elements: a source or a register of scratch. An instruction reads and
// writes slots, either whole blocks or one value per row; outputs are stored by the last instructions.
//
// Words: 2 rows, 3 columns, 4 blockRows, 5 blockColumns, 6 sources, 7 slots, 8 instructions, 9 bytes of the slots' table,
// then per slot its scratch offset behind the table, then the sources (SOURCE_WORDS each), then the instructions (4 each).
import { expandRows, MOVE, runOperator, STORE } from "./chainLoops";
import { failCommand } from "./failure";
import { shareFirst, word } from "./words";

const HEAD: usize = 10;
/** kind, address, then up to five terms of (divisor, modulus, stride): a row's place is the sum of (row / d % m) * s. */
const SOURCE_WORDS: usize = 17;

/** Kinds of sources. WHOLE: same index. SPLAT: one element. COLUMNS: one row for all, repeated in scratch. ROW: that row, read
 * in place. PER_ROW: one value per row, in row order. ROWS: a row found by the terms. VALUES: a value found by the terms.
 * ONE_HOT: i32 column numbers per row. */
const WHOLE: u32 = 0;
const SPLAT: u32 = 1;
const COLUMNS: u32 = 2;
const ROW: u32 = 3;
const PER_ROW: u32 = 4;
const ROWS: u32 = 5;
const VALUES: u32 = 6;
const ONE_HOT: u32 = 7;

/** The element of a source that row `row` begins at. */
@inline
function rowPlace(source: usize, row: usize): usize {
  let place: usize = 0;
  for (let t: usize = 2; t < SOURCE_WORDS; t += 3) {
    const divisor = word(source, t);
    if (divisor == 0) break;
    place += ((row / divisor) % word(source, t + 1)) * word(source, t + 2);
  }
  return place;
}

/** Sources that are the same for every block. */
function prepareOnce(source: usize, slot: usize, rows: usize, columns: usize): void {
  const kind = <u32>word(source, 0), at = word(source, 1);
  if (kind == SPLAT) expandRows(slot, at, 1, rows * columns);
  else if (kind == COLUMNS) for (let i: usize = 0; i < rows; i++) memory.copy(slot + ((i * columns) << 2), at, columns << 2);
}

/** ONE_HOT: false when an index is neither -1 nor a column. */
function oneHotRows(at: usize, slot: usize, r0: usize, rows: usize, columns: usize): bool {
  memory.fill(slot, 0, (rows * columns) << 2);
  let good = true;
  for (let i: usize = 0; i < rows; i++) {
    const index = load<i32>(at + ((r0 + i) << 2));
    if (index >= 0 && <usize>index < columns) store<f32>(slot + ((i * columns + index) << 2), 1);
    else if (index != -1) good = false;
  }
  return good;
}

/** ROWS: copied to `slot`, unless they lie as in the block, one after the other; returns where they are. */
function placeRows(source: usize, slot: usize, r0: usize, rows: usize, c0: usize, width: usize): usize {
  const at = word(source, 1);
  const first = rowPlace(source, r0);
  if (rows == 1) return at + ((first + c0) << 2);
  // One term with divisor 1 walks through the source; inside a period the block can be read in place.
  if (word(source, 2) == 1 && word(source, 5) == 0 && word(source, 4) == width && (r0 % word(source, 3)) + rows <= word(source, 3)) {
    return at + (first << 2);
  }
  for (let i: usize = 0; i < rows; i++) memory.copy(slot + ((i * width) << 2), at + (rowPlace(source, r0 + i) << 2), width << 2);
  return slot;
}

/** Where a source's elements of the block are. */
function placeSource(source: usize, slot: usize, r0: usize, rows: usize, c0: usize, width: usize, columns: usize): usize {
  const at = word(source, 1);
  switch (<u32>word(source, 0)) {
    case WHOLE: return at + ((r0 * columns + c0) << 2);
    case ROW: return at + (c0 << 2);
    case PER_ROW: return at + (r0 << 2);
    case ROWS: return placeRows(source, slot, r0, rows, c0, width);
    case VALUES: {
      for (let i: usize = 0; i < rows; i++) store<u32>(slot + (i << 2), load<u32>(at + (rowPlace(source, r0 + i) << 2)));
      return slot;
    }
    case ONE_HOT: return oneHotRows(at, slot, r0, rows, columns) ? slot : 0;
    default: return slot;
  }
}

/** This thread's blocks. `scratch` holds the slots' table and the slots. */
export function chainCommand(w: usize, thread: u32, threads: u32, scratch: usize, plan: usize, control: usize): void {
  const rows = word(w, 2), columns = word(w, 3), blockRows = word(w, 4), blockColumns = word(w, 5);
  const sources = word(w, 6), slots = word(w, 7), instructions = word(w, 8);
  const slotBase = scratch + word(w, 9);
  const firstSource = w + ((HEAD + slots) << 2);
  const code = firstSource + ((sources * SOURCE_WORDS) << 2);
  const codeEnd = code + (instructions << 4);
  const segments = (columns + blockColumns - 1) / blockColumns;
  const units = ((rows + blockRows - 1) / blockRows) * segments;
  const last = shareFirst(units, thread + 1, threads);
  let u = shareFirst(units, thread, threads);
  if (u >= last) return;
  for (let s: usize = 0; s < slots; s++) store<u32>(scratch + (s << 2), <u32>(slotBase + word(w, HEAD + s)));
  for (let s: usize = 0; s < sources; s++) {
    prepareOnce(firstSource + ((s * SOURCE_WORDS) << 2), slotBase + word(w, HEAD + s), blockRows, blockColumns);
  }
  for (; u < last; u++) {
    const r0 = (u / segments) * blockRows, c0 = (u % segments) * blockColumns;
    const r = min(blockRows, rows - r0), width = min(blockColumns, columns - c0);
    for (let s: usize = 0; s < sources; s++) {
      const source = firstSource + ((s * SOURCE_WORDS) << 2);
      const place = placeSource(source, slotBase + word(w, HEAD + s), r0, r, c0, width, columns);
      if (place == 0) failCommand(control, plan, w);
      else store<u32>(scratch + (s << 2), <u32>place);
    }
    runBlock(code, codeEnd, scratch, r, width, r0, r0 * columns + c0);
  }
}

/** Instruction words: op | perRow << 8, destination (slot, or address of the output), a | b << 16, c. */
function runBlock(code: usize, codeEnd: usize, table: usize, rows: usize, width: usize, r0: usize, first: usize): void {
  for (let p = code; p < codeEnd; p += 16) {
    const head = load<u32>(p);
    const op = head & 0xff;
    const perRow = head > 0xff;
    const n = perRow ? rows : rows * width;
    const destination = <usize>load<u32>(p, 4);
    const to = op == STORE || op == MOVE
      ? destination + ((perRow ? r0 : first) << 2)
      : <usize>load<u32>(table + (destination << 2));
    const a = <usize>load<u32>(table + ((<usize>load<u16>(p, 8)) << 2));
    const b = <usize>load<u32>(table + ((<usize>load<u16>(p, 10)) << 2));
    const c = <usize>load<u32>(table + ((<usize>load<u32>(p, 12)) << 2));
    runOperator(op, to, a, b, c, n, rows, width);
  }
}
