// Operands for Float32 in Solidity, weighted to where binary32 is hard, and what a processor's own fp32 gives for them.
import { bitsOf, fromBits } from "@weft/tensor/recipes";
import { ELEMENTWISE, toFloat, toInt8 } from "@weft/tensor/reference/elementwise";
import { seedWords } from "@weft/tensor/seedStream";

export type Operation = {
  readonly name: string;
  /** Of operand words, the second 0 or unused for an operation of one. */
  readonly compute: (a: number, b: number) => number;
};

const ofTwo = (compute: (a: number, b: number) => number) => (a: number, b: number) =>
  bitsOf(compute(fromBits(a), fromBits(b)));
const compare = (holds: (a: number, b: number) => boolean) => (a: number, b: number) =>
  Number(holds(fromBits(a), fromBits(b)));

/** (i32 bits) → i32: f32.reinterpret_i32, i32.trunc_sat_f32_s. */
const truncation = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 3, 2, 1, 0],
  ...[7, 5, 1, 1, 102, 0, 0, 10, 9, 1, 7, 0, 32, 0, 0xbe, 0xfc, 0, 11],
);
/** What this processor makes of it, through its WebAssembly. */
const truncate = new WebAssembly.Instance(new WebAssembly.Module(truncation), {}).exports["f"] as (
  bits: number,
) => number;

/** In the order of Float32Machine. */
export const OPERATIONS: readonly Operation[] = [
  { name: "add", compute: ofTwo(ELEMENTWISE.add) },
  { name: "sub", compute: ofTwo(ELEMENTWISE.sub) },
  { name: "mul", compute: ofTwo(ELEMENTWISE.mul) },
  { name: "div", compute: ofTwo(ELEMENTWISE.div) },
  { name: "sqrt", compute: ofTwo(ELEMENTWISE.sqrt) },
  { name: "eq", compute: compare((a, b) => a === b) },
  { name: "lt", compute: compare((a, b) => a < b) },
  { name: "le", compute: compare((a, b) => a <= b) },
  { name: "max", compute: ofTwo(ELEMENTWISE.max) },
  { name: "min", compute: ofTwo(ELEMENTWISE.min) },
  { name: "negated", compute: ofTwo(ELEMENTWISE.neg) },
  { name: "magnitude", compute: ofTwo(ELEMENTWISE.abs) },
  { name: "fromInt32", compute: (a) => bitsOf(toFloat(a | 0)) },
  { name: "toInt8", compute: (a) => toInt8(fromBits(a)) >>> 0 },
  { name: "toInt32", compute: (a) => truncate(a) >>> 0 },
];

/** Zeros, subnormals and their neighbours, ones, halves of places, the largest, infinities, NaNs, ties of toInt8, ends of int32. */
const EDGES = [
  0x00000000, 0x80000000, 0x00000001, 0x80000001, 0x00000003, 0x00400000, 0x007fffff, 0x807fffff, 0x00800000,
  0x00800001, 0x00ffffff, 0x3f000000, 0x3f7fffff, 0x3f800000, 0x3f800001, 0xbf800000, 0x33800000, 0x33800001,
  0x34000000, 0x40200000, 0x42fd0000, 0x42fe0000, 0xc2ff0000, 0x4b7fffff, 0x4b800000, 0xcb800001, 0x5f800000,
  0x7f000000, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00001, 0x7f800001, 0x4effffff,
  0x4f000000, 0xceffffff, 0xcf000000, 0xcf000001, 0x3fffffff, 0xbfffffff,
];

const SIGN = 0x80000000;
const word = (bits: number): number => bits >>> 0;
const edge = (w: number): number => EDGES[w % EDGES.length]!;
/** Exponent low … low + range - 1, any sign and fraction. */
const within = (w: number, low: number, range: number): number =>
  word((w & 0x807fffff) | ((low + ((w >>> 23) % range)) << 23));
/** A fraction of few bits: sums and products of such are ties more often than chance has it. */
const short = (w: number): number => word(w & ~((1 << (w & 31)) - 1));

/** Kinds of pairs from two or three random words. */
const PAIRS: readonly ((v: number, w: number, u: number) => [number, number])[] = [
  (v, w) => [edge(v), edge(w)],
  (v, w) => [edge(v), w],
  (v, w) => [v, w],
  // Subnormals with subnormals, and with what brings them back.
  (v, w) => [word(v & 0x80ffffff), word(w & 0x80ffffff)],
  (v, w) => [word(v & 0x807fffff), within(w, 120, 135)],
  // Cancellation: one operand is the other's negative but for a few places.
  (v, w) => [v, word(v ^ SIGN ^ ((1 << (w % 27)) - 1))],
  (v, w) => [v, word(v + (w % 64) - 32)],
  (v, w) => [within(v, 126, 3), word(within(w, 126, 3))],
  // Halfway: a distance of up to 26 places between operands of few bits.
  (v, w, u) => [short(within(v, 126, 2)), short(within(w, 100 + (u % 27), 2))],
  (v, w) => [word(within(v, 126, 2) | 1), within(w & SIGN, 102, 2)],
  // Overflow, and products and quotients about the least normal.
  (v, w) => [within(v, 252, 3), within(w, 226, 29)],
  (v, w, u) => [within(v, 60, 70), within(w, 60 - (u % 30), 8)],
  (v, w, u) => [within(v, 1, 30), within(w, 126 + (u % 30), 8)],
  // Fractions that are cut off, up to where int32 ends.
  (v, w) => [within(v, 126, 34), within(w, 154, 6)],
  // Small integers and halves.
  (v, w) => [bitsOf(((v | 0) >> 23) / 2), bitsOf(((w | 0) >> 22) / 4)],
];

/** `count` pairs of words one after the other, from a seed that is a number. */
export function hardPairs(seed: number, count: number): Uint32Array {
  const draws = seedWords(new Uint8Array(32).fill(7), "tests/float32", seed, 4 * count);
  const pairs = new Uint32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const [kind, v, w, u] = draws.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number];
    const [a, b] = PAIRS[kind % PAIRS.length]!(v, w, u);
    const swap = kind >>> 31 === 1;
    pairs.set(swap ? [b, a] : [a, b], 2 * i);
  }
  return pairs;
}
