// Elements of GGUF tensors to fp32 and back (ggml-org/ggml: src/ggml-quants.c). q8_0: 32 elements share one binary16
// scale d = max|x| / 127, each is the nearest integer to x · (1/d), halves away from zero, in fp32 as ggml's reference
// quantiser rounds it.
import { TensorError } from "../../TensorError.ts";
import { readFloats, writeWords } from "../ByteReader.ts";
import { narrowHalves, widenBrainFloats, widenHalves } from "../halfFloats.ts";
import { BLOCK_TYPES, type GgufBlockType, type GgufTensor } from "./Gguf.ts";

const f = Math.fround;
const Q8_LARGEST = 127;
const HALF_LARGEST = 65_504;
const { elements: Q8_ELEMENTS, bytes: Q8_BYTES } = BLOCK_TYPES.q8_0;

/** fp32 of a tensor, row-major. */
export function decodeBlocks({ type, bytes }: Pick<GgufTensor, "type" | "bytes">): Float32Array {
  return DECODERS[type](bytes);
}

const DECODERS: { readonly [T in GgufBlockType]: (bytes: Uint8Array) => Float32Array } = {
  f32: readFloats,
  f16: widenHalves,
  bf16: widenBrainFloats,
  q8_0: decodeQ8,
};

function decodeQ8(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const values = new Float32Array((bytes.length / Q8_BYTES) * Q8_ELEMENTS);
  for (let block = 0, at = 0; at < bytes.length; block++, at += Q8_BYTES) {
    const scale = view.getFloat16(at, true);
    for (let i = 0; i < Q8_ELEMENTS; i++) values[block * Q8_ELEMENTS + i] = view.getInt8(at + 2 + i) * scale;
  }
  return values;
}

/** Types that weights are written in. */
export type GgufWeightType = "f32" | "f16" | "q8_0";

/** Blocks of fp32 values; q8_0 needs a multiple of 32. Throws TensorError `bad-tensor` for a value the type cannot hold. */
export function encodeBlocks(name: string, type: GgufWeightType, values: Float32Array): Uint8Array {
  const { elements, bytes } = BLOCK_TYPES[type];
  const into = new Uint8Array((values.length / elements) * bytes);
  if (type === "f32") writeWords(new Uint32Array(values.buffer, values.byteOffset, values.length), into, 0);
  else {
    const largest = type === "f16" ? HALF_LARGEST : HALF_LARGEST * Q8_LARGEST;
    const bad = values.findIndex((value) => !(Math.abs(value) <= largest));
    if (bad >= 0)
      throw new TensorError(
        "bad-tensor",
        `${name} holds ${values[bad]} at ${bad}, which ${type} cannot hold`,
        "write the model as f32",
      );
    if (type === "f16") narrowHalves(values, into, 0);
    else encodeQ8(values, into);
  }
  return into;
}

function encodeQ8(values: Float32Array, into: Uint8Array): void {
  const view = new DataView(into.buffer);
  for (let first = 0, at = 0; first < values.length; first += Q8_ELEMENTS, at += Q8_BYTES) {
    const block = values.subarray(first, first + Q8_ELEMENTS);
    const scale = f(block.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / Q8_LARGEST);
    const inverse = scale === 0 ? 0 : f(1 / scale);
    view.setFloat16(at, scale, true);
    block.forEach((value, i) => {
      const scaled = f(value * inverse);
      view.setInt8(at + 2 + i, Math.sign(scaled) * Math.floor(Math.abs(scaled) + 0.5));
    });
  }
}
