// 16-bit floats in files: IEEE 754 binary16 and bfloat16. Widening is exact; narrowing rounds once, to nearest even, and
// what is too large becomes infinite.

/** binary16 → fp32. */
export function widenHalves(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const values = new Float32Array(bytes.length / 2);
  for (let i = 0; i < values.length; i++) values[i] = view.getFloat16(2 * i, true);
  return values;
}

/** bfloat16 → fp32: the upper half of its bits. */
export function widenBrainFloats(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const words = new Uint32Array(bytes.length / 2);
  for (let i = 0; i < words.length; i++) words[i] = view.getUint16(2 * i, true) << 16;
  return new Float32Array(words.buffer);
}

/** fp32 → binary16, at `at` of `into`. */
export function narrowHalves(values: Float32Array, into: Uint8Array, at: number): void {
  const view = new DataView(into.buffer, into.byteOffset, into.length);
  for (let i = 0; i < values.length; i++) view.setFloat16(at + 2 * i, values[i]!, true);
}
