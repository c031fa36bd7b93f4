// spec/vectors/tensor/recipes.json: constants of exp, log and tanh in fp32, and their values on edges and ordinary inputs.
import {
  bitsOf,
  EXP_COEFFICIENTS,
  EXP_CONSTANTS,
  expRecipe,
  fromBits,
  LOG_COEFFICIENTS,
  LOG_CONSTANTS,
  logRecipe,
  TANH_COEFFICIENTS,
  tanhRecipe,
} from "../recipes.ts";
import { seedWords } from "../seedStream.ts";
import { hexWord } from "./vectorText.ts";

const hexFloats = (values: Iterable<number>): string[] => Array.from(values, (value) => hexWord(bitsOf(value)));
const hexRecord = (record: Record<string, number>) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, hexWord(bitsOf(value))]));

const EDGE_BITS = [
  0x00000000, 0x80000000, 0x00000001, 0x80000001, 0x007fffff, 0x00800000, 0x33800000, 0x3f1fffff, 0x3f200000,
  0x3f3504f2, 0x3f3504f3, 0x3f800000, 0xbf800000, 0x40490fdb, 0xc0490fdb, 0x41102cb3, 0x42b17217, 0x42b17218,
  0xc2aeac50, 0xc2cff1b4, 0xc2cff1b6, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00001,
];

const randomBits = () => seedWords(new Uint8Array(32).fill(42), "vectors/recipes", 0, 32);

/** Words in hex; a row is an input and its exp, log and tanh. */
export function recipeVectors() {
  const ordinary = Array.from(randomBits(), (word) => Math.fround(((word >>> 8) * 2 ** -23 - 1) * 2));
  const inputs = [...EDGE_BITS, ...randomBits(), ...ordinary.map(bitsOf)];
  return {
    exp: { coefficients: hexFloats(EXP_COEFFICIENTS), ...hexRecord(EXP_CONSTANTS) },
    log: { coefficients: hexFloats(LOG_COEFFICIENTS), ...hexRecord(LOG_CONSTANTS) },
    tanh: { coefficients: hexFloats(TANH_COEFFICIENTS) },
    columns: ["input", "exp", "log", "tanh"],
    rows: inputs.map((bits) => {
      const x = fromBits(bits);
      return [hexWord(bits), ...hexFloats([expRecipe(x), logRecipe(x), tanhRecipe(x)])];
    }),
  };
}
