// Reader and writer of the safetensors format (huggingface/safetensors: README.md). Reads F32, F16, BF16, I32, I8 and U8
// (16-bit floats are widened to f32, U8 to i32, all exactly), writes F32, I32 and I8. The reader takes hostile bytes: every
// size is checked against the bytes at hand before anything is allocated, and what it allocates is at most four times
// the file. Not here: other dtypes, tensors without elements, memory mapping, sharded indices.
import { isShape, show } from "../graph/fields.ts";
import { DTYPE_BYTES, type Dtype, describeType, elementCount, type Shape, type ValueType } from "../graph/Graph.ts";
import { bitsView, type TensorValue } from "../graph/TensorValue.ts";
import { TensorError } from "../TensorError.ts";
import { readFloats, readWords, writeWords } from "./ByteReader.ts";
import { widenBrainFloats, widenHalves } from "./halfFloats.ts";
import type { NamedValue } from "./NamedValue.ts";

/** Largest accepted header, bytes; one tensor needs about a hundred. */
const MAX_HEADER_BYTES = 4_194_304;
/** Most tensors a file may name. */
const MAX_TENSORS = 16_384;
const CANONICAL_NAN = 0x7fc00000;
const METADATA = "__metadata__";

export type SafetensorsFile = {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: readonly NamedValue[];
};

function bad(message: string, cause?: unknown): never {
  throw new TensorError("bad-safetensors", message, "pass a complete safetensors file of tensors with elements", cause);
}

type Stored = {
  readonly bytes: number;
  readonly dtype: Dtype;
  readonly decode: (bytes: Uint8Array) => TensorValue["data"];
};

const STORED: Readonly<Record<string, Stored>> = {
  F32: { bytes: 4, dtype: "f32", decode: readFloats },
  F16: { bytes: 2, dtype: "f32", decode: widenHalves },
  BF16: { bytes: 2, dtype: "f32", decode: widenBrainFloats },
  I32: { bytes: 4, dtype: "i32", decode: (bytes) => new Int32Array(readWords(bytes).buffer) },
  I8: { bytes: 1, dtype: "i8", decode: (bytes) => new Int8Array(bytes) },
  U8: { bytes: 1, dtype: "i32", decode: (bytes) => Int32Array.from(bytes) },
};

/**
 * One byte form per (metadata, tensors in order): metadata first with its keys sorted, tensors in the given order without
 * gaps, header padded with spaces so that the data starts at a multiple of 8, NaN as 0x7fc00000. Throws TensorError
 * `bad-safetensors` for names that are not different or a tensor that is none.
 */
export function writeSafetensors({ metadata, tensors }: SafetensorsFile): Uint8Array {
  for (const tensor of tensors)
    if (tensor.data.length !== elementCount(tensor.shape))
      bad(`tensor ${tensor.name} is ${describeType(tensor)} with ${tensor.data.length} elements`);
  const { header, start, end } = layoutOf({ metadata, tensors });
  const bytes = new Uint8Array(start + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.fill(0x20, 8, start);
  bytes.set(header, 8);
  let at = start;
  for (const tensor of tensors) at += writeElements(tensor, bytes, at);
  return bytes;
}

type Layout = { readonly header: Uint8Array; readonly start: number; readonly end: number };
type Described = {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: readonly (ValueType & { readonly name: string })[];
};

/** Bytes of the file that writeSafetensors gives for tensors of these types. */
export function safetensorsBytes(file: Described): number {
  const { start, end } = layoutOf(file);
  return start + end;
}

/** The header, where the data starts in the file, and how long the data is. */
function layoutOf({ metadata, tensors }: Described): Layout {
  const names = new Set([METADATA]);
  const sorted = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  const entries = [objectText(sorted.map(([key, text]) => [key, JSON.stringify(text)]))];
  let end = 0;
  for (const tensor of tensors) {
    const { name, dtype, shape } = tensor;
    if (names.has(name)) bad(`tensor ${name} is there already`);
    if (!isShape(shape)) bad(`tensor ${name} is ${describeType(tensor)}`);
    names.add(name);
    const begin = end;
    end += elementCount(shape) * DTYPE_BYTES[dtype];
    entries.push(JSON.stringify({ dtype: dtype.toUpperCase(), shape, data_offsets: [begin, end] }));
  }
  const header = new TextEncoder().encode(objectText(Array.from(names, (name, i) => [name, entries[i]!])));
  return { header, start: 8 + Math.ceil(header.length / 8) * 8, end };
}

/** A JSON object of texts that are JSON, in the given order whatever the keys look like. */
function objectText(entries: readonly (readonly [key: string, json: string])[]): string {
  return `{${entries.map(([key, json]) => `${JSON.stringify(key)}:${json}`).join(",")}}`;
}

/** Returns the number of bytes written. */
function writeElements(tensor: TensorValue, into: Uint8Array, at: number): number {
  const bits = bitsView(tensor);
  if (bits instanceof Uint8Array) into.set(bits, at);
  else if (tensor.dtype === "i32") writeWords(bits, into, at);
  else writeWords(bits.map(canonical), into, at);
  return bits.byteLength;
}

function canonical(word: number): number {
  return (word & 0x7fffffff) > 0x7f800000 ? CANONICAL_NAN : word;
}

/**
 * Reads a file; tensors come in order of their data, those that are not `wanted` are checked and left out. Throws TensorError
 * `bad-safetensors`.
 */
export function readSafetensors(bytes: Uint8Array, wanted = (_name: string): boolean => true): SafetensorsFile {
  const { text, header, body } = parseHeader(bytes);
  const names = Object.keys(header).filter((name) => name !== METADATA);
  if (names.length > MAX_TENSORS) bad(`the header names ${names.length} tensors, the limit is ${MAX_TENSORS}`);
  const metadata = parseMetadata(header[METADATA]);
  const entries = names
    .map((name) => parseEntry(name, header[name], body.length))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  const members = Object.keys(header).length + Object.keys(metadata).length + 3 * entries.length;
  if (countMembers(text) !== members) bad("the header names something twice");
  let covered = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== covered) bad(`tensor ${name} begins at ${begin}, not at ${covered}: the data overlaps or has a gap`);
    covered = end;
  }
  if (covered !== body.length) bad(`the tensors cover ${covered} of ${body.length} data bytes`);
  const tensors = entries.flatMap(({ name, stored, shape, begin, end }) => {
    if (!wanted(name)) return [];
    const data = stored.decode(body.subarray(begin, end));
    return [{ name, dtype: stored.dtype, shape, data } as NamedValue];
  });
  return { metadata, tensors };
}

/** The texts of a file's metadata; nothing of its tensors is looked at. Throws TensorError `bad-safetensors`. */
export function readSafetensorsMetadata(bytes: Uint8Array): Readonly<Record<string, string>> {
  return parseMetadata(parseHeader(bytes).header[METADATA]);
}

function parseHeader(bytes: Uint8Array): { text: string; header: Record<string, unknown>; body: Uint8Array } {
  if (bytes.length < 8) bad(`the file has ${bytes.length} bytes, fewer than the 8 of the header length`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) bad(`the header claims ${length} bytes, the limit is ${MAX_HEADER_BYTES}`);
  const size = Number(length);
  if (size > bytes.length - 8)
    bad(`the header claims ${size} bytes and ${bytes.length - 8} follow: the file is truncated`);
  let text = "";
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, 8 + size));
    header = JSON.parse(text);
  } catch (error) {
    bad("the header is not UTF-8 JSON", error);
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) bad("the header is not a JSON object");
  return { text, header: header as Record<string, unknown>, body: bytes.subarray(8 + size) };
}

/** Members of all objects of a JSON text, those of one name each counted: colons outside strings. */
function countMembers(json: string): number {
  let count = 0;
  let inString = false;
  for (let i = 0; i < json.length; i++) {
    const character = json[i];
    if (inString && character === "\\") i++;
    else if (character === '"') inString = !inString;
    else if (!inString && character === ":") count++;
  }
  return count;
}

function parseMetadata(value: unknown): Record<string, string> {
  if (value === undefined) return {};
  if (typeof value !== "object" || value === null || Array.isArray(value)) bad("__metadata__ is not an object");
  for (const [key, text] of Object.entries(value))
    if (typeof text !== "string") bad(`__metadata__.${key} is not a string`);
  return value as Record<string, string>;
}

type Entry = { name: string; stored: Stored; shape: Shape; begin: number; end: number };

function parseEntry(name: string, value: unknown, bodyBytes: number): Entry {
  const fields = typeof value === "object" && value !== null ? Object.keys(value).sort().join(",") : show(value);
  if (fields !== "data_offsets,dtype,shape")
    bad(`tensor ${name} has the fields ${fields.slice(0, 80)}, not data_offsets,dtype,shape`);
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  const stored = typeof dtype === "string" && Object.hasOwn(STORED, dtype) ? STORED[dtype] : undefined;
  if (stored === undefined) bad(`tensor ${name} has dtype ${show(dtype)}; ${Object.keys(STORED).join(", ")} are read`);
  if (!isShape(shape)) bad(`tensor ${name} has shape ${show(shape)}; 1 to 6 sizes from 1 to 16777216 are read`);
  const size = (n: unknown): n is number => Number.isSafeInteger(n) && Number(n) >= 0;
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(size))
    bad(`tensor ${name} has data_offsets that are not two sizes`);
  const [begin, end] = offsets as [number, number];
  if (end > bodyBytes || begin > end)
    bad(
      `tensor ${name} lies at ${begin}..${end} and the data has ${bodyBytes} bytes: the file is truncated or corrupt`,
    );
  if (elementCount(shape) * stored.bytes !== end - begin)
    bad(`tensor ${name} has shape [${shape}] of ${String(dtype)} and ${end - begin} bytes`);
  return { name, stored, shape, begin, end };
}
