// The inner loops of a chain: one operator over a block (spec/tensor.md §3.3, §4). Blocks lie in scratch padded to 64
// bytes and operands may be read up to 60 bytes past their end, so a loop takes 64 bytes at a time.
// Not here: canonical NaNs; no operator's other results depend on a NaN's bits, so the store at the end does that once.
import { canonical, expPair, logLanes, tanhLanes } from "./lanes";
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
    v128.store(d, compute2(op, v128.load(a), v128.load(b)));
    v128.store(d, compute2(op, v128.load(a, 16), v128.load(b, 16)), 16);
    v128.store(d, compute2(op, v128.load(a, 32), v128.load(b, 32)), 32);
    v128.store(d, compute2(op, v128.load(a, 48), v128.load(b, 48)), 48);
    a += 64;
    b += 64;
  }
}

@inline
function loop1(op: u32, d: usize, a: usize, n: usize): void {
  for (const end = d + (n << 2); d < end; d += 64) {
    v128.store(d, compute1(op, v128.load(a)));
    v128.store(d, compute1(op, v128.load(a, 16)), 16);
    v128.store(d, compute1(op, v128.load(a, 32)), 32);
    v128.store(d, compute1(op, v128.load(a, 48)), 48);
    a += 64;
  }
}

function expLoop(d: usize, a: usize, n: usize): void {
  for (const end = d + (n << 2); d < end; d += 32, a += 32) expPair(a, d);
}

function logLoop(d: usize, a: usize, n: usize): void {
  for (const end = d + (n << 2); d < end; d += 16, a += 16) v128.store(d, logLanes(v128.load(a)));
}

function tanhLoop(d: usize, a: usize, n: usize): void {
  for (const end = d + (n << 2); d < end; d += 16, a += 16) v128.store(d, tanhLanes(v128.load(a)));
}

function mulAddLoop(d: usize, a: usize, b: usize, c: usize, n: usize): void {
  for (const end = d + (n << 2); d < end; d += 32) {
    v128.store(d, f32x4.add(f32x4.mul(v128.load(a), v128.load(b)), v128.load(c)));
    v128.store(d, f32x4.add(f32x4.mul(v128.load(a, 16), v128.load(b, 16)), v128.load(c, 16)), 16);
    a += 32;
    b += 32;
    c += 32;
  }
}

function selectLoop(d: usize, c: usize, a: usize, b: usize, n: usize): void {
  const zero = f32x4.splat(0);
  for (const end = d + (n << 2); d < end; d += 16) {
    v128.store(d, v128.bitselect(v128.load(b), v128.load(a), f32x4.eq(v128.load(c), zero)));
    a += 16;
    b += 16;
    c += 16;
  }
}

/** Each of `rows` values to `columns` places. A vector past a row's end is overwritten by the next row. */
export function expandRows(d: usize, a: usize, rows: usize, columns: usize): void {
  const bytes = columns << 2;
  for (let i: usize = 0; i < rows; i++) {
    const x = v128.load32_splat(a + (i << 2));
    for (let j: usize = 0; j < bytes; j += 16) v128.store(d + j, x);
    d += bytes;
  }
}

/** Exactly `n` elements to the output, NaNs canonical. */
function storeCanonical(to: usize, a: usize, n: usize): void {
  const end = to + (n << 2);
  for (; to + 64 <= end; to += 64, a += 64) {
    let p = v128.load(a), q = v128.load(a, 16), r = v128.load(a, 32), s = v128.load(a, 48);
    // A NaN makes the total one (as two infinities may): only then is it worth looking at each.
    const total = f32x4.add(f32x4.add(p, q), f32x4.add(r, s));
    if (v128.any_true(f32x4.ne(total, total))) {
      p = canonical(p); q = canonical(q); r = canonical(r); s = canonical(s);
    }
    v128.store(to, p); v128.store(to, q, 16); v128.store(to, r, 32); v128.store(to, s, 48);
  }
  for (; to + 16 <= end; to += 16, a += 16) v128.store(to, canonical(v128.load(a)));
  for (; to < end; to += 4, a += 4) {
    const x = load<f32>(a);
    store<f32>(to, x == x ? x : reinterpret<f32>(0x7fc00000));
  }
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
