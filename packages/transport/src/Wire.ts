/**
 * The message envelope: JSON `{"v":1,"kind":…,…fields}` in UTF-8. Schemas come by kind (`@weft/protocol/messages`) and
 * say which strings are numbers or bytes: a `bigint` travels as decimal text, bytes as lower-case 0x-hex, and a JSON
 * number is only ever a safe integer. Bulk data never goes through here, it travels as raw messages of a channel.
 */

import { z } from "zod";
import { WireError } from "./WireError.ts";

const WIRE_VERSION = 1;
/** Longest JSON message in bytes; parsing needs a small multiple of it. */
export const MAX_JSON_BYTES = 256 << 10;

/** Object schemas by kind. A schema accepts both what `JSON.parse` gives and its own output. */
export type MessageSchemas = Readonly<Record<string, z.ZodType<object>>>;

/** A decoded message, discriminated by `kind`. */
export type WireMessage<Schemas extends MessageSchemas> = {
  [Kind in keyof Schemas & string]: { kind: Kind; body: z.output<Schemas[Kind]> };
}[keyof Schemas & string];

/** Bytes as a message field: 0x-hex on the wire, `Uint8Array` in the program, at most `maxBytes`. */
export function wireBytes({ maxBytes }: { maxBytes: number }) {
  const text = z
    .string()
    .max(2 + 2 * maxBytes)
    .regex(/^0x([0-9a-f]{2})*$/, "must be lower-case 0x-hex")
    .transform((hex) => new Uint8Array(Buffer.from(hex.slice(2), "hex")));
  return z.union([z.instanceof(Uint8Array).refine((bytes) => bytes.length <= maxBytes, "too long"), text]);
}

/** Checks and encodes a message. Throws `WireError` `kind`, `schema` or `oversize`; the fault is ours. */
export function encodeMessage<Schemas extends MessageSchemas, Kind extends keyof Schemas & string>(
  schemas: Schemas,
  kind: Kind,
  body: z.output<Schemas[Kind]>,
): Uint8Array {
  const schema = Object.hasOwn(schemas, kind) ? schemas[kind] : undefined;
  if (!schema) throw new WireError("kind", `unknown kind ${kind}`, { fault: "us" });
  const checked = schema.safeParse(body);
  if (!checked.success) throw new WireError("schema", `${kind}: ${firstIssue(checked.error)}`, { fault: "us" });
  const bytes = Buffer.from(stringify({ ...checked.data, v: WIRE_VERSION, kind }), "utf8");
  if (bytes.length > MAX_JSON_BYTES) {
    const detail = `${kind} of ${bytes.length} bytes, at most ${MAX_JSON_BYTES}`;
    throw new WireError("oversize", detail, { fault: "us" });
  }
  return bytes;
}

/**
 * Decodes a message of one of the kinds of `schemas`. Throws only `WireError`: `oversize` before anything is parsed,
 * then `malformed`, `version`, `kind`, `schema` in that order.
 */
export function decodeMessage<Schemas extends MessageSchemas>(
  schemas: Schemas,
  bytes: Uint8Array,
  { maxBytes = MAX_JSON_BYTES }: { maxBytes?: number } = {},
): WireMessage<Schemas> {
  if (bytes.length > maxBytes) throw new WireError("oversize", `message of ${bytes.length} bytes, at most ${maxBytes}`);
  const { v, kind, ...fields } = parseObject(bytes);
  if (v !== WIRE_VERSION) throw new WireError("version", `version ${describe(v)}, only ${WIRE_VERSION} is known`);
  if (typeof kind !== "string") throw new WireError("kind", "the kind is no string");
  const schema = Object.hasOwn(schemas, kind) ? schemas[kind] : undefined;
  if (!schema) throw new WireError("kind", `unknown kind ${describe(kind)}`);
  return { kind, body: check(schema, fields) } as WireMessage<Schemas>;
}

function check(schema: z.ZodType<object>, fields: object): object {
  let checked: z.ZodSafeParseResult<object>;
  try {
    checked = schema.safeParse(fields);
  } catch (cause) {
    // A refinement that throws on strange input is still the sender's bad input.
    throw new WireError("schema", "the message could not be checked", { cause });
  }
  if (!checked.success) throw new WireError("schema", firstIssue(checked.error));
  return checked.data;
}

/** `JSON.stringify` that knows `bigint` and bytes. */
function stringify(value: unknown): string {
  return JSON.stringify(value, (_, field) => {
    if (typeof field === "bigint") return field.toString();
    if (field instanceof Uint8Array) return `0x${Buffer.from(field).toString("hex")}`;
    return field;
  });
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function parseObject(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    throw new WireError("malformed", "not JSON in UTF-8", { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new WireError("malformed", "not a JSON object");
  }
  return value as Record<string, unknown>;
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue ? `${issue.path.join(".").slice(0, 80)} ${issue.message}`.trim() : "does not match its schema";
}

/** A foreign value in a few characters. */
function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 32));
  return typeof value === "number" ? String(value) : typeof value;
}
