// SHA-256 over byte strings, by Node's library, and the hex form used in programs. Bulk leaf hashing is in the kernels.
import { hash } from "node:crypto";
import { TensorError } from "./TensorError.ts";

/** SHA-256 of the concatenation of `parts`; 32 bytes. One-shot over joined bytes: short inputs are what it is called with. */
export function sha256(...parts: Uint8Array[]): Uint8Array {
  // Copied out of Node's pooled buffer: posting a view of the pool to another thread would clone all of it.
  return new Uint8Array(hash("sha256", parts.length === 1 ? parts[0]! : Buffer.concat(parts), "buffer"));
}

/** `0x` and lower-case hex. */
export function toHex(bytes: Uint8Array): `0x${string}` {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex")}`;
}

/** Bytes of a 32-byte `0x…` string; throws TensorError `bad-program` naming `field` otherwise. */
export function fromHex32(text: string, field: string): Uint8Array {
  if (!/^0x[0-9a-f]{64}$/.test(text))
    throw new TensorError("bad-program", `${field} is not 0x and 64 lower-case hex digits`, "pass 32 bytes as hex");
  return new Uint8Array(Buffer.from(text.slice(2), "hex"));
}

/** Eight big-endian bytes of a non-negative safe integer. */
export function uint64Bytes(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}
