// GGUF version 3 (ggml-org/ggml: docs/gguf.md) as plain data: metadata of typed values, tensors of typed blocks.
// Writing is writeGguf.ts, reading readGguf.ts, blocks to fp32 and back blocks.ts.
import type { Shape } from "../../graph/Graph.ts";
import { TensorError } from "../../TensorError.ts";

/** Numbers of the types of metadata. */
export const VALUE_TYPES = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  string: 8,
  u64: 10,
  i64: 11,
  f64: 12,
} as const;
export const ARRAY_TYPE = 9;
export type GgufValueType = keyof typeof VALUE_TYPES;

export type GgufScalar = number | bigint | string | boolean;
/** 64-bit integers are bigint, other numbers number. */
export type GgufValue =
  | { readonly type: GgufValueType; readonly value: GgufScalar }
  | { readonly type: "array"; readonly of: GgufValueType; readonly values: readonly GgufScalar[] };
export type GgufMetadata = ReadonlyMap<string, GgufValue>;

/** Per type of tensor: its number, elements of a block along the last axis, bytes of a block. */
export const BLOCK_TYPES = {
  f32: { number: 0, elements: 1, bytes: 4 },
  f16: { number: 1, elements: 1, bytes: 2 },
  q8_0: { number: 8, elements: 32, bytes: 34 },
  bf16: { number: 30, elements: 1, bytes: 2 },
} as const;
export type GgufBlockType = keyof typeof BLOCK_TYPES;

export type GgufTensor = {
  readonly name: string;
  readonly type: GgufBlockType;
  /** Row-major, as everywhere here: the file has the axes the other way round. 1 to 4 of them. */
  readonly shape: Shape;
  /** Blocks, row by row. */
  readonly bytes: Uint8Array;
};

export type GgufFile = { readonly metadata: GgufMetadata; readonly tensors: readonly GgufTensor[] };

export const GGUF_MAGIC = 0x46554747;
export const GGUF_VERSION = 3;
export const ALIGNMENT_KEY = "general.alignment";
export const DEFAULT_ALIGNMENT = 32;

export const GGUF_LIMITS = {
  metadata: 4_096,
  tensors: 16_384,
  axes: 4,
  /** ggml cuts names at 63 bytes. */
  nameBytes: 63,
  keyBytes: 65_535,
  stringBytes: 2 ** 24,
  arrayValues: 2 ** 22,
  alignment: 65_536,
} as const;

/** The one way a GGUF file is refused. */
export function refuseGguf(problem: string): never {
  throw new TensorError("bad-gguf", problem, "pass a complete GGUF version 3 file within the limits of this reader");
}

/** Bytes of a tensor, or undefined when its rows are not whole blocks. */
export function blockBytes(type: GgufBlockType, shape: Shape): number | undefined {
  const { elements, bytes } = BLOCK_TYPES[type];
  if (shape.at(-1)! % elements !== 0) return undefined;
  return (shape.reduce((count, size) => count * size, 1) / elements) * bytes;
}

export function padded(length: number, alignment: number): number {
  return Math.ceil(length / alignment) * alignment;
}
