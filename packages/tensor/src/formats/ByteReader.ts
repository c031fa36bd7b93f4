// A little-endian cursor over untrusted bytes. Every read checks what is left first and says what it wanted where, so that
// a truncated or lying file never gets as far as an allocation.

export type Refuse = (problem: string) => never;

export class ByteReader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #refuse: Refuse;
  #at = 0;

  /** `refuse` throws the format's error. */
  constructor(bytes: Uint8Array, refuse: Refuse) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#refuse = refuse;
  }

  get at(): number {
    return this.#at;
  }

  get left(): number {
    return this.bytes.length - this.#at;
  }

  /** Moves past `count` bytes and returns where they begin. `what` names them. */
  skip(count: number, what: string): number {
    if (count > this.left)
      this.#refuse(`${what} needs ${count} bytes at ${this.#at} and ${this.left} are left: the file is cut or corrupt`);
    const from = this.#at;
    this.#at += count;
    return from;
  }

  u8(what: string): number {
    return this.#view.getUint8(this.skip(1, what));
  }

  u32(what: string): number {
    return this.#view.getUint32(this.skip(4, what), true);
  }

  i32(what: string): number {
    return this.#view.getInt32(this.skip(4, what), true);
  }

  f32(what: string): number {
    return this.#view.getFloat32(this.skip(4, what), true);
  }

  u64(what: string): bigint {
    return this.#view.getBigUint64(this.skip(8, what), true);
  }

  i64(what: string): bigint {
    return this.#view.getBigInt64(this.skip(8, what), true);
  }

  f64(what: string): number {
    return this.#view.getFloat64(this.skip(8, what), true);
  }

  /** A u64 that must not exceed `limit`. */
  size(what: string, limit: number): number {
    const value = this.u64(what);
    if (value > BigInt(limit)) this.#refuse(`${what} is ${value}, the limit is ${limit}`);
    return Number(value);
  }

  /** A view of the next bytes, not a copy. */
  take(count: number, what: string): Uint8Array {
    const from = this.skip(count, what);
    return this.bytes.subarray(from, from + count);
  }

  /** A copy of the next `count` fp32. */
  floats(count: number, what: string): Float32Array {
    return readFloats(this.take(4 * count, what));
  }
}

/** fp32 from little-endian bytes, every bit kept. */
export function readFloats(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  return new Float32Array(readWords(bytes).buffer);
}

/** 32-bit words from little-endian bytes. */
export function readWords(bytes: Uint8Array): Uint32Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const words = new Uint32Array(bytes.length / 4);
  for (let i = 0; i < words.length; i++) words[i] = view.getUint32(4 * i, true);
  return words;
}

/** 32-bit words as little-endian bytes, at `at` of `into`. */
export function writeWords(words: Uint32Array, into: Uint8Array, at: number): void {
  const view = new DataView(into.buffer, into.byteOffset, into.length);
  for (let i = 0; i < words.length; i++) view.setUint32(at + 4 * i, words[i]!, true);
}
