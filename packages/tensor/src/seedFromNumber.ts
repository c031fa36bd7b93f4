// The 32 bytes of a seed that a person writes as a number: SHA-256 of it as 32 bytes, most significant first.
import { sha256 } from "./sha256.ts";

/** @param number 0 to 2^53 - 1 */
export function seedFromNumber(number: number): Uint8Array {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setBigUint64(24, BigInt(number));
  return sha256(bytes);
}
