// For the bench only: the fastest that unfused fp32 multiply and add can go, twelve sums held in registers, no memory. The sums are of
// pairs of vectors, which a wide engine fuses; one that does not has too few registers for them and takes `peakNarrow`.

@inline
function step(x: v128, m: v128, d: v128): v128 {
  return f32x4.add(f32x4.mul(x, m), d);
}

/** `rounds` times 12 vectors of x = x·m + d: 96 · rounds operations. At `at`: m, d, then from byte 16 the 12 vectors. */
export function peakNarrow(at: usize, rounds: u32): void {
  const m = v128.load32_splat(at), d = v128.load32_splat(at, 4);
  let x0 = v128.load(at, 16), x1 = v128.load(at, 32), x2 = v128.load(at, 48), x3 = v128.load(at, 64);
  let x4 = v128.load(at, 80), x5 = v128.load(at, 96), x6 = v128.load(at, 112), x7 = v128.load(at, 128);
  let x8 = v128.load(at, 144), x9 = v128.load(at, 160), x10 = v128.load(at, 176), x11 = v128.load(at, 192);
  for (let r: u32 = 0; r < rounds; r++) {
    x0 = step(x0, m, d); x1 = step(x1, m, d); x2 = step(x2, m, d); x3 = step(x3, m, d);
    x4 = step(x4, m, d); x5 = step(x5, m, d); x6 = step(x6, m, d); x7 = step(x7, m, d);
    x8 = step(x8, m, d); x9 = step(x9, m, d); x10 = step(x10, m, d); x11 = step(x11, m, d);
  }
  v128.store(at, x1, 32); v128.store(at, x0, 16); v128.store(at, x3, 64); v128.store(at, x2, 48);
  v128.store(at, x5, 96); v128.store(at, x4, 80); v128.store(at, x7, 128); v128.store(at, x6, 112);
  v128.store(at, x9, 160); v128.store(at, x8, 144); v128.store(at, x11, 192); v128.store(at, x10, 176);
}

/** The same with 24 vectors: 192 · rounds operations. */
export function peakWide(at: usize, rounds: u32): void {
  const m = v128.load32_splat(at), d = v128.load32_splat(at, 4);
  let x0 = v128.load(at, 16), x1 = v128.load(at, 32), x2 = v128.load(at, 48), x3 = v128.load(at, 64);
  let x4 = v128.load(at, 80), x5 = v128.load(at, 96), x6 = v128.load(at, 112), x7 = v128.load(at, 128);
  let x8 = v128.load(at, 144), x9 = v128.load(at, 160), x10 = v128.load(at, 176), x11 = v128.load(at, 192);
  let x12 = v128.load(at, 208), x13 = v128.load(at, 224), x14 = v128.load(at, 240), x15 = v128.load(at, 256);
  let x16 = v128.load(at, 272), x17 = v128.load(at, 288), x18 = v128.load(at, 304), x19 = v128.load(at, 320);
  let x20 = v128.load(at, 336), x21 = v128.load(at, 352), x22 = v128.load(at, 368), x23 = v128.load(at, 384);
  for (let r: u32 = 0; r < rounds; r++) {
    x0 = step(x0, m, d); x1 = step(x1, m, d); x2 = step(x2, m, d); x3 = step(x3, m, d);
    x4 = step(x4, m, d); x5 = step(x5, m, d); x6 = step(x6, m, d); x7 = step(x7, m, d);
    x8 = step(x8, m, d); x9 = step(x9, m, d); x10 = step(x10, m, d); x11 = step(x11, m, d);
    x12 = step(x12, m, d); x13 = step(x13, m, d); x14 = step(x14, m, d); x15 = step(x15, m, d);
    x16 = step(x16, m, d); x17 = step(x17, m, d); x18 = step(x18, m, d); x19 = step(x19, m, d);
    x20 = step(x20, m, d); x21 = step(x21, m, d); x22 = step(x22, m, d); x23 = step(x23, m, d);
  }
  v128.store(at, x1, 32); v128.store(at, x0, 16); v128.store(at, x3, 64); v128.store(at, x2, 48);
  v128.store(at, x5, 96); v128.store(at, x4, 80); v128.store(at, x7, 128); v128.store(at, x6, 112);
  v128.store(at, x9, 160); v128.store(at, x8, 144); v128.store(at, x11, 192); v128.store(at, x10, 176);
  v128.store(at, x13, 224); v128.store(at, x12, 208); v128.store(at, x15, 256); v128.store(at, x14, 240);
  v128.store(at, x17, 288); v128.store(at, x16, 272); v128.store(at, x19, 320); v128.store(at, x18, 304);
  v128.store(at, x21, 352); v128.store(at, x20, 336); v128.store(at, x23, 384); v128.store(at, x22, 368);
}
