// Reader of GGUF version 3 files, for hostile bytes: every count is held against a limit and against the bytes that are
// left before anything is allocated, tensors are views into the file. Not here: versions 1 and 2, big-endian files,
// arrays of arrays, block types other than f32, f16, bf16, q8_0.
import { isShape } from "../../graph/fields.ts";
import { ByteReader } from "../ByteReader.ts";
import {
  ALIGNMENT_KEY,
  ARRAY_TYPE,
  BLOCK_TYPES,
  blockBytes,
  DEFAULT_ALIGNMENT,
  GGUF_LIMITS,
  GGUF_MAGIC,
  GGUF_VERSION,
  type GgufBlockType,
  type GgufFile,
  type GgufScalar,
  type GgufTensor,
  type GgufValue,
  type GgufValueType,
  padded,
  refuseGguf,
  VALUE_TYPES,
} from "./Gguf.ts";

const VALUE_NAMES = new Map<number, GgufValueType>(
  Object.entries(VALUE_TYPES).map(([name, number]) => [number, name as GgufValueType]),
);
const BLOCK_NAMES = new Map<number, GgufBlockType>(
  Object.entries(BLOCK_TYPES).map(([name, { number }]) => [number, name as GgufBlockType]),
);

/** Reads a file. Throws TensorError `bad-gguf` saying what is wrong with it. */
export function readGguf(bytes: Uint8Array): GgufFile {
  const reader = new ByteReader(bytes, refuseGguf);
  const magic = reader.u32("the magic word");
  if (magic !== GGUF_MAGIC) refuseGguf(`it begins with ${magic.toString(16)}, not with GGUF`);
  const version = reader.u32("the version");
  if (version !== GGUF_VERSION) refuseGguf(`its version is ${version}, ${GGUF_VERSION} is read`);
  const tensors = reader.size("the number of tensors", GGUF_LIMITS.tensors);
  const entries = reader.size("the number of metadata entries", GGUF_LIMITS.metadata);
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < entries; i++) {
    const key = readString(reader, `key ${i}`, GGUF_LIMITS.keyBytes);
    if (metadata.has(key)) refuseGguf(`metadata ${key} is there twice`);
    metadata.set(key, readValue(reader, key));
  }
  const infos = Array.from({ length: tensors }, (_, i) => readInfo(reader, i));
  return { metadata, tensors: readTensors(reader, infos, readAlignment(metadata)) };
}

function readAlignment(metadata: ReadonlyMap<string, GgufValue>): number {
  const found = metadata.get(ALIGNMENT_KEY);
  if (found === undefined) return DEFAULT_ALIGNMENT;
  const alignment = found.type === "u32" ? Number(found.value) : 0;
  const isPower = alignment > 0 && (alignment & (alignment - 1)) === 0;
  if (!isPower || alignment > GGUF_LIMITS.alignment)
    refuseGguf(`${ALIGNMENT_KEY} is no u32 that is a power of two up to ${GGUF_LIMITS.alignment}`);
  return alignment;
}

function readString(reader: ByteReader, what: string, limit: number = GGUF_LIMITS.stringBytes): string {
  const length = reader.size(`the length of ${what}`, limit);
  const bytes = reader.take(length, what);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuseGguf(`${what} is not UTF-8`);
  }
}

function readType(reader: ByteReader, what: string): GgufValueType {
  const number = reader.u32(`the type of ${what}`);
  return VALUE_NAMES.get(number) ?? refuseGguf(`${what} has the unknown type ${number}`);
}

function readValue(reader: ByteReader, key: string): GgufValue {
  const number = reader.u32(`the type of ${key}`);
  if (number !== ARRAY_TYPE) {
    const type = VALUE_NAMES.get(number) ?? refuseGguf(`${key} has the unknown type ${number}`);
    return { type, value: READERS[type](reader, key) };
  }
  const of = readType(reader, `the elements of ${key}`);
  const count = reader.size(`the number of elements of ${key}`, GGUF_LIMITS.arrayValues);
  if (count * LEAST_BYTES[of] > reader.left)
    refuseGguf(`${key} claims ${count} elements and ${reader.left} bytes are left: the file is cut or corrupt`);
  return { type: "array", of, values: Array.from({ length: count }, () => READERS[of](reader, key)) };
}

const READERS: { readonly [T in GgufValueType]: (reader: ByteReader, what: string) => GgufScalar } = {
  u8: (reader, what) => reader.u8(what),
  i8: (reader, what) => (reader.u8(what) << 24) >> 24,
  u16: (reader, what) => reader.u8(what) + 256 * reader.u8(what),
  i16: (reader, what) => ((reader.u8(what) + 256 * reader.u8(what)) << 16) >> 16,
  u32: (reader, what) => reader.u32(what),
  i32: (reader, what) => reader.i32(what),
  f32: (reader, what) => reader.f32(what),
  bool: readBool,
  string: (reader, what) => readString(reader, what),
  u64: (reader, what) => reader.u64(what),
  i64: (reader, what) => reader.i64(what),
  f64: (reader, what) => reader.f64(what),
};
const LEAST_BYTES: { readonly [T in GgufValueType]: number } = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  f32: 4,
  bool: 1,
  string: 8,
  u64: 8,
  i64: 8,
  f64: 8,
};

function readBool(reader: ByteReader, what: string): boolean {
  const value = reader.u8(what);
  if (value > 1) refuseGguf(`${what} is ${value}, not 0 or 1`);
  return value === 1;
}

type Info = Omit<GgufTensor, "bytes"> & { readonly offset: bigint; readonly size: number };

function readInfo(reader: ByteReader, i: number): Info {
  const name = readString(reader, `the name of tensor ${i}`, GGUF_LIMITS.nameBytes);
  const axes = reader.u32(`the axes of ${name}`);
  if (axes < 1 || axes > GGUF_LIMITS.axes) refuseGguf(`tensor ${name} has ${axes} axes, 1 to 4 are read`);
  const sizes = Array.from({ length: axes }, () => reader.u64(`an axis of ${name}`));
  const shape = sizes.map(Number).reverse();
  if (!isShape(shape)) refuseGguf(`tensor ${name} has the axes ${sizes}, which are none or too large`);
  const number = reader.u32(`the type of ${name}`);
  const known = Object.keys(BLOCK_TYPES).join(", ");
  const type = BLOCK_NAMES.get(number) ?? refuseGguf(`tensor ${name} has block type ${number}; ${known} are read`);
  const size = blockBytes(type, shape) ?? refuseGguf(`the rows of ${name} are not whole blocks of ${type}`);
  return { name, type, shape, size, offset: reader.u64(`the place of ${name}`) };
}

/** Tensors must follow each other at aligned places, as ggml demands too. */
function readTensors(reader: ByteReader, infos: readonly Info[], alignment: number): GgufTensor[] {
  const names = new Set(infos.map(({ name }) => name));
  if (names.size !== infos.length) refuseGguf("two tensors have the same name");
  if (infos.length > 0) reader.skip(padded(reader.at, alignment) - reader.at, "the space before the tensors");
  const start = reader.at;
  return infos.map(({ name, type, shape, size, offset }, i) => {
    const expected = reader.at - start;
    if (offset !== BigInt(expected)) refuseGguf(`tensor ${name} lies at ${offset}, expected is ${expected}`);
    const bytes = reader.take(size, `tensor ${name}`);
    const space = padded(reader.at - start, alignment) - (reader.at - start);
    // The padding after the last one may be missing.
    reader.skip(i + 1 < infos.length ? space : Math.min(space, reader.left), `the space after ${name}`);
    return { name, type, shape, bytes };
  });
}
