// Seeded 32-bit words: words 8b … 8b+7 of a stream are the big-endian words of SHA-256(seed ‖ label ‖ counter ‖ b).
// Counter based, so any step's draw can be computed alone, also by a contract. Not here: cryptographic secrecy.
import { sha256, uint64Bytes } from "./sha256.ts";

/** Words of a block. */
const BLOCK = 8;

/**
 * The stream (seed, label, counter), read from any block on: `count` words from word `first`, a multiple of 8. Block b is
 * SHA-256(seed 32 ‖ label UTF-8 ‖ 0x00 ‖ counter u64 ‖ b u64) and gives 8 big-endian words.
 */
export function seedStream(
  seed: Uint8Array,
  label: string,
  counter: number,
): (first: number, count: number) => Uint32Array {
  const preimage = new Uint8Array([
    ...seed,
    ...new TextEncoder().encode(label),
    0,
    ...uint64Bytes(counter),
    ...uint64Bytes(0),
  ]);
  const blockField = new DataView(preimage.buffer, preimage.length - 8);
  return (first, count) => {
    const words = new Uint32Array(count);
    for (let at = 0; at < count; at += BLOCK) {
      blockField.setBigUint64(0, BigInt((first + at) / BLOCK));
      const block = sha256(preimage);
      const view = new DataView(block.buffer, block.byteOffset, 32);
      for (let i = 0; i < BLOCK && at + i < count; i++) words[at + i] = view.getUint32(4 * i);
    }
    return words;
  };
}

/** The first `count` words of the stream (seed, label, counter). */
export function seedWords(seed: Uint8Array, label: string, counter: number, count: number): Uint32Array {
  return seedStream(seed, label, counter)(0, count);
}

/** floor(word * range / 2^32), exactly, for range up to 2^32: a draw from 0..range-1 (bias below range / 2^32). */
export function wordBelow(word: number, range: number): number {
  const high = Math.floor(word / 65_536);
  const low = word % 65_536;
  return Math.floor((high * range + Math.floor((low * range) / 65_536)) / 65_536);
}
