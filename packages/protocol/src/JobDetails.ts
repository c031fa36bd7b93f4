// A job's details, committed to field by field: the order carries only the root, each field opens by itself.
//
//   value  = canonical JSON text (keys sorted, no spaces, integers only)
//   leaf   = keccak256(0x00 ‖ abi.encode(string field, bytes32 salt, string value))
//   node   = keccak256(0x01 ‖ left ‖ right)
//   root   = binary tree over 8 positions; field i of `fieldNames` sits at position i, the others are 32 zero bytes
//
// A field has one fixed position, so a buyer can't show two values for it under one root. Salts keep a short value from
// being guessed; they come from outside (`saltsOf` derives them from one secret). Encryption to the winner is not here:
// sessions are encrypted by the transport.
import { concat, encodeAbiParameters, type Hex, keccak256, toHex } from "viem";
import { WeftError } from "./Errors.ts";
import { zeroHash } from "./fields.ts";
import type { Opening } from "./messages.ts";

/** Append only: a name's index is its place in the tree. At most `positions`. */
export const fieldNames = ["kind", "program", "corpus", "name", "start", "court"] as const;
export type FieldName = (typeof fieldNames)[number];

/** Leaves of the tree; a power of two. */
export const positions = 8;

/** What a field may hold. Numbers are safe integers: floats never cross a trust boundary. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type Details = Partial<Record<FieldName, Json>>;
export type Salts = Record<FieldName, Hex>;

/** One salt per field from one 32-byte secret. */
export function saltsOf(secret: Hex): Salts {
  const entries = fieldNames.map((field) => [field, keccak256(concat([secret, toHex(field)]))]);
  return Object.fromEntries(entries) as Salts;
}

/** Root of the details; goes into the order as `jobCommitment`. @throws WeftError `details.value` */
export function commit(details: Details, salts: Salts): Hex {
  return levels(details, salts).at(-1)?.[0] as Hex;
}

/** Opens one field. @throws WeftError `details.field` when the details have no such field, `details.value` */
export function open(details: Details, salts: Salts, field: FieldName): Opening {
  const value = details[field];
  if (value === undefined)
    throw new WeftError(`the details have no field ${field}`, { code: "details.field", fault: "us" });
  const path: Hex[] = [];
  let index = fieldNames.indexOf(field);
  for (const level of levels(details, salts).slice(0, -1)) {
    path.push(level[index ^ 1] as Hex);
    index >>= 1;
  }
  return { field, salt: salts[field], value: canonical(value), path };
}

/** True when `opening` is the one value that `root` holds for its field. Never throws. */
export function verify(root: Hex, opening: Opening): boolean {
  let index = (fieldNames as readonly string[]).indexOf(opening.field);
  if (index < 0 || opening.path.length !== Math.log2(positions) || !isCanonical(opening.value)) return false;
  if (![opening.salt, ...opening.path].every((hash) => /^0x[0-9a-f]{64}$/.test(hash))) return false;
  let node = leaf(opening.field, opening.salt, opening.value);
  for (const sibling of opening.path) {
    node = index % 2 === 0 ? parent(node, sibling) : parent(sibling, node);
    index >>= 1;
  }
  return node === root;
}

/** Value of a verified opening. @throws WeftError `details.forged` when it does not belong to `root` */
export function read(root: Hex, opening: Opening): Json {
  if (!verify(root, opening))
    throw new WeftError(`the opening of ${opening.field} does not belong to the order`, {
      code: "details.forged",
      fault: "provider",
      remedy: "ask another holder of the job's details",
    });
  return JSON.parse(opening.value) as Json;
}

function levels(details: Details, salts: Salts): Hex[][] {
  let level: Hex[] = Array.from({ length: positions }, (_, index) => {
    const field = fieldNames[index];
    const value = field === undefined ? undefined : details[field];
    return field === undefined || value === undefined ? zeroHash : leaf(field, salts[field], canonical(value));
  });
  const all = [level];
  while (level.length > 1) {
    const below = level;
    level = below.filter((_, index) => index % 2 === 0).map((left, index) => parent(left, below[2 * index + 1] as Hex));
    all.push(level);
  }
  return all;
}

const leafParameters = [{ type: "string" }, { type: "bytes32" }, { type: "string" }] as const;

const leaf = (field: string, salt: Hex, value: string): Hex =>
  keccak256(concat(["0x00", encodeAbiParameters(leafParameters, [field, salt, value])]));

const parent = (left: Hex, right: Hex): Hex => keccak256(concat(["0x01", left, right]));

/** @throws WeftError `details.value` for floats, undefined, bigint and nesting deeper than 16 */
export function canonical(value: Json, depth = 0): string {
  if (depth > 16 || (typeof value === "number" && (!Number.isSafeInteger(value) || Object.is(value, -0))))
    throw unfit(value);
  if (value === null || typeof value === "boolean" || typeof value === "number" || typeof value === "string")
    return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, depth + 1)).join(",")}]`;
  if (typeof value !== "object") throw unfit(value);
  const entries = Object.entries(value as { [key: string]: Json }).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item, depth + 1)}`).join(",")}}`;
}

const unfit = (value: unknown): WeftError =>
  new WeftError(`a job's details hold ${typeof value === "number" ? `the number ${value}` : typeof value}`, {
    code: "details.value",
    remedy: "use texts, safe integers, booleans, null, lists and mappings, at most 16 deep",
  });

function isCanonical(text: string): boolean {
  try {
    return canonical(JSON.parse(text) as Json) === text;
  } catch {
    return false;
  }
}
