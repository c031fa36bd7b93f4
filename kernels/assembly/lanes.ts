// Lane-wise building blocks of numericsId `fp32-seq-unfused`: NaN rule and the exp, log, tanh recipes (spec/tensor.md §4.1).
// Every recipe is adds, multiplies, IEEE divisions and integer shifts in one fixed order. No FMA, no reassociation.
// Constants are read from memory: V8 would put a vector constant together anew at every use.
// Not here: correctly rounded functions; the bounds these reach are in spec/tensor.md.

/** Every constant four times. */
const TABLE = memory.data<u32>([
  0x7fc00000, 0x7fc00000, 0x7fc00000, 0x7fc00000, // NAN: 0x7fc00000
  0x4b400000, 0x4b400000, 0x4b400000, 0x4b400000, // MAGIC: 12582912.0
  0x4b400000, 0x4b400000, 0x4b400000, 0x4b400000, // MAGIC_WORD: 0x4b400000
  0xc2d00000, 0xc2d00000, 0xc2d00000, 0xc2d00000, // LEAST: -104.0
  0x42b20000, 0x42b20000, 0x42b20000, 0x42b20000, // MOST: 89.0
  0x3fb8aa3b, 0x3fb8aa3b, 0x3fb8aa3b, 0x3fb8aa3b, // INVERSE_LN2: 1.44269504
  0x3f317200, 0x3f317200, 0x3f317200, 0x3f317200, // LN2_HIGH: 0.693145752
  0x35bfbe8e, 0x35bfbe8e, 0x35bfbe8e, 0x35bfbe8e, // LN2_LOW: 0.00000142860677
  0x0000007f, 0x0000007f, 0x0000007f, 0x0000007f, // BIAS: 127
  0x42b17218, 0x42b17218, 0x42b17218, 0x42b17218, // OVERFLOW: 88.72284
  0xc2cff1b4, 0xc2cff1b4, 0xc2cff1b4, 0xc2cff1b4, // UNDERFLOW: -103.97208
  0x7f800000, 0x7f800000, 0x7f800000, 0x7f800000, // INFINITE: 0x7f800000
  0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000, // ONE: 1.0
  0x39506967, 0x39506967, 0x39506967, 0x39506967, // E0: 0.00019875691500
  0x3ab743ce, 0x3ab743ce, 0x3ab743ce, 0x3ab743ce, // E1: 0.0013981999507
  0x3c088908, 0x3c088908, 0x3c088908, 0x3c088908, // E2: 0.0083334519073
  0x3d2aa9c1, 0x3d2aa9c1, 0x3d2aa9c1, 0x3d2aa9c1, // E3: 0.041665795894
  0x3e2aaaaa, 0x3e2aaaaa, 0x3e2aaaaa, 0x3e2aaaaa, // E4: 0.16666665459
  0x3f000000, 0x3f000000, 0x3f000000, 0x3f000000, // E5: 0.50000001201
  0x3d9021bb, 0x3d9021bb, 0x3d9021bb, 0x3d9021bb, // L0: 0.070376836292
  0xbdebd1b8, 0xbdebd1b8, 0xbdebd1b8, 0xbdebd1b8, // L1: -0.11514610310
  0x3def251a, 0x3def251a, 0x3def251a, 0x3def251a, // L2: 0.11676998740
  0xbdfe5d4f, 0xbdfe5d4f, 0xbdfe5d4f, 0xbdfe5d4f, // L3: -0.12420140846
  0x3e11e9bf, 0x3e11e9bf, 0x3e11e9bf, 0x3e11e9bf, // L4: 0.14249322787
  0xbe2aae50, 0xbe2aae50, 0xbe2aae50, 0xbe2aae50, // L5: -0.16668057665
  0x3e4cceac, 0x3e4cceac, 0x3e4cceac, 0x3e4cceac, // L6: 0.20000714765
  0xbe7ffffc, 0xbe7ffffc, 0xbe7ffffc, 0xbe7ffffc, // L7: -0.24999993993
  0x3eaaaaaa, 0x3eaaaaaa, 0x3eaaaaaa, 0x3eaaaaaa, // L8: 0.33333331174
  0xb95e8083, 0xb95e8083, 0xb95e8083, 0xb95e8083, // LOG_LN2_LOW: -0.000212194440
  0x3f318000, 0x3f318000, 0x3f318000, 0x3f318000, // LOG_LN2_HIGH: 0.693359375
  0xbf000000, 0xbf000000, 0xbf000000, 0xbf000000, // MINUS_HALF: -0.5
  0x3f3504f3, 0x3f3504f3, 0x3f3504f3, 0x3f3504f3, // ROOT_HALF: 0.707106781
  0x4b000000, 0x4b000000, 0x4b000000, 0x4b000000, // TWO_23: 8388608.0
  0x00800000, 0x00800000, 0x00800000, 0x00800000, // SMALLEST_NORMAL: 0x00800000
  0x007fffff, 0x007fffff, 0x007fffff, 0x007fffff, // FRACTION: 0x007fffff
  0x3f000000, 0x3f000000, 0x3f000000, 0x3f000000, // HALF_EXPONENT: 0x3f000000
  0xff800000, 0xff800000, 0xff800000, 0xff800000, // MINUS_INFINITE: 0xff800000
  0x0000007e, 0x0000007e, 0x0000007e, 0x0000007e, // W126: 126
  0x00000017, 0x00000017, 0x00000017, 0x00000017, // W23: 23
  0x80000000, 0x80000000, 0x80000000, 0x80000000, // SIGN: 0x80000000
  0x40000000, 0x40000000, 0x40000000, 0x40000000, // TWO: 2.0
  0x3f200000, 0x3f200000, 0x3f200000, 0x3f200000, // SMALL: 0.625
  0xbbbaf0ea, 0xbbbaf0ea, 0xbbbaf0ea, 0xbbbaf0ea, // T0: -0.00570498872745
  0x3ca9134e, 0x3ca9134e, 0x3ca9134e, 0x3ca9134e, // T1: 0.0206390887954
  0xbd5c1e2d, 0xbd5c1e2d, 0xbd5c1e2d, 0xbd5c1e2d, // T2: -0.0537397155531
  0x3e088393, 0x3e088393, 0x3e088393, 0x3e088393, // T3: 0.133314422036
  0xbeaaaa99, 0xbeaaaa99, 0xbeaaaa99, 0xbeaaaa99, // T4: -0.333332819422
], 16);

const NAN: usize = 0;
const MAGIC: usize = 16;
const MAGIC_WORD: usize = 32;
const LEAST: usize = 48;
const MOST: usize = 64;
const INVERSE_LN2: usize = 80;
const LN2_HIGH: usize = 96;
const LN2_LOW: usize = 112;
const BIAS: usize = 128;
const OVERFLOW: usize = 144;
const UNDERFLOW: usize = 160;
const INFINITE: usize = 176;
const ONE: usize = 192;
const E0: usize = 208;
const E1: usize = 224;
const E2: usize = 240;
const E3: usize = 256;
const E4: usize = 272;
const E5: usize = 288;
const L0: usize = 304;
const L1: usize = 320;
const L2: usize = 336;
const L3: usize = 352;
const L4: usize = 368;
const L5: usize = 384;
const L6: usize = 400;
const L7: usize = 416;
const L8: usize = 432;
const LOG_LN2_LOW: usize = 448;
const LOG_LN2_HIGH: usize = 464;
const MINUS_HALF: usize = 480;
const ROOT_HALF: usize = 496;
const TWO_23: usize = 512;
const SMALLEST_NORMAL: usize = 528;
const FRACTION: usize = 544;
const HALF_EXPONENT: usize = 560;
const MINUS_INFINITE: usize = 576;
const W126: usize = 592;
const W23: usize = 608;
const SIGN: usize = 624;
const TWO: usize = 640;
const SMALL: usize = 656;
const T0: usize = 672;
const T1: usize = 688;
const T2: usize = 704;
const T3: usize = 720;
const T4: usize = 736;

@inline
function the(constant: usize): v128 {
  return v128.load(TABLE + constant);
}

/** Replaces every NaN lane by 0x7fc00000: WASM leaves sign and payload of a produced NaN open. */
@inline
export function canonical(x: v128): v128 {
  return v128.bitselect(x, the(NAN), f32x4.eq(x, x));
}

/** fl(fl(p·x) + c). */
@inline
function horner(p: v128, c: usize, x: v128): v128 {
  return f32x4.add(f32x4.mul(p, x), the(c));
}

/** e^x. Above 88.72284 gives +inf, below -103.97208 gives +0, subnormal results are rounded once. */
@inline
export function expLanes(x: v128): v128 {
  // Clamped so that the integer path never overflows; the clamped lanes are replaced at the end.
  const c = f32x4.pmax(the(LEAST), f32x4.pmin(the(MOST), x));
  const t = f32x4.add(f32x4.mul(c, the(INVERSE_LN2)), the(MAGIC));
  const nf = f32x4.sub(t, the(MAGIC));
  const n = i32x4.sub(t, the(MAGIC_WORD));
  let r = f32x4.sub(c, f32x4.mul(nf, the(LN2_HIGH)));
  r = f32x4.sub(r, f32x4.mul(nf, the(LN2_LOW)));
  let p = horner(the(E0), E1, r);
  p = horner(p, E2, r);
  p = horner(p, E3, r);
  p = horner(p, E4, r);
  p = horner(p, E5, r);
  p = f32x4.mul(p, f32x4.mul(r, r));
  p = f32x4.add(f32x4.add(p, r), the(ONE));
  // Two powers of two, so that n in -150..128 stays in range and only the last product rounds.
  const half = i32x4.shr_s(n, 1);
  p = f32x4.mul(p, i32x4.shl(i32x4.add(half, the(BIAS)), 23));
  p = f32x4.mul(p, i32x4.shl(i32x4.add(i32x4.sub(n, half), the(BIAS)), 23));
  return expEdges(x, p);
}

/** e^x of the 32 bytes at `x` to `out`: expLanes on two vectors, each constant read once. */
@inline
export function expPair(x: usize, out: usize): void {
  const x0 = v128.load(x), x1 = v128.load(x, 16);
  let k = the(MOST);
  let c0 = f32x4.pmin(k, x0), c1 = f32x4.pmin(k, x1);
  k = the(LEAST);
  c0 = f32x4.pmax(k, c0);
  c1 = f32x4.pmax(k, c1);
  k = the(INVERSE_LN2);
  let t0 = f32x4.mul(c0, k), t1 = f32x4.mul(c1, k);
  k = the(MAGIC);
  t0 = f32x4.add(t0, k);
  t1 = f32x4.add(t1, k);
  const f0 = f32x4.sub(t0, k), f1 = f32x4.sub(t1, k);
  k = the(MAGIC_WORD);
  const n0 = i32x4.sub(t0, k), n1 = i32x4.sub(t1, k);
  k = the(LN2_HIGH);
  let r0 = f32x4.sub(c0, f32x4.mul(f0, k)), r1 = f32x4.sub(c1, f32x4.mul(f1, k));
  k = the(LN2_LOW);
  r0 = f32x4.sub(r0, f32x4.mul(f0, k));
  r1 = f32x4.sub(r1, f32x4.mul(f1, k));
  k = the(E0);
  let p0 = f32x4.mul(k, r0), p1 = f32x4.mul(k, r1);
  for (let c = E1; c < E5; c += 16) {
    k = the(c);
    p0 = f32x4.mul(f32x4.add(p0, k), r0);
    p1 = f32x4.mul(f32x4.add(p1, k), r1);
  }
  k = the(E5);
  p0 = f32x4.mul(f32x4.add(p0, k), f32x4.mul(r0, r0));
  p1 = f32x4.mul(f32x4.add(p1, k), f32x4.mul(r1, r1));
  k = the(ONE);
  p0 = f32x4.add(f32x4.add(p0, r0), k);
  p1 = f32x4.add(f32x4.add(p1, r1), k);
  k = the(BIAS);
  const h0 = i32x4.shr_s(n0, 1), h1 = i32x4.shr_s(n1, 1);
  p0 = f32x4.mul(p0, i32x4.shl(i32x4.add(h0, k), 23));
  p1 = f32x4.mul(p1, i32x4.shl(i32x4.add(h1, k), 23));
  p0 = f32x4.mul(p0, i32x4.shl(i32x4.add(i32x4.sub(n0, h0), k), 23));
  p1 = f32x4.mul(p1, i32x4.shl(i32x4.add(i32x4.sub(n1, h1), k), 23));
  // Most blocks have no element beyond the range and no NaN.
  const inside = v128.and(
    v128.and(f32x4.le(x0, the(OVERFLOW)), f32x4.ge(x0, the(UNDERFLOW))), v128.and(f32x4.le(x1, the(OVERFLOW)), f32x4.ge(x1, the(UNDERFLOW))),
  );
  if (!i32x4.all_true(inside)) {
    p0 = expEdges(x0, p0);
    p1 = expEdges(x1, p1);
  }
  v128.store(out, p0);
  v128.store(out, p1, 16);
}

/** What e^x is beyond the range of the polynomial and for a NaN. */
@inline
function expEdges(x: v128, p: v128): v128 {
  p = v128.bitselect(the(INFINITE), p, f32x4.gt(x, the(OVERFLOW)));
  p = v128.andnot(p, f32x4.lt(x, the(UNDERFLOW)));
  return v128.bitselect(p, the(NAN), f32x4.eq(x, x));
}

/** ln x. Negative gives NaN, ±0 gives -inf, +inf gives +inf; subnormals are scaled by 2^23 first. */
@inline
export function logLanes(x: v128): v128 {
  const tiny = f32x4.lt(x, the(SMALLEST_NORMAL));
  const scaled = v128.bitselect(f32x4.mul(x, the(TWO_23)), x, tiny);
  let e = i32x4.sub(i32x4.shr_u(scaled, 23), the(W126));
  e = i32x4.sub(e, v128.and(tiny, the(W23)));
  let m = v128.or(v128.and(scaled, the(FRACTION)), the(HALF_EXPONENT));
  const low = f32x4.lt(m, the(ROOT_HALF));
  e = i32x4.add(e, low); // the mask is -1
  m = f32x4.sub(f32x4.add(m, v128.and(low, m)), the(ONE));
  const fe = f32x4.convert_i32x4_s(e);
  const z = f32x4.mul(m, m);
  let p = horner(the(L0), L1, m);
  p = horner(p, L2, m);
  p = horner(p, L3, m);
  p = horner(p, L4, m);
  p = horner(p, L5, m);
  p = horner(p, L6, m);
  p = horner(p, L7, m);
  p = horner(p, L8, m);
  p = f32x4.mul(f32x4.mul(p, m), z);
  p = f32x4.add(p, f32x4.mul(fe, the(LOG_LN2_LOW)));
  p = f32x4.add(p, f32x4.mul(z, the(MINUS_HALF)));
  p = f32x4.add(m, p);
  p = f32x4.add(p, f32x4.mul(fe, the(LOG_LN2_HIGH)));
  p = v128.bitselect(x, p, f32x4.eq(x, the(INFINITE)));
  p = v128.bitselect(the(MINUS_INFINITE), p, f32x4.eq(x, f32x4.splat(0.0)));
  return v128.bitselect(p, the(NAN), f32x4.ge(x, f32x4.splat(0.0)));
}

/** tanh x: an odd polynomial below 0.625, 1 - 2/(e^2|x| + 1) with the sign of x from there on. */
@inline
export function tanhLanes(x: v128): v128 {
  const sign = v128.and(x, the(SIGN));
  const a = f32x4.abs(x);
  const z = f32x4.mul(x, x);
  let p = horner(the(T0), T1, z);
  p = horner(p, T2, z);
  p = horner(p, T3, z);
  p = horner(p, T4, z);
  p = f32x4.add(f32x4.mul(f32x4.mul(p, z), x), x);
  const s = expLanes(f32x4.add(a, a));
  const big = v128.or(f32x4.sub(the(ONE), f32x4.div(the(TWO), f32x4.add(s, the(ONE)))), sign);
  p = v128.bitselect(p, big, f32x4.lt(a, the(SMALL)));
  return v128.bitselect(p, the(NAN), f32x4.eq(x, x));
}
