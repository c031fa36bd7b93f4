// Moves (spec/tensor.md §3.5): strided copies, which transpose, slice, concat and expand come down to, and swapPairs. They
// change no bit. The host (packages/tensor/src/kernel/encodeMove.ts) drops and merges axes and picks the form.
import { transposeWords } from "./transpose4";
import { shareFirst, word } from "./words";

/** Forms of a copy, by its two innermost axes. */
const RUNS: usize = 0;
const FILL: usize = 1;
const TRANSPOSE: usize = 2;
const SINGLE: usize = 3;

/** Longest run that is copied here; longer ones are the engine's own business. */
const SHORT_BYTES: usize = 1024;

/** Copies a run of bytes that do not overlap. */
@inline
export function copyRun(to: usize, from: usize, bytes: usize): void {
  if (bytes > SHORT_BYTES) {
    memory.copy(to, from, bytes);
    return;
  }
  const end = to + bytes;
  for (; to + 16 <= end; to += 16, from += 16) v128.store(to, v128.load(from));
  for (; to + 4 <= end; to += 4, from += 4) store<u32>(to, load<u32>(from));
  for (; to < end; to++, from++) store<u8>(to, load<u8>(from));
}

/** Fills with one element of 4 bytes or 1, given as a word. */
@inline
export function fillRun(to: usize, element: u32, bytes: usize, elementBytes: usize): void {
  if (elementBytes == 1) {
    memory.fill(to, <u8>element, bytes);
    return;
  }
  const x = i32x4.splat(element);
  const end = to + bytes;
  for (; to + 16 <= end; to += 16) v128.store(to, x);
  for (; to < end; to += 4) store<u32>(to, element);
}

@inline
function loadElement(from: usize, bytes: usize): u32 {
  return bytes == 4 ? load<u32>(from) : <u32>load<u8>(from);
}

function copySingles(from: usize, xStep: usize, to: usize, outStep: usize, count: usize, bytes: usize): void {
  for (let i: usize = 0; i < count; i++) {
    if (bytes == 4) store<u32>(to, load<u32>(from));
    else store<u8>(to, load<u8>(from));
    from += xStep;
    to += outStep;
  }
}

/**
 * Words: 2 x, 3 out, 4 bytes of an element, 5 form, 6 outer axes, 7 and on per outer axis, innermost first: size, stride in
 * x, stride in out; then the same for the second innermost axis and for the innermost one. Strides are bytes.
 */
export function copyCommand(w: usize, thread: u32, threads: u32): void {
  const bytes = word(w, 4), form = word(w, 5), axes = word(w, 6);
  const inner = w + ((7 + 3 * axes) << 2);
  const m = word(inner, 0), mx = word(inner, 1), mo = word(inner, 2);
  const n = word(inner, 3), nx = word(inner, 4), no = word(inner, 5);
  let outer: usize = 1;
  for (let i: usize = 0; i < axes; i++) outer *= word(w, 7 + 3 * i);
  const grain: usize = form == TRANSPOSE ? 16 : 1;
  const perOuter = (m + grain - 1) / grain;
  const last = shareFirst(outer * perOuter, thread + 1, threads);
  for (let u = shareFirst(outer * perOuter, thread, threads); u < last; ) {
    let rest = u / perOuter;
    const first = u - rest * perOuter;
    const units = min(perOuter - first, last - u);
    u += units;
    const i0 = first * grain;
    const count = min(m, (first + units) * grain) - i0;
    let from = word(w, 2) + i0 * mx, to = word(w, 3) + i0 * mo;
    for (let i: usize = 0; i < axes; i++) {
      const size = word(w, 7 + 3 * i);
      const index = rest % size;
      rest /= size;
      from += index * word(w, 8 + 3 * i);
      to += index * word(w, 9 + 3 * i);
    }
    if (form == TRANSPOSE && bytes == 4) {
      transposeWords(from, nx, to, mo, n, count);
      continue;
    }
    for (let i: usize = 0; i < count; i++) {
      if (form == RUNS) copyRun(to, from, n * bytes);
      else if (form == FILL) fillRun(to, loadElement(from, bytes), n * bytes, bytes);
      else copySingles(from, nx, to, no, n, bytes);
      from += mx;
      to += mo;
    }
  }
}

/** Words: 2 x, 3 out, 4 pairs, 5 bytes of an element. */
export function swapPairsCommand(w: usize, thread: u32, threads: u32): void {
  const pairs = word(w, 4), bytes = word(w, 5);
  let i = shareFirst(pairs, thread, threads);
  const last = shareFirst(pairs, thread + 1, threads);
  const from = word(w, 2), to = word(w, 3);
  if (bytes == 1) {
    for (; i < last; i++) {
      const pair = load<u16>(from + (i << 1));
      store<u16>(to + (i << 1), bswap<u16>(pair));
    }
    return;
  }
  for (; i + 2 <= last; i += 2) {
    const x = v128.load(from + (i << 3));
    v128.store(to + (i << 3), v128.shuffle<i32>(x, x, 1, 0, 3, 2));
  }
  if (i < last) store<u64>(to + (i << 3), rotr<u64>(load<u64>(from + (i << 3)), 32));
}
