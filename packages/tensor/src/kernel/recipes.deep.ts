// The accuracy that spec/tensor.md §4.1 states for exp, log, tanh, sqrt and the composites of one argument made of them, over
// all 2^32 inputs, as the kernels compute them: distance from binary64 results, which are right to 2^-53, in units in the
// last place of the fp32 result.
import assert from "node:assert/strict";
import { test } from "node:test";
import { elementCount } from "../graph/Graph.ts";
import { createArena } from "./Arena.ts";
import type { ChainOp, ChainStep } from "./KernelCall.ts";
import type { View } from "./View.ts";
import { soloKernels, teamBytes } from "./wasmKernels.ts";

const BLOCK = 2 ** 20;
const BLOCKS = 2 ** 12;
const LARGEST = 2 ** 128 * (1 - 2 ** -24);

/** One unit in the last place per biased exponent; subnormals share that of the smallest normals. */
const UNIT = Float64Array.from({ length: 256 }, (_, exponent) => 2 ** (Math.max(exponent, 1) - 150));

/** e^x; tiny and huge arguments, of which there are most, without the library. */
function power(x: number): number {
  return Math.abs(x) < 2 ** -13 ? 1 + x * (1 + x / 2) : Math.exp(x);
}

function tangent(x: number): number {
  if (Math.abs(x) > 20) return Math.sign(x);
  return Math.abs(x) < 2 ** -13 ? x - (x * x * x) / 3 : Math.tanh(x);
}

/** §3.7 bounds exp's argument at 88: below -88 the definition is this number, far below 0 as it is. */
const logistic = (x: number): number => 1 / (1 + power(Math.min(-x, 88)));

type Case = {
  /** x is value 0, the scalars 1 and 88 are values 1 and 2. */
  readonly steps: readonly ChainStep[];
  readonly exact: (x: number) => number;
  /** Units in the last place. */
  readonly limit: number;
};

const one = (op: ChainOp): ChainStep[] => [{ op, in: [0] }];
const RSQRT: ChainStep[] = [...one("sqrt"), { op: "div", in: [1, 3] }];
const SIGMOID: ChainStep[] = [
  ...one("neg"),
  { op: "min", in: [3, 2] },
  { op: "exp", in: [4] },
  { op: "add", in: [1, 5] },
  { op: "div", in: [1, 6] },
];

const CASES: Readonly<Record<string, Case>> = {
  exp: { steps: one("exp"), exact: power, limit: 1 },
  log: { steps: one("log"), exact: Math.log, limit: 1 },
  tanh: { steps: one("tanh"), exact: tangent, limit: 1.5 },
  sqrt: { steps: one("sqrt"), exact: Math.sqrt, limit: 0.500001 },
  rsqrt: { steps: RSQRT, exact: (x) => 1 / Math.sqrt(x), limit: 1.5 },
  sigmoid: { steps: SIGMOID, exact: logistic, limit: 2.5 },
  silu: { steps: [...SIGMOID, { op: "mul", in: [0, 7] }], exact: (x) => x * logistic(x), limit: 3 },
};

type Block = { readonly input: Float32Array; readonly words: Uint32Array; readonly output: Float32Array };
type Worst = { units: number; input: number };

/** The largest distance in a block; NaN, infinities and zeros of the wrong kind count as infinitely far. */
function compare(oracle: Case["exact"], { input, words, output }: Block, worst: Worst): void {
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

for (const [name, { steps, exact, limit }] of Object.entries(CASES))
  test(`${name} is within ${limit} units in the last place for every input`, () => {
    const arena = createArena(3 * BLOCK * 4 + teamBytes({ threads: 1 }));
    const set = soloKernels(arena);
    const view = (...shape: number[]): View => ({ at: set.reserve(elementCount(shape) * 4), dtype: "f32", shape });
    const [x, unit, bound, out] = [view(BLOCK), view(1), view(1), view(BLOCK)];
    set.write(unit, Float32Array.of(1));
    set.write(bound, Float32Array.of(88));
    const outputs = [{ value: 2 + steps.length, out }];
    const plan = set.compile([{ call: "chain", shape: [BLOCK], sources: [x, unit, bound], steps, outputs }]);
    const inputWords = new Uint32Array(arena.memory.buffer, x.at, BLOCK);
    const block: Block = {
      input: new Float32Array(arena.memory.buffer, x.at, BLOCK),
      words: new Uint32Array(arena.memory.buffer, out.at, BLOCK),
      output: new Float32Array(arena.memory.buffer, out.at, BLOCK),
    };
    const worst: Worst = { units: 0, input: 0 };
    for (let number = 0; number < BLOCKS; number++) {
      for (let i = 0; i < BLOCK; i++) inputWords[i] = number * BLOCK + i;
      set.run(plan);
      compare(exact, block, worst);
    }
    assert.ok(worst.units < limit, `${worst.units} units at ${worst.input}`);
    process.stdout.write(
      `# ${name}: largest error ${worst.units.toFixed(3)} units in the last place, at ${worst.input}\n`,
    );
  });
