// The accuracy that spec/tensor.md §4.1 states for exp, log and tanh, over all 2^32 inputs, as the kernels compute them: distance
// from binary64 results, which are right to 2^-53, in units in the last place of the fp32 result.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createArena } from "./Arena.ts";
import type { ChainOp } from "./KernelCall.ts";
import type { View } from "./View.ts";
import { soloKernels, teamBytes } from "./wasmKernels.ts";

const BLOCK = 2 ** 20;
const BLOCKS = 2 ** 12;
const LARGEST = 2 ** 128 * (1 - 2 ** -24);

/** One unit in the last place per biased exponent; subnormals share that of the smallest normals. */
const UNIT = Float64Array.from({ length: 256 }, (_, exponent) => 2 ** (Math.max(exponent, 1) - 150));

/** Where the function is known without the library: most inputs are tiny or huge. */
const exact: Record<"exp" | "log" | "tanh", (x: number) => number> = {
  exp: (x) => (Math.abs(x) < 2 ** -13 ? 1 + x * (1 + x / 2) : Math.exp(x)),
  log: Math.log,
  tanh(x) {
    if (Math.abs(x) > 20) return Math.sign(x);
    return Math.abs(x) < 2 ** -13 ? x - (x * x * x) / 3 : Math.tanh(x);
  },
};

type Worst = { units: number; input: number };

/** The largest distance in a block; NaN, infinities and zeros of the wrong kind count as infinitely far. */
function compare(
  op: keyof typeof exact,
  input: Float32Array,
  words: Uint32Array,
  output: Float32Array,
  worst: Worst,
): void {
  const oracle = exact[op];
  for (let i = 0; i < input.length; i++) {
    const [wanted, got] = [oracle(input[i]!), output[i]!];
    if (Number.isNaN(wanted)) {
      if (words[i] !== 0x7fc00000) worst.units = Number.POSITIVE_INFINITY;
      continue;
    }
    // Beyond the largest fp32 by half a unit, infinity is the nearest.
    const distance =
      Math.abs(got) === Number.POSITIVE_INFINITY
        ? (LARGEST - Math.min(LARGEST, Math.abs(wanted))) / UNIT[254]! + (Math.sign(got) === Math.sign(wanted) ? 0 : 9)
        : Math.abs(got - wanted) / UNIT[(words[i]! >>> 23) & 255]!;
    if (!(distance <= worst.units)) Object.assign(worst, { units: distance, input: input[i] });
  }
}

for (const [op, limit] of [
  ["exp", 1],
  ["log", 1],
  ["tanh", 1.5],
] as const)
  test(`${op} is within ${limit} units in the last place for every input`, () => {
    const arena = createArena(3 * BLOCK * 4 + teamBytes({ threads: 1 }));
    const set = soloKernels(arena);
    const view = (): View => ({ at: set.reserve(BLOCK * 4), dtype: "f32", shape: [BLOCK] });
    const [x, out] = [view(), view()];
    const steps = [{ op: op as ChainOp, in: [0] }];
    const plan = set.compile([{ call: "chain", shape: [BLOCK], sources: [x], steps, outputs: [{ value: 1, out }] }]);
    const inputWords = new Uint32Array(arena.memory.buffer, x.at, BLOCK);
    const input = new Float32Array(arena.memory.buffer, x.at, BLOCK);
    const words = new Uint32Array(arena.memory.buffer, out.at, BLOCK);
    const output = new Float32Array(arena.memory.buffer, out.at, BLOCK);
    const worst: Worst = { units: 0, input: 0 };
    for (let block = 0; block < BLOCKS; block++) {
      for (let i = 0; i < BLOCK; i++) inputWords[i] = block * BLOCK + i;
      set.run(plan);
      compare(op, input, words, output, worst);
    }
    assert.ok(worst.units < limit, `${worst.units} units at ${worst.input}`);
    process.stdout.write(
      `# ${op}: largest error ${worst.units.toFixed(3)} units in the last place, at ${worst.input}\n`,
    );
  });
