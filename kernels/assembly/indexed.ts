// Operators that take rows by an i32 index (spec/tensor.md §3.5, §3.6) and conversions. An index that is neither -1 nor a
// row fails the command (failure.ts); nothing is read or written for it.
import { canonical } from "./lanes";
import { failCommand } from "./failure";
import { copyRun, fillRun } from "./moves";
import { shareFirst, word } from "./words";

/** Words: 2 table, 3 index, 4 out, 5 rows of the table, 6 bytes of a row, 7 indices, 8 fill element, 9 bytes of an element. */
export function gatherCommand(w: usize, thread: u32, threads: u32, plan: usize, control: usize): void {
  const table = word(w, 2), index = word(w, 3), rows = word(w, 5), bytes = word(w, 6), fill = <u32>word(w, 8);
  const last = shareFirst(word(w, 7), thread + 1, threads);
  for (let i = shareFirst(word(w, 7), thread, threads); i < last; i++) {
    const row = load<i32>(index + (i << 2));
    const to = word(w, 4) + i * bytes;
    if (row >= 0 && <usize>row < rows) copyRun(to, table + <usize>row * bytes, bytes);
    else if (row == -1) fillRun(to, fill, bytes, word(w, 9));
    else failCommand(control, plan, w);
  }
}

/** Words: 2 index, 3 out, 4 indices, 5 size. */
export function oneHotCommand(w: usize, thread: u32, threads: u32, plan: usize, control: usize): void {
  const out = word(w, 3), size = word(w, 5);
  const first = shareFirst(word(w, 4), thread, threads), last = shareFirst(word(w, 4), thread + 1, threads);
  memory.fill(out + ((first * size) << 2), 0, ((last - first) * size) << 2);
  for (let i = first; i < last; i++) {
    const column = load<i32>(word(w, 2) + (i << 2));
    if (column >= 0 && <usize>column < size) store<f32>(out + ((i * size + column) << 2), 1);
    else if (column != -1) failCommand(control, plan, w);
  }
}

@inline
function addRow(to: usize, from: usize, bytes: usize): void {
  const end = to + bytes;
  for (; to + 16 <= end; to += 16, from += 16) v128.store(to, canonical(f32x4.add(v128.load(to), v128.load(from))));
  for (; to < end; to += 4, from += 4) {
    const x = load<f32>(to) + load<f32>(from);
    store<f32>(to, x == x ? x : reinterpret<f32>(0x7fc00000));
  }
}

/** Words: 2 x, 3 index, 4 out, 5 indices, 6 bytes of a row, 7 rows of out. A thread owns rows of out. */
export function scatterAddCommand(w: usize, thread: u32, threads: u32, plan: usize, control: usize): void {
  const x = word(w, 2), out = word(w, 4), count = word(w, 5), bytes = word(w, 6), rows = word(w, 7);
  const first = shareFirst(rows, thread, threads), last = shareFirst(rows, thread + 1, threads);
  memory.fill(out + first * bytes, 0, (last - first) * bytes);
  for (let i: usize = 0; i < count; i++) {
    const row = load<i32>(word(w, 3) + (i << 2));
    if (row == -1) continue;
    if (row < 0 || <usize>row >= rows) failCommand(control, plan, w);
    else if (<usize>row >= first && <usize>row < last) addRow(out + <usize>row * bytes, x + i * bytes, bytes);
  }
}

/** Words: 2 x f32, 3 out i8, 4 elements. NaN gives 0, otherwise clamped to [-127, 127] and rounded to even. */
export function toInt8Command(w: usize, thread: u32, threads: u32): void {
  const low = f32x4.splat(-127), high = f32x4.splat(127);
  const last = shareFirst(word(w, 4), thread + 1, threads);
  for (let i = shareFirst(word(w, 4), thread, threads); i < last; i += 4) {
    // A vector may begin before the last elements of another thread's share or end past the tensor: stored one by one.
    const x = f32x4.nearest(f32x4.min(high, f32x4.max(low, v128.load(word(w, 2) + (i << 2)))));
    const n = i32x4.trunc_sat_f32x4_s(x);
    const to = word(w, 3) + i;
    store<i8>(to, <i8>i32x4.extract_lane(n, 0));
    if (i + 1 < last) store<i8>(to, <i8>i32x4.extract_lane(n, 1), 1);
    if (i + 2 < last) store<i8>(to, <i8>i32x4.extract_lane(n, 2), 2);
    if (i + 3 < last) store<i8>(to, <i8>i32x4.extract_lane(n, 3), 3);
  }
}

/** Words: 2 x i32, 3 out f32, 4 elements. */
export function toFloatCommand(w: usize, thread: u32, threads: u32): void {
  const from = word(w, 2), to = word(w, 3);
  const last = shareFirst(word(w, 4), thread + 1, threads);
  let i = shareFirst(word(w, 4), thread, threads);
  for (; i + 4 <= last; i += 4) v128.store(to + (i << 2), f32x4.convert_i32x4_s(v128.load(from + (i << 2))));
  for (; i < last; i++) store<f32>(to + (i << 2), <f32>load<i32>(from + (i << 2)));
}
