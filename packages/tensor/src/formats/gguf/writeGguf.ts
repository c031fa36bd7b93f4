// Writer of GGUF files: header, metadata in the given order, tensors in the given order, everything aligned.
import { writeWords } from "../ByteReader.ts";
import {
  ALIGNMENT_KEY,
  ARRAY_TYPE,
  BLOCK_TYPES,
  blockBytes,
  DEFAULT_ALIGNMENT,
  GGUF_LIMITS,
  GGUF_MAGIC,
  GGUF_VERSION,
  type GgufFile,
  type GgufScalar,
  type GgufTensor,
  type GgufValue,
  type GgufValueType,
  padded,
  refuseGguf,
  VALUE_TYPES,
} from "./Gguf.ts";

/** Equal files give equal bytes. Throws TensorError `bad-gguf` for what the format cannot hold. */
export function writeGguf({ metadata, tensors }: GgufFile): Uint8Array {
  if (metadata.has(ALIGNMENT_KEY)) refuseGguf(`${ALIGNMENT_KEY} is chosen by the writer`);
  const parts: Uint8Array[] = [u32(GGUF_MAGIC), u32(GGUF_VERSION), u64(tensors.length), u64(metadata.size)];
  for (const [key, value] of metadata) parts.push(string(key, GGUF_LIMITS.keyBytes), ...valueParts(key, value));
  const names = new Set<string>();
  let offset = 0;
  for (const tensor of tensors) {
    if (names.has(tensor.name)) refuseGguf(`tensor ${tensor.name} is there already`);
    names.add(tensor.name);
    parts.push(...tensorParts(tensor, offset));
    offset += padded(tensor.bytes.length, DEFAULT_ALIGNMENT);
  }
  const start = padded(
    parts.reduce((sum, part) => sum + part.length, 0),
    DEFAULT_ALIGNMENT,
  );
  const bytes = new Uint8Array(start + offset);
  put(parts, bytes, 0);
  put(
    tensors.map((tensor) => tensor.bytes),
    bytes,
    start,
  );
  return bytes;
}

/** Header parts lie behind each other; tensors begin at aligned places. */
function put(parts: readonly Uint8Array[], into: Uint8Array, start: number): void {
  let at = start;
  for (const part of parts) {
    into.set(part, at);
    at = start === 0 ? at + part.length : padded(at + part.length, DEFAULT_ALIGNMENT);
  }
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  writeWords(Uint32Array.of(value), bytes, 0);
  return bytes;
}

function u64(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}

function string(text: string, limit: number = GGUF_LIMITS.stringBytes): Uint8Array {
  const encoded = new TextEncoder().encode(text);
  if (encoded.length > limit || !text.isWellFormed()) refuseGguf(`a text of ${encoded.length} bytes, limit ${limit}`);
  const bytes = new Uint8Array(8 + encoded.length);
  bytes.set(u64(encoded.length));
  bytes.set(encoded, 8);
  return bytes;
}

function valueParts(key: string, value: GgufValue): Uint8Array[] {
  if (value.type !== "array") return [u32(VALUE_TYPES[value.type]), scalar(key, value.type, value.value)];
  const { of, values } = value;
  return [
    u32(ARRAY_TYPE),
    u32(VALUE_TYPES[of]),
    u64(values.length),
    ...values.map((element) => scalar(key, of, element)),
  ];
}

type Write = (view: DataView, value: never) => void;
const NUMBERS: { readonly [T in Exclude<GgufValueType, "string">]: readonly [bytes: number, write: Write] } = {
  u8: [1, (view, value) => view.setUint8(0, value)],
  i8: [1, (view, value) => view.setInt8(0, value)],
  u16: [2, (view, value) => view.setUint16(0, value, true)],
  i16: [2, (view, value) => view.setInt16(0, value, true)],
  u32: [4, (view, value) => view.setUint32(0, value, true)],
  i32: [4, (view, value) => view.setInt32(0, value, true)],
  f32: [4, (view, value) => view.setFloat32(0, value, true)],
  bool: [1, (view, value) => view.setUint8(0, Number(value))],
  u64: [8, (view, value) => view.setBigUint64(0, value, true)],
  i64: [8, (view, value) => view.setBigInt64(0, value, true)],
  f64: [8, (view, value) => view.setFloat64(0, value, true)],
};
const JS_TYPES: { readonly [T in GgufValueType]?: string } = {
  string: "string",
  bool: "boolean",
  u64: "bigint",
  i64: "bigint",
};

function scalar(key: string, type: GgufValueType, value: GgufScalar): Uint8Array {
  if (typeof value !== (JS_TYPES[type] ?? "number")) refuseGguf(`${key} holds a ${typeof value} as ${type}`);
  if (type === "string") return string(value as string);
  const [bytes, write] = NUMBERS[type];
  const part = new Uint8Array(bytes);
  write(new DataView(part.buffer), value as never);
  return part;
}

function tensorParts(tensor: GgufTensor, offset: number): Uint8Array[] {
  const { name, type, shape, bytes } = tensor;
  if (shape.length < 1 || shape.length > GGUF_LIMITS.axes || blockBytes(type, shape) !== bytes.length)
    refuseGguf(`tensor ${name} is ${type} [${shape}] with ${bytes.length} bytes`);
  const axes = [...shape].reverse();
  return [
    string(name, GGUF_LIMITS.nameBytes),
    u32(axes.length),
    ...axes.map(u64),
    u32(BLOCK_TYPES[type].number),
    u64(offset),
  ];
}
