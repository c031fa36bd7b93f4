// Metadata of GGUF files: making values, and taking them from an untrusted file with the type they must have.
import { type GgufMetadata, type GgufScalar, type GgufValue, type GgufValueType, refuseGguf } from "./Gguf.ts";

export type Entry = readonly [key: string, value: GgufValue];

export const u32 = (value: number): GgufValue => ({ type: "u32", value });
export const f32 = (value: number): GgufValue => ({ type: "f32", value });
export const bool = (value: boolean): GgufValue => ({ type: "bool", value });
export const text = (value: string): GgufValue => ({ type: "string", value });
export const list = (of: GgufValueType, values: readonly GgufScalar[]): GgufValue => ({ type: "array", of, values });

/** The value of a key. Throws TensorError `bad-gguf` when it is missing or of another type. */
function need<T>(metadata: GgufMetadata, key: string, type: GgufValueType): T {
  const found = metadata.get(key);
  if (found?.type !== type) return refuseGguf(`metadata ${key} is ${found?.type ?? "missing"}, ${type} is needed`);
  return found.value as T;
}

export const needNumber = (metadata: GgufMetadata, key: string, type: GgufValueType = "u32"): number =>
  need(metadata, key, type);
export const needText = (metadata: GgufMetadata, key: string): string => need(metadata, key, "string");

/** The elements of a key. Throws TensorError `bad-gguf` when they are missing or of another type. */
export function needList<T extends GgufScalar>(metadata: GgufMetadata, key: string, of: GgufValueType): readonly T[] {
  const found = metadata.get(key);
  if (found?.type !== "array" || found.of !== of) return refuseGguf(`metadata ${key} is no list of ${of}`);
  return found.values as readonly T[];
}
