// SHA-256 (FIPS 180-4) of the two fixed message forms of the commitment layout, four messages at a time:
// leaf = 0x00 ‖ 128 bytes (3 blocks), node = 0x01 ‖ left ‖ right (2 blocks). spec/tensor.md §4.
// Not here: other message lengths; the host hashes those with its own library.

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

@inline
function rotate(x: v128, n: i32): v128 {
  return v128.or(i32x4.shr_u(x, n), i32x4.shl(x, 32 - n));
}

@inline
function swapBytes(x: v128): v128 {
  return v128.shuffle<i8>(x, x, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

@inline
function temp1(e: v128, f: v128, g: v128, h: v128, w: usize, k: usize): v128 {
  const sigma = v128.xor(v128.xor(rotate(e, 6), rotate(e, 11)), rotate(e, 25));
  const input = i32x4.add(v128.load(w), v128.load32_splat(k));
  return i32x4.add(i32x4.add(h, sigma), i32x4.add(v128.xor(g, v128.and(e, v128.xor(f, g))), input));
}

@inline
function temp2(a: v128, b: v128, c: v128): v128 {
  const sigma = v128.xor(v128.xor(rotate(a, 2), rotate(a, 13)), rotate(a, 22));
  return i32x4.add(sigma, v128.xor(v128.and(a, b), v128.and(c, v128.xor(a, b))));
}

/** One block for four messages. `state` is 8 vectors; `w` is 64 vectors of which the first 16 hold the block. */
function compress(state: usize, w: usize): void {
  for (let t: usize = 256; t < 1024; t += 16) {
    const x = v128.load(w + t - 240);
    const y = v128.load(w + t - 32);
    const s0 = v128.xor(v128.xor(rotate(x, 7), rotate(x, 18)), i32x4.shr_u(x, 3));
    const s1 = v128.xor(v128.xor(rotate(y, 17), rotate(y, 19)), i32x4.shr_u(y, 10));
    v128.store(w + t, i32x4.add(i32x4.add(v128.load(w + t - 256), s0), i32x4.add(v128.load(w + t - 112), s1)));
  }
  let a = v128.load(state), b = v128.load(state, 16), c = v128.load(state, 32), d = v128.load(state, 48);
  let e = v128.load(state, 64), f = v128.load(state, 80), g = v128.load(state, 96), h = v128.load(state, 112);
  for (let t: usize = 0; t < 64; t += 8) {
    const p = w + (t << 4);
    const k = K + (t << 2);
    let u = temp1(e, f, g, h, p, k); d = i32x4.add(d, u); h = i32x4.add(u, temp2(a, b, c));
    u = temp1(d, e, f, g, p + 16, k + 4); c = i32x4.add(c, u); g = i32x4.add(u, temp2(h, a, b));
    u = temp1(c, d, e, f, p + 32, k + 8); b = i32x4.add(b, u); f = i32x4.add(u, temp2(g, h, a));
    u = temp1(b, c, d, e, p + 48, k + 12); a = i32x4.add(a, u); e = i32x4.add(u, temp2(f, g, h));
    u = temp1(a, b, c, d, p + 64, k + 16); h = i32x4.add(h, u); d = i32x4.add(u, temp2(e, f, g));
    u = temp1(h, a, b, c, p + 80, k + 20); g = i32x4.add(g, u); c = i32x4.add(u, temp2(d, e, f));
    u = temp1(g, h, a, b, p + 96, k + 24); f = i32x4.add(f, u); b = i32x4.add(u, temp2(c, d, e));
    u = temp1(f, g, h, a, p + 112, k + 28); e = i32x4.add(e, u); a = i32x4.add(u, temp2(b, c, d));
  }
  v128.store(state, i32x4.add(a, v128.load(state)));
  v128.store(state, i32x4.add(b, v128.load(state, 16)), 16);
  v128.store(state, i32x4.add(c, v128.load(state, 32)), 32);
  v128.store(state, i32x4.add(d, v128.load(state, 48)), 48);
  v128.store(state, i32x4.add(e, v128.load(state, 64)), 64);
  v128.store(state, i32x4.add(f, v128.load(state, 80)), 80);
  v128.store(state, i32x4.add(g, v128.load(state, 96)), 96);
  v128.store(state, i32x4.add(h, v128.load(state, 112)), 112);
}

function startState(state: usize): void {
  v128.store(state, i32x4.splat(0x6a09e667));
  v128.store(state, i32x4.splat(0xbb67ae85), 16);
  v128.store(state, i32x4.splat(0x3c6ef372), 32);
  v128.store(state, i32x4.splat(0xa54ff53a), 48);
  v128.store(state, i32x4.splat(0x510e527f), 64);
  v128.store(state, i32x4.splat(0x9b05688c), 80);
  v128.store(state, i32x4.splat(0x1f83d9ab), 96);
  v128.store(state, i32x4.splat(0x5be0cd19), 112);
}

/** Loads `vectors` v128 (4 words each) of four messages, as big-endian words, message per lane, to `out`. */
@inline
function interleave(m0: usize, m1: usize, m2: usize, m3: usize, vectors: usize, out: usize): void {
  for (let i: usize = 0; i < vectors; i++) {
    const at = i << 4;
    const r0 = swapBytes(v128.load(m0 + at)), r1 = swapBytes(v128.load(m1 + at));
    const r2 = swapBytes(v128.load(m2 + at)), r3 = swapBytes(v128.load(m3 + at));
    const a = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5), b = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
    const c = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7), d = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
    const to = out + (i << 6);
    v128.store(to, v128.shuffle<i64>(a, b, 0, 2));
    v128.store(to, v128.shuffle<i64>(a, b, 1, 3), 16);
    v128.store(to, v128.shuffle<i64>(c, d, 0, 2), 32);
    v128.store(to, v128.shuffle<i64>(c, d, 1, 3), 48);
  }
}

/** Writes 16 message words starting at data word `from`, shifted right by the one tag byte. */
@inline
function shiftedBlock(words: usize, from: usize, carry: v128, w: usize): void {
  let before = carry;
  for (let i: usize = 0; i < 16; i++) {
    const word = v128.load(words + ((from + i) << 4));
    v128.store(w + (i << 4), v128.or(i32x4.shl(before, 24), i32x4.shr_u(word, 8)));
    before = word;
  }
}

/** The last block: the one byte left over, 0x80, zeros, and the bit length. */
@inline
function lastBlock(lastWord: v128, bits: i32, w: usize): void {
  v128.store(w, v128.or(i32x4.shl(lastWord, 24), i32x4.splat(0x00800000)));
  for (let i: usize = 1; i < 15; i++) v128.store(w + (i << 4), i32x4.splat(0));
  v128.store(w + 240, i32x4.splat(bits));
}

/** Stores the digest of each of the first `count` lanes, 32 bytes apart. */
function storeDigests(state: usize, out: usize, count: usize): void {
  for (let lane: usize = 0; lane < count; lane++) {
    for (let i: usize = 0; i < 8; i++) {
      store<u32>(out + (lane << 5) + (i << 2), bswap<u32>(load<u32>(state + (i << 4) + (lane << 2))));
    }
  }
}

/** Bytes a thread's scratch must hold for the hash functions below: state, schedule, words, four padded leaves. */
export function hashScratchBytes(): usize {
  return 128 + 1024 + 512 + 512;
}

@inline
function leafAddress(x: usize, N: usize, perRow: usize, leaf: usize, spare: usize): usize {
  const row = leaf / perRow;
  const column = (leaf - row * perRow) << 5;
  const at = x + (row * N + column) * 4;
  if (column + 32 <= N) return at;
  memory.fill(spare, 0, 128);
  memory.copy(spare, at, (N - column) << 2);
  return spare;
}

/** out[i] = SHA-256(0x00 ‖ leaf i) for first ≤ i < last of a tensor with last axis N; a short leaf is zero padded. */
export function hashLeaves(x: usize, N: usize, first: usize, last: usize, out: usize, scratch: usize): void {
  const perRow = (N + 31) >> 5;
  const w = scratch + 128, words = w + 1024, spare = words + 512;
  for (let i = first; i < last; i += 4) {
    const end = last - 1;
    const m0 = leafAddress(x, N, perRow, i, spare);
    const m1 = leafAddress(x, N, perRow, min(i + 1, end), spare + 128);
    const m2 = leafAddress(x, N, perRow, min(i + 2, end), spare + 256);
    const m3 = leafAddress(x, N, perRow, min(i + 3, end), spare + 384);
    startState(scratch);
    interleave(m0, m1, m2, m3, 8, words);
    shiftedBlock(words, 0, i32x4.splat(0), w);
    compress(scratch, w);
    shiftedBlock(words, 16, v128.load(words + (15 << 4)), w);
    compress(scratch, w);
    lastBlock(v128.load(words + (31 << 4)), 1032, w);
    compress(scratch, w);
    storeDigests(scratch, out + (i << 5), min<usize>(4, last - i));
  }
}

/** Parents first ≤ i < last of `width` digests at `below`: SHA-256(0x01 ‖ left ‖ right); a lone last one is copied up. */
export function hashNodes(below: usize, width: usize, first: usize, last: usize, out: usize, scratch: usize): void {
  const w = scratch + 128, words = w + 1024;
  let pairs = last;
  if (last > first && last << 1 > width) {
    memory.copy(out + ((last - 1) << 5), below + ((width - 1) << 5), 32);
    pairs = last - 1;
  }
  for (let i = first; i < pairs; i += 4) {
    const end = pairs - 1;
    startState(scratch);
    interleave(
      below + (i << 6), below + (min(i + 1, end) << 6), below + (min(i + 2, end) << 6), below + (min(i + 3, end) << 6),
      4, words,
    );
    shiftedBlock(words, 0, i32x4.splat(1), w);
    compress(scratch, w);
    lastBlock(v128.load(words + (15 << 4)), 520, w);
    compress(scratch, w);
    storeDigests(scratch, out + (i << 5), min<usize>(4, pairs - i));
  }
}
