// The inner loops of a chain: one operator over a block (spec/tensor.md §3.3, §4). Blocks lie in scratch padded to 64
// bytes and operands may be read up to 60 bytes past their end, so a loop takes 64 bytes at a time. Pairs of
// neighbouring vectors are loaded before the first store, for engines that fuse them.
// Not here: canonical NaNs; no operator's other results depend on a NaN's bits, so the store at the end does that once.
import { canonical, constants, expPair, logConstants, logLanes, storeCanonicalPair, storePair, tanhLanes } from "./lanes";
import { maxAlongRows, sumAlongRows } from "./rowReductions";

export const ADD: u32 = 1;
export const SUB: u32 = 2;
export const MUL: u32 = 3;
export const DIV: u32 = 4;
export const MAX: u32 = 5;
export const MIN: u32 = 6;
export const GT: u32 = 7;
export const SELECT: u32 = 8;
export const NEG: u32 = 9;
export const ABS: u32 = 10;
export const SQRT: u32 = 11;
export const EXP: u32 = 12;
export const LOG: u32 = 13;
export const TANH: u32 = 14;
export const SWAP: u32 = 15;
export const TO_FLOAT: u32 = 16;
/** fl(fl(a·b) + c): two operators in one pass. */
export const MUL_ADD: u32 = 17;
export const REDUCE_SUM: u32 = 18;
export const REDUCE_MAX: u32 = 19;
/** One value per row to the whole row. */
export const EXPAND: u32 = 20;
/** To the output, NaNs canonical. */
export const STORE: u32 = 21;
/** To the output, bit for bit. */
export const MOVE: u32 = 22;

@inline
function compute2(op: u32, x: v128, y: v128): v128 {
  if (op == ADD) return f32x4.add(x, y);
  if (op == SUB) return f32x4.sub(x, y);
  if (op == MUL) return f32x4.mul(x, y);
  if (op == DIV) return f32x4.div(x, y);
  if (op == MAX) return f32x4.pmax(x, y);
  if (op == MIN) return f32x4.pmin(x, y);
  return v128.and(f32x4.gt(x, y), f32x4.splat(1));
}

@inline
function compute1(op: u32, x: v128): v128 {
  if (op == NEG) return f32x4.neg(x);
  if (op == ABS) return f32x4.abs(x);
  if (op == SQRT) return f32x4.sqrt(x);
  if (op == SWAP) return v128.shuffle<i32>(x, x, 1, 0, 3, 2);
  return f32x4.convert_i32x4_s(x);
}

@inline
function loop2(op: u32, d: usize, a: usize, b: usize, n: usize): void {
  for (const end = d + (n << 2); d < end; d += 64) {
    const p = compute2(op, v128.load(a), v128.load(b)), q = compute2(op, v128.load(a, 16), v128.load(b, 16));
    const r = compute2(op, v128.load(a, 32), v128.load(b, 32)), s = compute2(op, v128.load(a, 48), v128.load(b, 48));
    storePair(d, p, q);
    storePair(d + 32, r, s);
    a += 64;
    b += 64;
  }
}

@inline
function loop1(op: u32, d: usize, a: usize, n: usize): void {
  for (const end = d + (n << 2); d < end; d += 64) {
    const p = compute1(op, v128.load(a)), q = compute1(op, v128.load(a, 16));
    const r = compute1(op, v128.load(a, 32)), s = compute1(op, v128.load(a, 48));
    storePair(d, p, q);
    storePair(d + 32, r, s);
    a += 64;
  }
}

function expLoop(d: usize, a: usize, n: usize): void {
  for (const end = d + (n << 2); d < end; d += 32, a += 32) expPair(a, d);
}

function logLoop(d: usize, a: usize, n: usize): void {
  const t = logConstants;
  for (const end = d + (n << 2); d < end; d += 32, a += 32) {
    const q = logLanes(v128.load(a, 16), t, 16), p = logLanes(v128.load(a), t, 0);
    storePair(d, p, q);
  }
}

function tanhLoop(d: usize, a: usize, n: usize): void {
  const t = constants;
  for (const end = d + (n << 2); d < end; d += 32, a += 32) {
    const q = tanhLanes(v128.load(a, 16), t, 16), p = tanhLanes(v128.load(a), t, 0);
    storePair(d, p, q);
  }
}

function mulAddLoop(d: usize, a: usize, b: usize, c: usize, n: usize): void {
  for (const end = d + (n << 2); d < end; d += 32) {
    const p = f32x4.add(f32x4.mul(v128.load(a), v128.load(b)), v128.load(c));
    const q = f32x4.add(f32x4.mul(v128.load(a, 16), v128.load(b, 16)), v128.load(c, 16));
    storePair(d, p, q);
    a += 32;
    b += 32;
    c += 32;
  }
}

function selectLoop(d: usize, c: usize, a: usize, b: usize, n: usize): void {
  const zero = f32x4.splat(0);
  for (const end = d + (n << 2); d < end; d += 32) {
    const p = v128.bitselect(v128.load(b), v128.load(a), f32x4.eq(v128.load(c), zero));
    const q = v128.bitselect(v128.load(b, 16), v128.load(a, 16), f32x4.eq(v128.load(c, 16), zero));
    storePair(d, p, q);
    a += 32;
    b += 32;
    c += 32;
  }
}

/** Each of `rows` values to `columns` places. A vector past a row's end is overwritten by the next row. */
export function expandRows(d: usize, a: usize, rows: usize, columns: usize): void {
  const bytes = columns << 2;
  for (let i: usize = 0; i < rows; i++) {
    const x = v128.load32_splat(a + (i << 2));
    for (let j: usize = 0; j < bytes; j += 32) storePair(d + j, x, x);
    d += bytes;
  }
}

/** Twice the word of the largest number that is no NaN, the sign shifted out. */
const INFINITE_WORD: u32 = 0xff000000;

/** Exactly `n` elements to the output, NaNs canonical: moved as they are, the largest word kept, and gone over again if it is a NaN. */
function storeCanonical(to: usize, a: usize, n: usize): void {
  const first = to, end = to + (n << 2);
  let low = i32x4.splat(0), high = low;
  for (; to + 64 <= end; to += 64, a += 64) {
    const p = v128.load(a), q = v128.load(a, 16), r = v128.load(a, 32), s = v128.load(a, 48);
    low = i32x4.max_u(low, i32x4.max_u(i32x4.shl(p, 1), i32x4.shl(r, 1)));
    high = i32x4.max_u(high, i32x4.max_u(i32x4.shl(q, 1), i32x4.shl(s, 1)));
    storePair(to, p, q);
    storePair(to + 32, r, s);
  }
  if (v128.any_true(i32x4.gt_u(i32x4.max_u(low, high), i32x4.splat(INFINITE_WORD)))) canonicalise(first, to);
  for (; to + 16 <= end; to += 16, a += 16) v128.store(to, canonical(v128.load(a)));
  for (; to < end; to += 4, a += 4) {
    const x = load<f32>(a);
    store<f32>(to, x == x ? x : reinterpret<f32>(0x7fc00000));
  }
}

/** In place, from `to` to `end`, in pairs of vectors. */
function canonicalise(to: usize, end: usize): void {
  for (; to < end; to += 32) storeCanonicalPair(to, v128.load(to), v128.load(to, 16));
}

/** Runs one operator over `n` elements (`rows` rows of `columns` for those that know rows). */
export function runOperator(op: u32, d: usize, a: usize, b: usize, c: usize, n: usize, rows: usize, columns: usize): void {
  switch (op) {
    case ADD: loop2(ADD, d, a, b, n); break;
    case SUB: loop2(SUB, d, a, b, n); break;
    case MUL: loop2(MUL, d, a, b, n); break;
    case DIV: loop2(DIV, d, a, b, n); break;
    case MAX: loop2(MAX, d, a, b, n); break;
    case MIN: loop2(MIN, d, a, b, n); break;
    case GT: loop2(GT, d, a, b, n); break;
    case SELECT: selectLoop(d, a, b, c, n); break;
    case NEG: loop1(NEG, d, a, n); break;
    case ABS: loop1(ABS, d, a, n); break;
    case SQRT: loop1(SQRT, d, a, n); break;
    case EXP: expLoop(d, a, n); break;
    case LOG: logLoop(d, a, n); break;
    case TANH: tanhLoop(d, a, n); break;
    case SWAP: loop1(SWAP, d, a, n); break;
    case TO_FLOAT: loop1(TO_FLOAT, d, a, n); break;
    case MUL_ADD: mulAddLoop(d, a, b, c, n); break;
    case REDUCE_SUM: sumAlongRows(a, columns << 2, rows, columns, d); break;
    case REDUCE_MAX: maxAlongRows(a, columns << 2, rows, columns, d); break;
    case EXPAND: expandRows(d, a, rows, columns); break;
    case STORE: storeCanonical(d, a, n); break;
    case MOVE: memory.copy(d, a, n << 2); break;
    default: unreachable();
  }
}
