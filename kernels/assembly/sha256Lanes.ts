// SHA-256 (FIPS 180-4) of four messages at a time, one per SIMD lane, or of eight, in pairs of neighbouring vectors that a wide engine
// fuses. Words of the messages lie side by side: `lanes` (4 or 8) of them, then the next word's. A message of the commitment layout ends with one byte
// in a block of its own (leaf: 129 bytes, node: 65), so there are 256 different last blocks of each kind: their expanded
// words lie in a table that is made once. Not here: what is hashed (tensorHash.ts).

import { storeEightTransposed, storeTransposed } from "./transpose4";

/** Rounds' constants. */
const K = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);

/** Bytes of one kind's table of last blocks: 256 blocks of 64 words, the rounds' constants added. */
export const TABLE_BYTES: usize = 256 * 256;
/** Most messages at a time. */
export const MOST_LANES: usize = 8;
/** Bytes of the expanded words of a block of as many. */
export const WORDS_BYTES: usize = 64 * 4 * MOST_LANES;
/** Bytes of their state. */
export const STATE_BYTES: usize = 8 * 4 * MOST_LANES;

@inline
function rotate(x: v128, n: i32): v128 {
  return v128.or(i32x4.shr_u(x, n), i32x4.shl(x, 32 - n));
}

/** Word t + 16 of the message schedule from words t, t + 1, t + 9 and t + 14. */
@inline
function scheduled(w: v128, x: v128, z: v128, y: v128): v128 {
  const s0 = v128.xor(v128.xor(rotate(x, 7), rotate(x, 18)), i32x4.shr_u(x, 3));
  const s1 = v128.xor(v128.xor(rotate(y, 17), rotate(y, 19)), i32x4.shr_u(y, 10));
  return i32x4.add(i32x4.add(w, s0), i32x4.add(z, s1));
}

/** That word of four messages to its place; `w` is the address of word t. */
@inline
function extend(w: usize): void {
  v128.store(w, scheduled(v128.load(w), v128.load(w, 16), v128.load(w, 9 * 16), v128.load(w, 14 * 16)), 256);
}

/** Of eight. */
@inline
function extendPair(w: usize): void {
  const low = scheduled(v128.load(w), v128.load(w, 32), v128.load(w, 9 * 32), v128.load(w, 14 * 32));
  const high = scheduled(v128.load(w, 16), v128.load(w, 48), v128.load(w, 9 * 32 + 16), v128.load(w, 14 * 32 + 16));
  v128.store(w, high, 512 + 16);
  v128.store(w, low, 512);
}

/** h + ch(e,f,g) + the message word plus the round's constant. */
@inline
function sum(e: v128, f: v128, g: v128, h: v128, input: v128): v128 {
  return i32x4.add(i32x4.add(h, input), v128.xor(g, v128.and(e, v128.xor(f, g))));
}

/** Σ1, Σ0: three rotations, as one flat tree of exclusive ors. */
@inline
function sigma1(e: v128): v128 {
  const x = v128.xor(i32x4.shr_u(e, 6), i32x4.shl(e, 26)), y = v128.xor(i32x4.shr_u(e, 11), i32x4.shl(e, 21));
  return v128.xor(v128.xor(x, y), v128.xor(i32x4.shr_u(e, 25), i32x4.shl(e, 7)));
}

@inline
function sigma0(a: v128): v128 {
  const x = v128.xor(i32x4.shr_u(a, 2), i32x4.shl(a, 30)), y = v128.xor(i32x4.shr_u(a, 13), i32x4.shl(a, 19));
  return v128.xor(v128.xor(x, y), v128.xor(i32x4.shr_u(a, 22), i32x4.shl(a, 10)));
}

@inline
function addState(state: usize, offset: usize, x: v128): void {
  v128.store(state + offset, i32x4.add(x, v128.load(state + offset)));
}

/**
 * 64 rounds over four messages. With `extending`, `w` holds a block's 16 words and has room for 64, and the schedule runs
 * sixteen rounds ahead; without, `w` holds all 64 words with the constants added. One round per turn of the loop: the
 * moves are free, while an unrolled body makes V8 compute the schedule first and spill it.
 */
@inline
function rounds(state: usize, w: usize, extending: bool): void {
  let a = v128.load(state), b = v128.load(state, 16), c = v128.load(state, 32), d = v128.load(state, 48);
  let e = v128.load(state, 64), f = v128.load(state, 80), g = v128.load(state, 96), h = v128.load(state, 112);
  // maj(a,b,c) = b ^ ((a ^ b) & (b ^ c)), and a ^ b is the next round's b ^ c.
  let bc = v128.xor(b, c);
  let k: usize = K;
  if (extending) {
    for (const end = w + 48 * 16; w < end; w += 16) {
      const x = sum(e, f, g, h, i32x4.add(v128.load(w), v128.load32_splat(k))), s = sigma1(e);
      h = g; g = f; f = e; e = i32x4.add(i32x4.add(d, x), s);
      const ab = v128.xor(a, b), majority = v128.xor(b, v128.and(ab, bc));
      bc = ab; d = c; c = b; b = a; a = i32x4.add(i32x4.add(i32x4.add(x, majority), s), sigma0(a));
      extend(w);
      k += 4;
    }
  }
  for (const end = w + (extending ? 16 * 16 : 64 * 16); w < end; w += 16) {
    const input = extending ? i32x4.add(v128.load(w), v128.load32_splat(k)) : v128.load(w);
    const x = sum(e, f, g, h, input), s = sigma1(e);
    h = g; g = f; f = e; e = i32x4.add(i32x4.add(d, x), s);
    const ab = v128.xor(a, b), majority = v128.xor(b, v128.and(ab, bc));
    bc = ab; d = c; c = b; b = a; a = i32x4.add(i32x4.add(i32x4.add(x, majority), s), sigma0(a));
    k += 4;
  }
  addState(state, 0, a); addState(state, 16, b); addState(state, 32, c); addState(state, 48, d);
  addState(state, 64, e); addState(state, 80, f); addState(state, 96, g); addState(state, 112, h);
}

/** rounds for eight messages: every vector has a partner, `…1`, in the next place of memory. */
@inline
function pairRounds(state: usize, w: usize, extending: bool): void {
  let a0 = v128.load(state), a1 = v128.load(state, 16), b0 = v128.load(state, 32), b1 = v128.load(state, 48);
  let c0 = v128.load(state, 64), c1 = v128.load(state, 80), d0 = v128.load(state, 96), d1 = v128.load(state, 112);
  let e0 = v128.load(state, 128), e1 = v128.load(state, 144), f0 = v128.load(state, 160), f1 = v128.load(state, 176);
  let g0 = v128.load(state, 192), g1 = v128.load(state, 208), h0 = v128.load(state, 224), h1 = v128.load(state, 240);
  let bc0 = v128.xor(b0, c0), bc1 = v128.xor(b1, c1);
  let k: usize = K;
  if (extending) {
    for (const end = w + 48 * 32; w < end; w += 32) {
      const constant = v128.load32_splat(k);
      const x0 = sum(e0, f0, g0, h0, i32x4.add(v128.load(w), constant)), s0 = sigma1(e0);
      const x1 = sum(e1, f1, g1, h1, i32x4.add(v128.load(w, 16), constant)), s1 = sigma1(e1);
      h0 = g0; g0 = f0; f0 = e0; e0 = i32x4.add(i32x4.add(d0, x0), s0);
      h1 = g1; g1 = f1; f1 = e1; e1 = i32x4.add(i32x4.add(d1, x1), s1);
      const ab0 = v128.xor(a0, b0), ab1 = v128.xor(a1, b1);
      const y0 = i32x4.add(i32x4.add(x0, s0), v128.xor(b0, v128.and(ab0, bc0)));
      const y1 = i32x4.add(i32x4.add(x1, s1), v128.xor(b1, v128.and(ab1, bc1)));
      bc0 = ab0; bc1 = ab1;
      d0 = c0; c0 = b0; b0 = a0; a0 = i32x4.add(y0, sigma0(a0));
      d1 = c1; c1 = b1; b1 = a1; a1 = i32x4.add(y1, sigma0(a1));
      extendPair(w);
      k += 4;
    }
  }
  for (const end = w + (extending ? 16 * 32 : 64 * 32); w < end; w += 32) {
    const constant = extending ? v128.load32_splat(k) : i32x4.splat(0);
    const x0 = sum(e0, f0, g0, h0, i32x4.add(v128.load(w), constant)), s0 = sigma1(e0);
    const x1 = sum(e1, f1, g1, h1, i32x4.add(v128.load(w, 16), constant)), s1 = sigma1(e1);
    h0 = g0; g0 = f0; f0 = e0; e0 = i32x4.add(i32x4.add(d0, x0), s0);
    h1 = g1; g1 = f1; f1 = e1; e1 = i32x4.add(i32x4.add(d1, x1), s1);
    const ab0 = v128.xor(a0, b0), ab1 = v128.xor(a1, b1);
    const y0 = i32x4.add(i32x4.add(x0, s0), v128.xor(b0, v128.and(ab0, bc0)));
    const y1 = i32x4.add(i32x4.add(x1, s1), v128.xor(b1, v128.and(ab1, bc1)));
    bc0 = ab0; bc1 = ab1;
    d0 = c0; c0 = b0; b0 = a0; a0 = i32x4.add(y0, sigma0(a0));
    d1 = c1; c1 = b1; b1 = a1; a1 = i32x4.add(y1, sigma0(a1));
    k += 4;
  }
  addStatePair(state, 0, a0, a1); addStatePair(state, 32, b0, b1); addStatePair(state, 64, c0, c1); addStatePair(state, 96, d0, d1);
  addStatePair(state, 128, e0, e1); addStatePair(state, 160, f0, f1); addStatePair(state, 192, g0, g1); addStatePair(state, 224, h0, h1);
}

@inline
function addStatePair(state: usize, offset: usize, low: v128, high: v128): void {
  const p = i32x4.add(low, v128.load(state + offset)), q = i32x4.add(high, v128.load(state + offset, 16));
  v128.store(state + offset, q, 16);
  v128.store(state + offset, p);
}

/** One block: `w` has room for 64 words of every message, the first 16 hold the block's. */
export function compress(state: usize, w: usize): void {
  rounds(state, w, true);
}

export function compressEight(state: usize, w: usize): void {
  pairRounds(state, w, true);
}

/** The last block, from the rows of a table for the messages' last bytes; `w` has room for 64 words. */
export function compressLast(state: usize, lastWord: usize, table: usize, w: usize): void {
  const r0 = tableRow(table, lastWord, 0), r1 = tableRow(table, lastWord, 4);
  const r2 = tableRow(table, lastWord, 8), r3 = tableRow(table, lastWord, 12);
  for (let t: usize = 0; t < 256; t += 16) {
    storeTransposed(v128.load(r0 + t), v128.load(r1 + t), v128.load(r2 + t), v128.load(r3 + t), w + (t << 2), 16);
  }
  rounds(state, w, false);
}

/**
 * Of eight messages. `w` holds what startLast has put there, and other words of the same table's rows at most: words 4 to 15
 * are the same in all rows and stay.
 */
export function compressLastEight(state: usize, lastWord: usize, table: usize, w: usize): void {
  const r0 = tableRow(table, lastWord, 0), r1 = tableRow(table, lastWord, 4);
  const r2 = tableRow(table, lastWord, 8), r3 = tableRow(table, lastWord, 12);
  const s0 = tableRow(table, lastWord, 16), s1 = tableRow(table, lastWord, 20);
  const s2 = tableRow(table, lastWord, 24), s3 = tableRow(table, lastWord, 28);
  for (let t: usize = 0; t < 256; t = t == 0 ? 64 : t + 16) {
    storeEightTransposed(
      v128.load(r0 + t), v128.load(r1 + t), v128.load(r2 + t), v128.load(r3 + t),
      v128.load(s0 + t), v128.load(s1 + t), v128.load(s2 + t), v128.load(s3 + t), w + (t << 3), 32,
    );
  }
  tabledEight(state, w);
}

/** Words of all blocks of a table to `w`, for eight messages. */
export function startLast(table: usize, w: usize): void {
  for (let t: usize = 0; t < 256; t += 4) {
    const x = v128.load32_splat(table + t);
    v128.store(w + (t << 3), x);
    v128.store(w + (t << 3), x, 16);
  }
}

/** A function of its own: V8 allocates its registers alone. */
function tabledEight(state: usize, w: usize): void {
  pairRounds(state, w, false);
}

/** The row of `table` for the last byte of a word in the machine's order of bytes. */
@inline
function tableRow(table: usize, lastWord: usize, offset: usize): usize {
  return table + (<usize>load<u8>(lastWord + offset, 3) << 8);
}

/** The initial hash value in every lane. */
export function startState(state: usize, lanes: usize): void {
  for (let i: usize = 0; i < 8; i++) {
    const x = v128.load32_splat(START + (i << 2));
    for (let lane: usize = 0; lane < lanes; lane += 4) v128.store(state + ((i * lanes + lane) << 2), x);
  }
}

const START = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);

@inline
function s0(x: u32): u32 {
  return rotr<u32>(x, 7) ^ rotr<u32>(x, 18) ^ (x >> 3);
}

@inline
function s1(x: u32): u32 {
  return rotr<u32>(x, 17) ^ rotr<u32>(x, 19) ^ (x >> 10);
}

/** Fills a table of last blocks: the byte, 0x80, zeros, the length in bits. */
export function fillTable(table: usize, bits: u32): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    const row = table + (byte << 8);
    memory.fill(row, 0, 64);
    store<u32>(row, (byte << 24) | 0x00800000);
    store<u32>(row, bits, 60);
    for (let t: usize = 64; t < 256; t += 4) {
      const w = row + t;
      store<u32>(w, load<u32>(w - 64) + s0(load<u32>(w - 60)) + load<u32>(w - 28) + s1(load<u32>(w - 8)));
    }
    for (let t: usize = 0; t < 256; t += 4) store<u32>(row + t, load<u32>(row + t) + load<u32>(K + t));
  }
}
