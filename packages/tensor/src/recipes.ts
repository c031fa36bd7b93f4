// The exp, log and tanh recipes of `fp32-seq-unfused` as scalar TypeScript (spec/tensor.md §4.1), the reference for the
// kernels. One Math.fround per fp32 operation: double arithmetic rounded once more is exact for + - * / sqrt.

const f = Math.fround;
const scratch = new DataView(new ArrayBuffer(4));

/** The bits of an fp32 value; NaN as 0x7fc00000. */
export function bitsOf(x: number): number {
  if (Number.isNaN(x)) return 0x7fc00000;
  scratch.setFloat32(0, x);
  return scratch.getUint32(0);
}

/** The fp32 value of 32 bits. */
export function fromBits(bits: number): number {
  scratch.setUint32(0, bits);
  return scratch.getFloat32(0);
}

/** fp32 coefficients, highest power first. */
export const EXP_COEFFICIENTS = [
  0.000198756915, 0.0013981999507, 0.0083334519073, 0.041665795894, 0.16666665459, 0.50000001201,
].map(f);
export const LOG_COEFFICIENTS = [
  0.070376836292, -0.1151461031, 0.1167699874, -0.12420140846, 0.14249322787, -0.16668057665, 0.20000714765,
  -0.24999993993, 0.33333331174,
].map(f);
export const TANH_COEFFICIENTS = [
  -0.00570498872745, 0.0206390887954, -0.0537397155531, 0.133314422036, -0.333332819422,
].map(f);
export const EXP_CONSTANTS = {
  overflow: f(88.72284),
  underflow: f(-103.97208),
  inverseLn2: fromBits(0x3fb8aa3b),
  magic: 12582912,
  ln2High: f(0.693145752),
  ln2Low: f(0.00000142860677),
};
export const LOG_CONSTANTS = { rootHalf: fromBits(0x3f3504f3), ln2High: f(0.693359375), ln2Low: f(-0.00021219444) };

/** ((c0 x + c1) x + c2) …, each product and each sum rounded. */
function horner(coefficients: readonly number[], x: number): number {
  let p = coefficients[0]!;
  for (let i = 1; i < coefficients.length; i++) p = f(f(p * x) + coefficients[i]!);
  return p;
}

/** e^x in fp32. */
export function expRecipe(x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  if (x > EXP_CONSTANTS.overflow) return Number.POSITIVE_INFINITY;
  if (x < EXP_CONSTANTS.underflow) return 0;
  const nf = f(f(f(x * EXP_CONSTANTS.inverseLn2) + EXP_CONSTANTS.magic) - EXP_CONSTANTS.magic);
  let r = f(x - f(nf * EXP_CONSTANTS.ln2High));
  r = f(r - f(nf * EXP_CONSTANTS.ln2Low));
  const p = f(f(f(horner(EXP_COEFFICIENTS, r) * f(r * r)) + r) + 1);
  const half = nf >> 1;
  return f(f(p * 2 ** half) * 2 ** (nf - half));
}

/** ln x in fp32. */
export function logRecipe(x: number): number {
  if (Number.isNaN(x) || x < 0) return Number.NaN;
  if (x === 0) return Number.NEGATIVE_INFINITY;
  if (x === Number.POSITIVE_INFINITY) return x;
  const subnormal = x < 2 ** -126;
  const bits = bitsOf(subnormal ? x * 2 ** 23 : x);
  let e = (bits >>> 23) - 126 - (subnormal ? 23 : 0);
  let m = fromBits((bits & 0x007fffff) | 0x3f000000);
  if (m < LOG_CONSTANTS.rootHalf) {
    e -= 1;
    m = f(m + m);
  }
  m = f(m - 1);
  const z = f(m * m);
  let p = f(f(horner(LOG_COEFFICIENTS, m) * m) * z);
  p = f(p + f(e * LOG_CONSTANTS.ln2Low));
  p = f(p + f(z * -0.5));
  return f(f(m + p) + f(e * LOG_CONSTANTS.ln2High));
}

/** tanh x in fp32. */
export function tanhRecipe(x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  const a = Math.abs(x);
  if (a < 0.625) {
    const z = f(x * x);
    return f(f(f(horner(TANH_COEFFICIENTS, z) * z) * x) + x);
  }
  const big = f(1 - f(2 / f(expRecipe(f(a + a)) + 1)));
  return x < 0 ? -big : big;
}
