// Canonical JSON for hashing: object keys sorted by UTF-16 code unit, no white space, integers only.
// A subset of RFC 8785 in which a float cannot occur. Not here: floats, undefined, bigint, class instances.
import { TensorError } from "./TensorError.ts";

/** Encodes plain data. Throws TensorError `bad-program` naming the path of a value that has no canonical form. */
export function canonicalJson(value: unknown, path = "$"): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) return String(value);
    throw new TensorError(
      "bad-program",
      `${path} is ${value}, not a safe integer`,
      "express it as an integer, e.g. ppm",
    );
  }
  if (Array.isArray(value)) return `[${value.map((item, i) => canonicalJson(item, `${path}[${i}]`)).join(",")}]`;
  if (typeof value === "object") {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item, `${path}.${key}`)}`).join(",")}}`;
  }
  throw new TensorError("bad-program", `${path} is ${typeof value}, which JSON lacks`, "remove it or use a string");
}
