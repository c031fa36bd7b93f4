// exp, log, tanh: kernel and reference give the same bits, and both stay within the stated bounds of the true value.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createArena } from "./kernel/Arena.ts";
import type { View } from "./kernel/View.ts";
import { soloKernels, teamBytes } from "./kernel/wasmKernels.ts";
import { bitsOf, expRecipe, fromBits, logRecipe, tanhRecipe } from "./recipes.ts";
import { seedWords } from "./seedStream.ts";

const recipes = {
  exp: { scalar: expRecipe, exact: Math.exp },
  log: { scalar: logRecipe, exact: Math.log },
  tanh: { scalar: tanhRecipe, exact: Math.tanh },
} as const;
type Name = keyof typeof recipes;

const EDGES = [
  0x00000000, 0x80000000, 0x00000001, 0x80000001, 0x007fffff, 0x00800000, 0x3f800000, 0xbf800000, 0x7f7fffff,
  0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7f800001, 0x42b17217, 0x42b17218, 0x42b17219,
  0xc2aeac4f, 0xc2aeac50, 0xc2cff1b4, 0xc2cff1b5, 0xc2cff1b6, 0x3f200000, 0x3f1fffff, 0x3f3504f2, 0x3f3504f3,
  0x3f3504f4, 0x41102cb3,
];

/** Bits of the results of the kernel. */
function kernelBits(name: Name, inputs: readonly number[]): Uint32Array {
  const shape = [inputs.length];
  const arena = createArena(8 * inputs.length + teamBytes({ threads: 1 }) + 65_536);
  const set = soloKernels(arena);
  const view = (): View => ({ at: set.reserve(4 * inputs.length), dtype: "f32", shape });
  const [x, out] = [view(), view()];
  const steps = [{ op: name, in: [0] }];
  const plan = set.compile([{ call: "chain", shape, sources: [x], steps, outputs: [{ value: 1, out }] }]);
  new Uint32Array(arena.memory.buffer, x.at, inputs.length).set(inputs);
  set.run(plan);
  return new Uint32Array(arena.memory.buffer, out.at, inputs.length);
}

/** Distance from the true value in units of the last place of the fp32 result's binade. */
export function ulpError(got: number, exact: number): number {
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(exact))));
  return Math.abs(got - exact) / 2 ** (exponent - 23);
}

const randomBits = Array.from(seedWords(new Uint8Array(32).fill(1), "test/recipes", 0, 40_000));

for (const name of Object.keys(recipes) as Name[]) {
  test(`${name}: kernel and reference agree on edges and on 40,000 random bit patterns`, () => {
    const inputs = [...EDGES, ...randomBits];
    const got = kernelBits(name, inputs);
    inputs.forEach((input, i) => {
      const want = bitsOf(recipes[name].scalar(fromBits(input)));
      if (got[i] !== want)
        assert.fail(`${name}(0x${input.toString(16)}) = ${got[i]!.toString(16)}, not ${want.toString(16)}`);
    });
  });
}

/** Uniform reals of [low, high) as fp32. */
function spread(low: number, high: number): number[] {
  return randomBits.map((word) => Math.fround(low + (word / 2 ** 32) * (high - low)));
}

function worst(name: Name, inputs: number[]): number {
  let most = 0;
  for (const x of inputs) {
    const exact = recipes[name].exact(x);
    if (exact !== 0) most = Math.max(most, ulpError(recipes[name].scalar(x), exact));
  }
  return most;
}

test("exp and log stay within 1 ulp, tanh within 1.5 (sampled)", () => {
  const found = {
    exp: worst("exp", [...spread(-87, 88.7), ...spread(-1, 1)]),
    expSubnormal: worst("exp", spread(-103, -87.4)),
    log: worst("log", [...spread(0, 2), ...spread(0, 1e30), ...spread(0.9, 1.1), ...spread(0, 2 ** -126)]),
    tanh: worst("tanh", [...spread(-10, 10), ...spread(-0.7, 0.7), ...spread(-1e-3, 1e-3)]),
  };
  assert.ok(found.exp < 1 && found.log < 1 && found.tanh < 1.5 && found.expSubnormal < 1, JSON.stringify(found));
});

test("special values", () => {
  assert.equal(expRecipe(0), 1);
  assert.equal(expRecipe(Number.NEGATIVE_INFINITY), 0);
  assert.equal(expRecipe(89), Number.POSITIVE_INFINITY);
  assert.equal(logRecipe(1), 0);
  assert.equal(logRecipe(0), Number.NEGATIVE_INFINITY);
  assert.ok(Number.isNaN(logRecipe(-1)));
  assert.equal(tanhRecipe(100), 1);
  assert.equal(tanhRecipe(-100), -1);
  assert.ok(Object.is(tanhRecipe(-0), 0), "the polynomial's last sum makes tanh(-0) a +0");
});
