// Lane-wise building blocks of numericsId `fp32-seq-unfused`: NaN rule and the exp, log, tanh recipes (spec/tensor.md §4.1).
// Every recipe is adds, multiplies, IEEE divisions and integer shifts in one fixed order. No FMA, no reassociation.
// Constants are read from memory: V8 would put a vector constant together anew at every use. Functions of one vector take `o`, 0 or
// 16: used on both vectors of a pair, with 0 and with 16, they read neighbouring constants, which a wide engine fuses.
// Not here: correctly rounded functions; the bounds these reach are in spec/tensor.md.

/** Constants of exp and tanh, every one eight times. */
const TABLE = memory.data<u32>([
  0x7fc00000, 0x7fc00000, 0x7fc00000, 0x7fc00000, 0x7fc00000, 0x7fc00000, 0x7fc00000, 0x7fc00000, // NAN: 0x7fc00000
  0x4b400000, 0x4b400000, 0x4b400000, 0x4b400000, 0x4b400000, 0x4b400000, 0x4b400000, 0x4b400000, // MAGIC: 12582912.0
  0xc2d00000, 0xc2d00000, 0xc2d00000, 0xc2d00000, 0xc2d00000, 0xc2d00000, 0xc2d00000, 0xc2d00000, // LEAST: -104.0
  0x42b20000, 0x42b20000, 0x42b20000, 0x42b20000, 0x42b20000, 0x42b20000, 0x42b20000, 0x42b20000, // MOST: 89.0
  0x3fb8aa3b, 0x3fb8aa3b, 0x3fb8aa3b, 0x3fb8aa3b, 0x3fb8aa3b, 0x3fb8aa3b, 0x3fb8aa3b, 0x3fb8aa3b, // INVERSE_LN2: 1.44269504
  0x3f317200, 0x3f317200, 0x3f317200, 0x3f317200, 0x3f317200, 0x3f317200, 0x3f317200, 0x3f317200, // LN2_HIGH: 0.693145752
  0x35bfbe8e, 0x35bfbe8e, 0x35bfbe8e, 0x35bfbe8e, 0x35bfbe8e, 0x35bfbe8e, 0x35bfbe8e, 0x35bfbe8e, // LN2_LOW: 0.00000142860677
  0x0000007f, 0x0000007f, 0x0000007f, 0x0000007f, 0x0000007f, 0x0000007f, 0x0000007f, 0x0000007f, // BIAS: 127
  0x42b17218, 0x42b17218, 0x42b17218, 0x42b17218, 0x42b17218, 0x42b17218, 0x42b17218, 0x42b17218, // OVERFLOW: 88.72284
  0xc2cff1b4, 0xc2cff1b4, 0xc2cff1b4, 0xc2cff1b4, 0xc2cff1b4, 0xc2cff1b4, 0xc2cff1b4, 0xc2cff1b4, // UNDERFLOW: -103.97208
  0x7f800000, 0x7f800000, 0x7f800000, 0x7f800000, 0x7f800000, 0x7f800000, 0x7f800000, 0x7f800000, // INFINITE: 0x7f800000
  0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000, // ONE: 1.0
  0x39506967, 0x39506967, 0x39506967, 0x39506967, 0x39506967, 0x39506967, 0x39506967, 0x39506967, // E0: 0.00019875691500
  0x3ab743ce, 0x3ab743ce, 0x3ab743ce, 0x3ab743ce, 0x3ab743ce, 0x3ab743ce, 0x3ab743ce, 0x3ab743ce, // E1: 0.0013981999507
  0x3c088908, 0x3c088908, 0x3c088908, 0x3c088908, 0x3c088908, 0x3c088908, 0x3c088908, 0x3c088908, // E2: 0.0083334519073
  0x3d2aa9c1, 0x3d2aa9c1, 0x3d2aa9c1, 0x3d2aa9c1, 0x3d2aa9c1, 0x3d2aa9c1, 0x3d2aa9c1, 0x3d2aa9c1, // E3: 0.041665795894
  0x3e2aaaaa, 0x3e2aaaaa, 0x3e2aaaaa, 0x3e2aaaaa, 0x3e2aaaaa, 0x3e2aaaaa, 0x3e2aaaaa, 0x3e2aaaaa, // E4: 0.16666665459
  0x3f000000, 0x3f000000, 0x3f000000, 0x3f000000, 0x3f000000, 0x3f000000, 0x3f000000, 0x3f000000, // E5: 0.50000001201
  0x80000000, 0x80000000, 0x80000000, 0x80000000, 0x80000000, 0x80000000, 0x80000000, 0x80000000, // SIGN: 0x80000000
  0x40000000, 0x40000000, 0x40000000, 0x40000000, 0x40000000, 0x40000000, 0x40000000, 0x40000000, // TWO: 2.0
  0x3f200000, 0x3f200000, 0x3f200000, 0x3f200000, 0x3f200000, 0x3f200000, 0x3f200000, 0x3f200000, // SMALL: 0.625
  0xbbbaf0ea, 0xbbbaf0ea, 0xbbbaf0ea, 0xbbbaf0ea, 0xbbbaf0ea, 0xbbbaf0ea, 0xbbbaf0ea, 0xbbbaf0ea, // T0: -0.00570498872745
  0x3ca9134e, 0x3ca9134e, 0x3ca9134e, 0x3ca9134e, 0x3ca9134e, 0x3ca9134e, 0x3ca9134e, 0x3ca9134e, // T1: 0.0206390887954
  0xbd5c1e2d, 0xbd5c1e2d, 0xbd5c1e2d, 0xbd5c1e2d, 0xbd5c1e2d, 0xbd5c1e2d, 0xbd5c1e2d, 0xbd5c1e2d, // T2: -0.0537397155531
  0x3e088393, 0x3e088393, 0x3e088393, 0x3e088393, 0x3e088393, 0x3e088393, 0x3e088393, 0x3e088393, // T3: 0.133314422036
  0xbeaaaa99, 0xbeaaaa99, 0xbeaaaa99, 0xbeaaaa99, 0xbeaaaa99, 0xbeaaaa99, 0xbeaaaa99, 0xbeaaaa99, // T4: -0.333332819422
], 32);

const NAN: usize = 0;
const MAGIC: usize = 32;
const LEAST: usize = 64;
const MOST: usize = 96;
const INVERSE_LN2: usize = 128;
const LN2_HIGH: usize = 160;
const LN2_LOW: usize = 192;
const BIAS: usize = 224;
const OVERFLOW: usize = 256;
const UNDERFLOW: usize = 288;
const INFINITE: usize = 320;
const ONE: usize = 352;
const E0: usize = 384;
const E1: usize = 416;
const E2: usize = 448;
const E3: usize = 480;
const E4: usize = 512;
const E5: usize = 544;
const SIGN: usize = 576;
const TWO: usize = 608;
const SMALL: usize = 640;
const T0: usize = 672;
const T1: usize = 704;
const T2: usize = 736;
const T3: usize = 768;
const T4: usize = 800;

/** Constants of log. */
const LOG_TABLE = memory.data<u32>([
  0x3d9021bb, 0x3d9021bb, 0x3d9021bb, 0x3d9021bb, 0x3d9021bb, 0x3d9021bb, 0x3d9021bb, 0x3d9021bb, // L0: 0.070376836292
  0xbdebd1b8, 0xbdebd1b8, 0xbdebd1b8, 0xbdebd1b8, 0xbdebd1b8, 0xbdebd1b8, 0xbdebd1b8, 0xbdebd1b8, // L1: -0.11514610310
  0x3def251a, 0x3def251a, 0x3def251a, 0x3def251a, 0x3def251a, 0x3def251a, 0x3def251a, 0x3def251a, // L2: 0.11676998740
  0xbdfe5d4f, 0xbdfe5d4f, 0xbdfe5d4f, 0xbdfe5d4f, 0xbdfe5d4f, 0xbdfe5d4f, 0xbdfe5d4f, 0xbdfe5d4f, // L3: -0.12420140846
  0x3e11e9bf, 0x3e11e9bf, 0x3e11e9bf, 0x3e11e9bf, 0x3e11e9bf, 0x3e11e9bf, 0x3e11e9bf, 0x3e11e9bf, // L4: 0.14249322787
  0xbe2aae50, 0xbe2aae50, 0xbe2aae50, 0xbe2aae50, 0xbe2aae50, 0xbe2aae50, 0xbe2aae50, 0xbe2aae50, // L5: -0.16668057665
  0x3e4cceac, 0x3e4cceac, 0x3e4cceac, 0x3e4cceac, 0x3e4cceac, 0x3e4cceac, 0x3e4cceac, 0x3e4cceac, // L6: 0.20000714765
  0xbe7ffffc, 0xbe7ffffc, 0xbe7ffffc, 0xbe7ffffc, 0xbe7ffffc, 0xbe7ffffc, 0xbe7ffffc, 0xbe7ffffc, // L7: -0.24999993993
  0x3eaaaaaa, 0x3eaaaaaa, 0x3eaaaaaa, 0x3eaaaaaa, 0x3eaaaaaa, 0x3eaaaaaa, 0x3eaaaaaa, 0x3eaaaaaa, // L8: 0.33333331174
  0xb95e8083, 0xb95e8083, 0xb95e8083, 0xb95e8083, 0xb95e8083, 0xb95e8083, 0xb95e8083, 0xb95e8083, // LOG_LN2_LOW: -0.000212194440
  0x3f318000, 0x3f318000, 0x3f318000, 0x3f318000, 0x3f318000, 0x3f318000, 0x3f318000, 0x3f318000, // LOG_LN2_HIGH: 0.693359375
  0xbf000000, 0xbf000000, 0xbf000000, 0xbf000000, 0xbf000000, 0xbf000000, 0xbf000000, 0xbf000000, // MINUS_HALF: -0.5
  0x3f3504f3, 0x3f3504f3, 0x3f3504f3, 0x3f3504f3, 0x3f3504f3, 0x3f3504f3, 0x3f3504f3, 0x3f3504f3, // ROOT_HALF: 0.707106781
  0x4b000000, 0x4b000000, 0x4b000000, 0x4b000000, 0x4b000000, 0x4b000000, 0x4b000000, 0x4b000000, // TWO_23: 8388608.0
  0x00800000, 0x00800000, 0x00800000, 0x00800000, 0x00800000, 0x00800000, 0x00800000, 0x00800000, // SMALLEST_NORMAL: 0x00800000
  0x007fffff, 0x007fffff, 0x007fffff, 0x007fffff, 0x007fffff, 0x007fffff, 0x007fffff, 0x007fffff, // FRACTION: 0x007fffff
  0xff800000, 0xff800000, 0xff800000, 0xff800000, 0xff800000, 0xff800000, 0xff800000, 0xff800000, // MINUS_INFINITE: 0xff800000
  0x0000007e, 0x0000007e, 0x0000007e, 0x0000007e, 0x0000007e, 0x0000007e, 0x0000007e, 0x0000007e, // W126: 126
  0x00000017, 0x00000017, 0x00000017, 0x00000017, 0x00000017, 0x00000017, 0x00000017, 0x00000017, // W23: 23
  0x7fc00000, 0x7fc00000, 0x7fc00000, 0x7fc00000, 0x7fc00000, 0x7fc00000, 0x7fc00000, 0x7fc00000, // LOG_NAN: 0x7fc00000
  0x7f800000, 0x7f800000, 0x7f800000, 0x7f800000, 0x7f800000, 0x7f800000, 0x7f800000, 0x7f800000, // LOG_INFINITE: 0x7f800000
  0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000, // LOG_ONE: 1.0
  0x3f000000, 0x3f000000, 0x3f000000, 0x3f000000, 0x3f000000, 0x3f000000, 0x3f000000, 0x3f000000, // HALF_EXPONENT: 0x3f000000
], 32);

const L0: usize = 0;
const L1: usize = 32;
const L2: usize = 64;
const L3: usize = 96;
const L4: usize = 128;
const L5: usize = 160;
const L6: usize = 192;
const L7: usize = 224;
const L8: usize = 256;
const LOG_LN2_LOW: usize = 288;
const LOG_LN2_HIGH: usize = 320;
const MINUS_HALF: usize = 352;
const ROOT_HALF: usize = 384;
const TWO_23: usize = 416;
const SMALLEST_NORMAL: usize = 448;
const FRACTION: usize = 480;
const MINUS_INFINITE: usize = 512;
const W126: usize = 544;
const W23: usize = 576;
const LOG_NAN: usize = 608;
const LOG_INFINITE: usize = 640;
const LOG_ONE: usize = 672;
const HALF_EXPONENT: usize = 704;

/**
 * Where the tables are. Exported, so that the optimiser must take them for changing: V8 knows loads from fixed places not to trap and
 * then does not move them past those that may, which keeps neighbours apart.
 */
export let constants: usize = TABLE;
export let logConstants: usize = LOG_TABLE;

@inline
function the(t: usize, constant: usize): v128 {
  return v128.load(t + constant);
}

/** Replaces every NaN lane by 0x7fc00000: WASM leaves sign and payload of a produced NaN open. */
@inline
export function canonical(x: v128, t: usize = TABLE, o: usize = 0): v128 {
  return v128.bitselect(x, the(t, NAN + o), f32x4.eq(x, x));
}

/** Two vectors to neighbouring places, in the order that a wide engine fuses without a store more. */
@inline
export function storePair(to: usize, low: v128, high: v128): void {
  v128.store(to, high, 16);
  v128.store(to, low);
}

/** The same with canonical NaNs. */
@inline
export function storeCanonicalPair(to: usize, low: v128, high: v128): void {
  const t = constants;
  const q = canonical(high, t, 16), p = canonical(low, t, 0);
  storePair(to, p, q);
}

/** fl(fl(p·x) + c). */
@inline
function horner(p: v128, c: usize, x: v128, t: usize): v128 {
  return f32x4.add(f32x4.mul(p, x), the(t, c));
}

/** e^x where it is neither beyond the range of fp32 nor NaN; subnormal results are rounded once. */
@inline
function expInside(x: v128, t: usize, o: usize): v128 {
  // Clamped so that the integer path never overflows; the clamped lanes are replaced at the end.
  const c = f32x4.pmax(the(t, LEAST + o), f32x4.pmin(the(t, MOST + o), x));
  const shifted = f32x4.add(f32x4.mul(c, the(t, INVERSE_LN2 + o)), the(t, MAGIC + o));
  const nf = f32x4.sub(shifted, the(t, MAGIC + o));
  const n = i32x4.sub(shifted, the(t, MAGIC + o));
  let r = f32x4.sub(c, f32x4.mul(nf, the(t, LN2_HIGH + o)));
  r = f32x4.sub(r, f32x4.mul(nf, the(t, LN2_LOW + o)));
  let p = horner(the(t, E0 + o), E1 + o, r, t);
  p = horner(p, E2 + o, r, t);
  p = horner(p, E3 + o, r, t);
  p = horner(p, E4 + o, r, t);
  p = horner(p, E5 + o, r, t);
  p = f32x4.mul(p, f32x4.mul(r, r));
  p = f32x4.add(f32x4.add(p, r), the(t, ONE + o));
  // Two powers of two, so that n in -150..128 stays in range and only the last product rounds.
  const half = i32x4.shr_s(n, 1);
  p = f32x4.mul(p, i32x4.shl(i32x4.add(half, the(t, BIAS + o)), 23));
  return f32x4.mul(p, i32x4.shl(i32x4.add(i32x4.sub(n, half), the(t, BIAS + o)), 23));
}

/** e^x. Above 88.72284 gives +inf, below -103.97208 gives +0. */
@inline
export function expLanes(x: v128, t: usize = constants, o: usize = 0): v128 {
  return expEdges(x, expInside(x, t, o), t, o);
}

/** e^x of the 32 bytes at `x` to `out`. */
@inline
export function expPair(x: usize, out: usize): void {
  const t = constants;
  const high = v128.load(x, 16), low = v128.load(x);
  const q = expInside(high, t, 16), p = expInside(low, t, 0);
  storePair(out, p, q);
  // Most blocks have no element beyond the range and no NaN.
  const inside = v128.and(
    v128.and(f32x4.le(low, the(t, OVERFLOW)), f32x4.ge(low, the(t, UNDERFLOW))),
    v128.and(f32x4.le(high, the(t, OVERFLOW)), f32x4.ge(high, the(t, UNDERFLOW))),
  );
  if (!i32x4.all_true(inside)) mendEdges(low, high, out);
}

/** The powers at `out` of two vectors of which some elements are beyond the range. */
function mendEdges(low: v128, high: v128, out: usize): void {
  const t = constants;
  const q = expEdges(high, v128.load(out, 16), t, 16), p = expEdges(low, v128.load(out), t, 0);
  storePair(out, p, q);
}

/** What e^x is beyond the range of the polynomial and for a NaN. */
@inline
function expEdges(x: v128, p: v128, t: usize, o: usize): v128 {
  p = v128.bitselect(the(t, INFINITE + o), p, f32x4.gt(x, the(t, OVERFLOW + o)));
  p = v128.andnot(p, f32x4.lt(x, the(t, UNDERFLOW + o)));
  return v128.bitselect(p, the(t, NAN + o), f32x4.eq(x, x));
}

/** ln x. Negative gives NaN, ±0 gives -inf, +inf gives +inf; subnormals are scaled by 2^23 first. */
@inline
export function logLanes(x: v128, t: usize = logConstants, o: usize = 0): v128 {
  const tiny = f32x4.lt(x, the(t, SMALLEST_NORMAL + o));
  const scaled = v128.bitselect(f32x4.mul(x, the(t, TWO_23 + o)), x, tiny);
  let e = i32x4.sub(i32x4.shr_u(scaled, 23), the(t, W126 + o));
  e = i32x4.sub(e, v128.and(tiny, the(t, W23 + o)));
  let m = v128.or(v128.and(scaled, the(t, FRACTION + o)), the(t, HALF_EXPONENT + o));
  const low = f32x4.lt(m, the(t, ROOT_HALF + o));
  e = i32x4.add(e, low); // the mask is -1
  m = f32x4.sub(f32x4.add(m, v128.and(low, m)), the(t, LOG_ONE + o));
  const fe = f32x4.convert_i32x4_s(e);
  const z = f32x4.mul(m, m);
  let p = horner(the(t, L0 + o), L1 + o, m, t);
  p = horner(p, L2 + o, m, t);
  p = horner(p, L3 + o, m, t);
  p = horner(p, L4 + o, m, t);
  p = horner(p, L5 + o, m, t);
  p = horner(p, L6 + o, m, t);
  p = horner(p, L7 + o, m, t);
  p = horner(p, L8 + o, m, t);
  p = f32x4.mul(f32x4.mul(p, m), z);
  p = f32x4.add(p, f32x4.mul(fe, the(t, LOG_LN2_LOW + o)));
  p = f32x4.add(p, f32x4.mul(z, the(t, MINUS_HALF + o)));
  p = f32x4.add(m, p);
  p = f32x4.add(p, f32x4.mul(fe, the(t, LOG_LN2_HIGH + o)));
  p = v128.bitselect(x, p, f32x4.eq(x, the(t, LOG_INFINITE + o)));
  p = v128.bitselect(the(t, MINUS_INFINITE + o), p, f32x4.eq(x, f32x4.splat(0.0)));
  return v128.bitselect(p, the(t, LOG_NAN + o), f32x4.ge(x, f32x4.splat(0.0)));
}

/** tanh x: an odd polynomial below 0.625, 1 - 2/(e^2|x| + 1) with the sign of x from there on. */
@inline
export function tanhLanes(x: v128, t: usize = constants, o: usize = 0): v128 {
  const sign = v128.and(x, the(t, SIGN + o));
  const a = f32x4.abs(x);
  const z = f32x4.mul(x, x);
  let p = horner(the(t, T0 + o), T1 + o, z, t);
  p = horner(p, T2 + o, z, t);
  p = horner(p, T3 + o, z, t);
  p = horner(p, T4 + o, z, t);
  p = f32x4.add(f32x4.mul(f32x4.mul(p, z), x), x);
  const s = expLanes(f32x4.add(a, a), t, o);
  const big = v128.or(f32x4.sub(the(t, ONE + o), f32x4.div(the(t, TWO + o), f32x4.add(s, the(t, ONE + o)))), sign);
  p = v128.bitselect(p, big, f32x4.lt(a, the(t, SMALL + o)));
  return v128.bitselect(p, the(t, NAN + o), f32x4.eq(x, x));
}
