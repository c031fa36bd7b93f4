// Reader and writer of the safetensors format (huggingface/safetensors:README.md), fp32 matrices and vectors only.
// The reader takes hostile bytes: every size is checked against the bytes at hand before anything is allocated.
// Not here: other dtypes, memory mapping, sharded indices.
import type { NamedTensor } from "./HashLayout.ts";
import { TensorError } from "./TensorError.ts";

/** Largest accepted header, bytes; a checkpoint of this package needs about 2 kB. */
const MAX_HEADER_BYTES = 1_048_576;
/** Most tensors a file may name. */
const MAX_TENSORS = 4096;

export type SafetensorsFile = { metadata: Record<string, string>; tensors: NamedTensor[] };

function bad(message: string, cause?: unknown): never {
  throw new TensorError("bad-safetensors", message, "pass a complete safetensors file with F32 tensors", cause);
}

/**
 * One byte form per (metadata, tensors in order): metadata first with its keys sorted, tensors in the given order without
 * gaps, header padded with spaces to 8 bytes, shape [rows, columns], NaN as 0x7fc00000.
 */
export function writeSafetensors(file: SafetensorsFile): Uint8Array {
  const metadata = Object.fromEntries(Object.entries(file.metadata).sort(([a], [b]) => (a < b ? -1 : 1)));
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const { name, rows, columns } of file.tensors) {
    header[name] = { dtype: "F32", shape: [rows, columns], data_offsets: [end, end + rows * columns * 4] };
    end += rows * columns * 4;
  }
  let text = JSON.stringify(header);
  text = text.padEnd(Math.ceil(Buffer.byteLength(text) / 8) * 8 - Buffer.byteLength(text) + text.length, " ");
  const encoded = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + encoded.length + end);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(encoded.length), true);
  bytes.set(encoded, 8);
  let at = 8 + encoded.length;
  for (const { data } of file.tensors)
    for (const value of data) {
      if (Number.isNaN(value)) view.setUint32(at, 0x7fc00000, true);
      else view.setFloat32(at, value, true);
      at += 4;
    }
  return bytes;
}

function parseHeader(bytes: Uint8Array): { header: Record<string, unknown>; body: Uint8Array } {
  if (bytes.length < 8) bad(`the file has ${bytes.length} bytes, fewer than the 8 of the header length`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) bad(`the header claims ${length} bytes, the limit is ${MAX_HEADER_BYTES}`);
  const size = Number(length);
  if (size > bytes.length - 8)
    bad(`the header claims ${size} bytes and ${bytes.length - 8} follow: the file is truncated`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + size)));
  } catch (error) {
    bad("the header is not UTF-8 JSON", error);
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) bad("the header is not a JSON object");
  return { header: header as Record<string, unknown>, body: bytes.subarray(8 + size) };
}

function parseMetadata(value: unknown): Record<string, string> {
  if (value === undefined) return {};
  if (typeof value !== "object" || value === null || Array.isArray(value)) bad("__metadata__ is not an object");
  for (const [key, text] of Object.entries(value))
    if (typeof text !== "string") bad(`__metadata__.${key} is not a string`);
  return value as Record<string, string>;
}

type Entry = { name: string; rows: number; columns: number; begin: number; end: number };

function parseEntry(name: string, value: unknown, bodyBytes: number): Entry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
  const size = (n: unknown): n is number => typeof n === "number" && Number.isSafeInteger(n) && n >= 0;
  if (dtype !== "F32") bad(`tensor ${name} has dtype ${String(dtype)}; only F32 is read`);
  if (!Array.isArray(shape) || shape.length < 1 || shape.length > 2 || !shape.every(size))
    bad(`tensor ${name} has a shape that is not one or two sizes`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(size))
    bad(`tensor ${name} has data_offsets that are not two sizes`);
  const [rows, columns] = shape.length === 2 ? (shape as [number, number]) : [1, shape[0] as number];
  const [begin, end] = offsets as [number, number];
  if (end > bodyBytes || begin > end)
    bad(
      `tensor ${name} lies at ${begin}..${end} and the data has ${bodyBytes} bytes: the file is truncated or corrupt`,
    );
  if (BigInt(rows) * BigInt(columns) * 4n !== BigInt(end - begin))
    bad(`tensor ${name} has shape ${rows}x${columns} and ${end - begin} bytes`);
  return { name, rows, columns, begin, end };
}

/** Reads a file; tensors come in order of their data. Throws TensorError `bad-safetensors`. */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { header, body } = parseHeader(bytes);
  const names = Object.keys(header).filter((name) => name !== "__metadata__");
  if (names.length > MAX_TENSORS) bad(`the header names ${names.length} tensors, the limit is ${MAX_TENSORS}`);
  const entries = names
    .map((name) => parseEntry(name, header[name], body.length))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== covered) bad(`tensor ${name} begins at ${begin}, not at ${covered}: the data overlaps or has a gap`);
    covered = end;
  }
  if (covered !== body.length) bad(`the tensors cover ${covered} of ${body.length} data bytes`);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const tensors = entries.map(({ name, rows, columns, begin }) => {
    const data = new Float32Array(rows * columns);
    for (let i = 0; i < data.length; i++) data[i] = view.getFloat32(begin + 4 * i, true);
    return { name, rows, columns, data };
  });
  return { metadata: parseMetadata(header["__metadata__"]), tensors };
}
