// exp, log, sine and cosine in IEEE binary64 by `+ - * /` alone (spec/tensor.md §4.2), so that tables and schedules come
// out the same on any machine; Math.sin and its like may differ in the last place. Not here: arguments beyond the
// stated ranges, correctly rounded results (the error is a few units in the last place of binary64).

const LN2 = Math.LN2;
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const INVERSE_LN2 = Math.LOG2E;
const ROOT_2 = Math.SQRT2;
export const PI = Math.PI;
const TWO_OVER_PI = 0.6366197723675814;
/** π/2 in three parts of at most 33 bits, so that n times the first is exact for n below 2^20 (FreeBSD msun). */
const HALF_PI = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21] as const;

/** Constants by the names of the spec, for the vectors. */
export const BINARY64_CONSTANTS = {
  ln2: LN2,
  ln2High: LN2_HIGH,
  ln2Low: LN2_LOW,
  inverseLn2: INVERSE_LN2,
  root2: ROOT_2,
  pi: PI,
  twoOverPi: TWO_OVER_PI,
  halfPi1: HALF_PI[0],
  halfPi2: HALF_PI[1],
  halfPi3: HALF_PI[2],
};

/** ln x for 1 ≤ x < 2^31. */
export function log64(x: number): number {
  let m = x;
  let e = 0;
  for (; m > ROOT_2; e++) m = m / 2;
  const s = (m - 1) / (m + 1);
  const z = s * s;
  let p = 0;
  for (let k = 14; k >= 0; k--) p = p * z + 1 / (2 * k + 1);
  return e * LN2 + 2 * s * p;
}

/** e^x for -700 < x ≤ 0. */
export function exp64(x: number): number {
  const n = Math.floor(x * INVERSE_LN2 + 0.5);
  const r = x - n * LN2_HIGH - n * LN2_LOW;
  let p = 1;
  for (let k = 16; k >= 1; k--) p = 1 + (p * r) / k;
  for (let i = n; i < 0; i++) p = p / 2;
  return p;
}

/** Cosine and sine of 0 ≤ a ≤ 2^20. */
export function cosSin64(a: number): readonly [cos: number, sin: number] {
  const n = Math.floor(a * TWO_OVER_PI + 0.5);
  const r = a - n * HALF_PI[0] - n * HALF_PI[1] - n * HALF_PI[2];
  const z = r * r;
  let c = 1;
  let s = 1;
  for (let k = 8; k >= 1; k--) {
    c = 1 - (c * z) / ((2 * k - 1) * (2 * k));
    s = 1 - (s * z) / (2 * k * (2 * k + 1));
  }
  s = s * r;
  if (n % 4 === 0) return [c, s];
  if (n % 4 === 1) return [-s, c];
  return n % 4 === 2 ? [-c, -s] : [s, -c];
}
