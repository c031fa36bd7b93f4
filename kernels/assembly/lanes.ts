// Lane-wise building blocks of numericsId `fp32-seq-unfused`: NaN rule and the exp, log, tanh recipes (spec/tensor.md §3).
// Every recipe is adds, multiplies, IEEE divisions and integer shifts in one fixed order. No FMA, no reassociation.
// Not here: correctly rounded functions; the bounds these reach are in spec/tensor.md.

/** Replaces every NaN lane by 0x7fc00000: WASM leaves sign and payload of a produced NaN open. */
@inline
export function canonical(x: v128): v128 {
  return v128.bitselect(x, i32x4.splat(0x7fc00000), f32x4.eq(x, x));
}

@inline
function fma_unfused(a: v128, b: f32, c: v128): v128 {
  return f32x4.add(f32x4.mul(a, c), f32x4.splat(b));
}

/** e^x. Above 88.72284 gives +inf, below -103.97208 gives +0, subnormal results are rounded once. */
@inline
export function expLanes(x: v128): v128 {
  const magic = f32x4.splat(12582912.0);
  // Clamped so that the integer path never overflows; the clamped lanes are replaced at the end.
  const c = f32x4.pmax(f32x4.splat(-104.0), f32x4.pmin(f32x4.splat(89.0), x));
  const t = f32x4.add(f32x4.mul(c, f32x4.splat(1.44269504)), magic);
  const nf = f32x4.sub(t, magic);
  const n = i32x4.sub(t, i32x4.splat(0x4b400000));
  let r = f32x4.sub(c, f32x4.mul(nf, f32x4.splat(0.693145752)));
  r = f32x4.sub(r, f32x4.mul(nf, f32x4.splat(0.00000142860677)));
  let p = f32x4.splat(0.00019875691500);
  p = fma_unfused(p, 0.0013981999507, r);
  p = fma_unfused(p, 0.0083334519073, r);
  p = fma_unfused(p, 0.041665795894, r);
  p = fma_unfused(p, 0.16666665459, r);
  p = fma_unfused(p, 0.50000001201, r);
  p = f32x4.mul(p, f32x4.mul(r, r));
  p = f32x4.add(f32x4.add(p, r), f32x4.splat(1.0));
  // Two powers of two, so that n in -150..128 stays in range and only the last product rounds.
  const half = i32x4.shr_s(n, 1);
  const rest = i32x4.sub(n, half);
  const bias = i32x4.splat(127);
  p = f32x4.mul(p, i32x4.shl(i32x4.add(half, bias), 23));
  p = f32x4.mul(p, i32x4.shl(i32x4.add(rest, bias), 23));
  p = v128.bitselect(f32x4.splat(Infinity), p, f32x4.gt(x, f32x4.splat(88.72284)));
  p = v128.bitselect(f32x4.splat(0.0), p, f32x4.lt(x, f32x4.splat(-103.97208)));
  return v128.bitselect(p, i32x4.splat(0x7fc00000), f32x4.eq(x, x));
}

/** ln x. Negative gives NaN, ±0 gives -inf, +inf gives +inf; subnormals are scaled by 2^23 first. */
@inline
export function logLanes(x: v128): v128 {
  const tiny = f32x4.lt(x, i32x4.splat(0x00800000));
  const scaled = v128.bitselect(f32x4.mul(x, f32x4.splat(8388608.0)), x, tiny);
  let e = i32x4.sub(i32x4.shr_u(scaled, 23), i32x4.splat(126));
  e = i32x4.sub(e, v128.and(tiny, i32x4.splat(23)));
  let m = v128.or(v128.and(scaled, i32x4.splat(0x007fffff)), i32x4.splat(0x3f000000));
  const low = f32x4.lt(m, f32x4.splat(0.707106781));
  e = i32x4.add(e, low); // the mask is -1
  m = f32x4.sub(f32x4.add(m, v128.and(low, m)), f32x4.splat(1.0));
  const fe = f32x4.convert_i32x4_s(e);
  const z = f32x4.mul(m, m);
  let p = f32x4.splat(0.070376836292);
  p = fma_unfused(p, -0.11514610310, m);
  p = fma_unfused(p, 0.11676998740, m);
  p = fma_unfused(p, -0.12420140846, m);
  p = fma_unfused(p, 0.14249322787, m);
  p = fma_unfused(p, -0.16668057665, m);
  p = fma_unfused(p, 0.20000714765, m);
  p = fma_unfused(p, -0.24999993993, m);
  p = fma_unfused(p, 0.33333331174, m);
  p = f32x4.mul(f32x4.mul(p, m), z);
  p = f32x4.add(p, f32x4.mul(fe, f32x4.splat(-0.000212194440)));
  p = f32x4.add(p, f32x4.mul(z, f32x4.splat(-0.5)));
  p = f32x4.add(m, p);
  p = f32x4.add(p, f32x4.mul(fe, f32x4.splat(0.693359375)));
  p = v128.bitselect(x, p, f32x4.eq(x, f32x4.splat(Infinity)));
  p = v128.bitselect(f32x4.splat(-Infinity), p, f32x4.eq(x, f32x4.splat(0.0)));
  return v128.bitselect(p, i32x4.splat(0x7fc00000), f32x4.ge(x, f32x4.splat(0.0)));
}

/** tanh x: an odd polynomial below 0.625, 1 - 2/(e^2|x| + 1) with the sign of x from there on. */
@inline
export function tanhLanes(x: v128): v128 {
  const sign = v128.and(x, i32x4.splat(0x80000000));
  const a = f32x4.abs(x);
  const z = f32x4.mul(x, x);
  let p = f32x4.splat(-0.00570498872745);
  p = fma_unfused(p, 0.0206390887954, z);
  p = fma_unfused(p, -0.0537397155531, z);
  p = fma_unfused(p, 0.133314422036, z);
  p = fma_unfused(p, -0.333332819422, z);
  p = f32x4.add(f32x4.mul(f32x4.mul(p, z), x), x);
  const one = f32x4.splat(1.0);
  const s = expLanes(f32x4.add(a, a));
  const big = v128.or(f32x4.sub(one, f32x4.div(f32x4.splat(2.0), f32x4.add(s, one))), sign);
  p = v128.bitselect(p, big, f32x4.lt(a, f32x4.splat(0.625)));
  return v128.bitselect(p, i32x4.splat(0x7fc00000), f32x4.eq(x, x));
}
