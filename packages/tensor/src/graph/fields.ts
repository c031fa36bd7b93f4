// The kinds of fields that graphs are made of, each with its check in words and in code, for untrusted data.
import { GRAPH_LIMITS, type Shape } from "./Graph.ts";
import { refuse } from "./refuse.ts";

const WORD_LIMIT = 2 ** 32;
const { dimension, elements, rank, nameCharacters } = GRAPH_LIMITS;

function isInteger(value: unknown, low: number, high: number): value is number {
  return Number.isInteger(value) && !Object.is(value, -0) && Number(value) >= low && Number(value) <= high;
}

function isList(value: unknown, [least, most]: readonly [number, number], low: number, high: number): boolean {
  if (!Array.isArray(value) || value.length < least || value.length > most) return false;
  return Array.from(value).every((item) => isInteger(item, low, high));
}

/** True for a shape within the limits of §2. */
export function isShape(value: unknown): value is Shape {
  if (!isList(value, [1, rank], 1, dimension)) return false;
  return (value as number[]).reduce((count, size) => count * size, 1) <= elements;
}

type FieldKind = { readonly says: string; readonly accepts: (value: unknown) => boolean };
const oneOf = (...words: string[]): FieldKind => ({
  says: words.map((word) => `"${word}"`).join(" or "),
  accepts: (value) => words.includes(value as string),
});

const FIELD_KINDS = {
  natural: { says: `an integer from 0 to ${elements}`, accepts: (value) => isInteger(value, 0, elements) },
  theta: { says: "an integer from 2 to 2147483647", accepts: (value) => isInteger(value, 2, 2 ** 31 - 1) },
  word: { says: "the 32 bits of an fp32 as an unsigned integer", accepts: (v) => isInteger(v, 0, WORD_LIMIT - 1) },
  element: {
    says: "one element: an fp32 word, or an i32 or i8",
    accepts: (v) => isInteger(v, -(2 ** 31), WORD_LIMIT - 1),
  },
  shape: {
    says: `1 to ${rank} dimensions of 1 to ${dimension}, together at most ${elements} elements`,
    accepts: isShape,
  },
  axes: { says: `up to ${rank} axes`, accepts: (value) => isList(value, [1, rank], 0, rank - 1) },
  pair: { says: "two integers from 0 to 16777216", accepts: (value) => isList(value, [2, 2], 0, dimension) },
  quad: { says: "four integers from 0 to 16777216", accepts: (value) => isList(value, [4, 4], 0, dimension) },
  values: {
    says: `up to ${GRAPH_LIMITS.operands} value numbers`,
    accepts: (value) => isList(value, [0, GRAPH_LIMITS.operands], 0, elements),
  },
  part: oneOf("cos", "sin"),
  dtype: oneOf("f32", "i32", "i8"),
  role: oneOf("state", "batch", "scalar"),
  hash: {
    says: "0x and 64 lower-case hex digits",
    accepts: (v) => typeof v === "string" && /^0x[0-9a-f]{64}$/.test(v),
  },
  name: {
    says: `1 to ${nameCharacters} printable ASCII characters without space, quote and backslash`,
    accepts: (v) => typeof v === "string" && v.length <= nameCharacters && /^[!#-[\]-~]+$/.test(v),
  },
} as const satisfies Record<string, FieldKind>;
export type FieldName = keyof typeof FIELD_KINDS;

/** An object with exactly these fields, each of its kind. Throws TensorError `bad-graph`. */
export function checkFields(place: string, value: unknown, kinds: Readonly<Record<string, FieldName>>): void {
  const record = checkKeys(place, value, Object.keys(kinds));
  for (const [field, kind] of Object.entries(kinds)) {
    const { says, accepts } = FIELD_KINDS[kind];
    if (!accepts(record[field])) refuse(place, `${field} is ${show(record[field])}`, `use ${says}`);
  }
}

/** An object with exactly these keys. Throws TensorError `bad-graph`. */
export function checkKeys(place: string, value: unknown, keys: readonly string[]): Record<string, unknown> {
  const wanted = [...keys].sort().join(",");
  if (typeof value !== "object" || value === null || Array.isArray(value))
    refuse(place, `${show(value)} is not an object`, `use an object with the fields ${wanted}`);
  const found = Object.keys(value).sort().join(",");
  if (found !== wanted) refuse(place, `has the fields ${found.slice(0, 200)}`, `exactly these belong there: ${wanted}`);
  return value as Record<string, unknown>;
}

/** A short form of untrusted data for messages. */
export function show(value: unknown): string {
  if (typeof value === "bigint" || typeof value === "symbol" || typeof value === "function") return typeof value;
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return "an object";
  if (Array.isArray(value)) return `a list of ${value.length}${isList(value, [0, 8], -1e15, 1e15) ? `: ${value}` : ""}`;
  return String(value).slice(0, 80);
}
