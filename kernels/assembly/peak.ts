// For the bench only: the fastest that unfused fp32 multiply and add can go, twelve sums held in registers, no memory.

@inline
function step(x: v128, m: v128, d: v128): v128 {
  return f32x4.add(f32x4.mul(x, m), d);
}

/** `rounds` times 12 vectors of x = x·m + d: 96 · rounds operations. At `at`: m, d, then from byte 16 the 12 vectors. */
export function peak(at: usize, rounds: u32): void {
  const m = v128.load32_splat(at), d = v128.load32_splat(at, 4);
  let a = v128.load(at, 16);
  let b = v128.load(at, 32);
  let c = v128.load(at, 48);
  let e = v128.load(at, 64);
  let f = v128.load(at, 80);
  let g = v128.load(at, 96);
  let h = v128.load(at, 112);
  let i = v128.load(at, 128);
  let j = v128.load(at, 144);
  let k = v128.load(at, 160);
  let l = v128.load(at, 176);
  let n = v128.load(at, 192);
  for (let r: u32 = 0; r < rounds; r++) {
    a = step(a, m, d); b = step(b, m, d); c = step(c, m, d); e = step(e, m, d); f = step(f, m, d); g = step(g, m, d);
    h = step(h, m, d); i = step(i, m, d); j = step(j, m, d); k = step(k, m, d); l = step(l, m, d); n = step(n, m, d);
  }
  v128.store(at, a, 16);
  v128.store(at, b, 32);
  v128.store(at, c, 48);
  v128.store(at, e, 64);
  v128.store(at, f, 80);
  v128.store(at, g, 96);
  v128.store(at, h, 112);
  v128.store(at, i, 128);
  v128.store(at, j, 144);
  v128.store(at, k, 160);
  v128.store(at, l, 176);
  v128.store(at, n, 192);
}
