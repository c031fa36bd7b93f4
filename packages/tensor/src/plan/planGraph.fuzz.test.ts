// Random graphs through planner and kernels: every bit is the reference's, chains or not, one thread or two; buffers that
// live at the same time never share bytes; what a step reads is what the right step wrote.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openPlan } from "../execute/openGraph.ts";
import type { Value } from "../graph/Emitter.ts";
import { elementCount, type Graph, type Shape } from "../graph/Graph.ts";
import { GraphBuilder } from "../graph/GraphBuilder.ts";
import { tinyAdamw, tinyCnn, tinyGpt, tinyMlp } from "../graph/graphFixture.ts";
import * as op from "../graph/ops.ts";
import { scalar } from "../graph/scalar.ts";
import { bitsView, createTensor, type TensorValue, tensorFrom } from "../graph/TensorValue.ts";
import { evaluateGraph } from "../reference/evaluateGraph.ts";
import { seedWords } from "../seedStream.ts";
import { TensorError } from "../TensorError.ts";
import { buildStepGraph } from "../train/stepGraph.ts";
import { assignPlaces } from "./assignPlaces.ts";
import type { GraphPlan } from "./GraphPlan.ts";
import { planGraph, readBy, storedBy } from "./planGraph.ts";

type Move = (g: GraphBuilder, values: readonly Value[], n: number) => Value;

/** What a random graph does with its values; each may be refused. */
const MOVES: Move[] = [
  (g, [a, b]) => op.add(g, a!, b!),
  (g, [a, b]) => op.mul(g, a!, b!),
  (g, [a, b]) => op.sub(g, a!, b!),
  (g, [a, b]) => op.gt(g, a!, b!),
  (g, [a, b]) => op.select(g, a!, [b!, a!]),
  (g, [a]) => op.exp(g, a!),
  (g, [a]) => op.sqrt(g, op.abs(g, a!)),
  (g, [a], n) => op.mul(g, a!, scalar(g, n + 0.5)),
  (g, [a]) => op.reduceSum(g, a!, a!.shape.length - 1),
  (g, [a]) => op.reduceMax(g, a!, a!.shape.length - 1),
  (g, [a]) => op.sub(g, a!, op.reduceMax(g, a!, a!.shape.length - 1)),
  (g, [a], n) => op.reduceSum(g, a!, n % a!.shape.length),
  (g, [a], n) => op.expand(g, a!, [n + 1, ...a!.shape]),
  (g, [a]) => op.reshape(g, a!, [elementCount(a!.shape)]),
  (g, [a], n) => op.reshape(g, a!, [elementCount(a!.shape) / (n + 1), n + 1]),
  (g, [a], n) => op.transpose(g, a!, rotation(a!.shape.length, n)),
  (g, [a]) => op.transposeLast(g, a!),
  (g, [a], n) => {
    const axis = n % a!.shape.length;
    return op.slice(g, a!, { axis, start: a!.shape[axis]! - 1, length: 1 });
  },
  (g, [a, b], n) => op.concat(g, [a!, b!, a!], n),
  (g, [a]) => op.swapPairs(g, a!),
  (g, [a, b]) => op.matmul(g, a!, b!),
  (g, [a, b]) => op.matmul(g, a!, op.transposeLast(g, b!)),
  (g, [a]) => op.toInt8(g, a!),
  (g, [a]) => op.matmulInt8(g, a!, a!),
  (g, [a]) => op.toFloat(g, a!),
  (g, [a], n) => op.gather(g, a!, { index: index(g, n) }),
  (g, [a], n) => op.oneHot(g, index(g, n), a!.shape.at(-1)!),
  (g, [a], n) => op.select(g, op.oneHot(g, index(g, a!.shape[0]! - 1), a!.shape.at(-1)!), [a!, scalar(g, n)]),
  (g, [a], n) => op.scatterAdd(g, a!, { index: index(g, a!.shape[0]! - 1), rows: n + 2 }),
];

const rotation = (rank: number, n: number) => Array.from({ length: rank }, (_, i) => (i + n) % rank);
/** 0, 1, … : within any table of as many rows. */
const index = (g: GraphBuilder, n: number) => g.constant({ kind: "iota", size: n + 1 });

const shape = fc.array(fc.constantFrom(1, 2, 3, 4, 6), { minLength: 1, maxLength: 3 });
const steps = fc.array(fc.record({ move: fc.nat(MOVES.length - 1), a: fc.nat(1000), b: fc.nat(1000), n: fc.nat(3) }), {
  minLength: 4,
  maxLength: 40,
});
const recipe = fc.record({
  shapes: fc.array(shape, { minLength: 1, maxLength: 3 }),
  steps,
  outputs: fc.array(fc.nat(1000), { minLength: 1, maxLength: 4 }),
  /** Which state gets which value, as far as types allow; the same value may go to several. */
  states: fc.array(fc.nat(1000), { minLength: 2, maxLength: 2 }),
});
type Recipe = typeof recipe extends fc.Arbitrary<infer T> ? T : never;

function build({ shapes, steps: moves, outputs, states }: Recipe): Graph {
  const g = new GraphBuilder();
  const [first] = shapes;
  const held = ["s0", "s1"].map((name) => g.input({ name, role: "state", dtype: "f32", shape: first! }));
  const values = [
    ...held,
    ...shapes.map((own, i) => g.input({ name: `x${i}`, role: "batch", dtype: "f32", shape: own })),
  ];
  for (const { move, a, b, n } of moves)
    try {
      // Near values more often, so that chains grow.
      const pick = (at: number) =>
        values[at % 3 === 0 ? at % values.length : values.length - 1 - (at % Math.min(4, values.length))]!;
      values.push(MOVES[move]!(g, [pick(a), pick(b)], n));
    } catch (error) {
      assert.ok(error instanceof TensorError && error.code === "tensor.bad-graph", String(error));
    }
  outputs.forEach((pick, i) => {
    g.output(`y${i}`, values[values.length - 1 - (pick % values.length)]!);
  });
  states.forEach((pick, i) => {
    const fitting = values.filter(({ dtype, shape: own }) => dtype === "f32" && `${own}` === `${first}`);
    if (pick % 4 > 0) g.output(`s${i}`, fitting[pick % fitting.length]!);
  });
  return g.finish();
}

const EDGES = [0x00000000, 0x80000000, 0x7fc00000, 0xffc00001, 0x7f800000, 0xff800000, 0x00000001, 0x3f800000];

/** Ordinary numbers with edges among them. */
function inputsOf(graph: Graph, run: number): Record<string, TensorValue> {
  return Object.fromEntries(
    graph.inputs.map(({ name, dtype, shape: own }) => {
      const value = createTensor({ dtype, shape: own });
      const words = seedWords(new Uint8Array(32).fill(run), name, 0, 2 * value.data.length);
      const bits = bitsView(value);
      value.data.forEach((_, i) => {
        if (words[2 * i]! % 9 === 0) bits[i] = EDGES[words[2 * i + 1]! % EDGES.length]!;
        else value.data[i] = ((words[2 * i + 1]! >>> 8) * 2 ** -23 - 1) * 3;
      });
      return [name, value];
    }),
  );
}

test("random graphs have the reference's bits, fused or not, over two runs of a state", async () => {
  let compared = 0;
  const property = fc.asyncProperty(
    recipe,
    fc.nat(200),
    fc.constantFrom("chains" as const, "whole" as const),
    async (made, seed, fusion) => {
      const graph = build(made);
      const inputs = inputsOf(graph, seed);
      const threads = seed % 8 === 0 ? 2 : 1;
      const { runner, close } = await openPlan(planGraph(graph, fusion), { threads });
      try {
        for (const [name, value] of Object.entries(inputs)) runner.write(name, value);
        let state = inputs;
        for (let run = 0; run < 2; run++) {
          let outputs: Readonly<Record<string, TensorValue>>;
          try {
            ({ outputs } = evaluateGraph(graph, state));
          } catch (error) {
            assert.ok(error instanceof TensorError && error.code === "tensor.bad-index");
            assert.throws(() => runner.run(), { code: "tensor.bad-index" });
            return;
          }
          runner.run();
          for (const [name, value] of Object.entries(outputs))
            assert.deepEqual(bitsView(runner.read(name)), bitsView(value), name);
          compared += Object.keys(outputs).length;
          state = { ...state, ...Object.fromEntries(Object.entries(outputs).filter(([name]) => name.startsWith("s"))) };
        }
      } finally {
        await close();
      }
    },
  );
  await fc.assert(property, { numRuns: 200, seed: 5 });
  assert.ok(compared > 200, `${compared} outputs compared`);
});

/** Walks a plan's steps and checks that every byte read holds the value that is wanted. */
function checkLives({ buffers, steps: order, outputs, bytes }: GraphPlan): void {
  const byValue = new Map(buffers.map((buffer) => [buffer.value, buffer]));
  const owner = {
    constants: new Map<number, number>(),
    state: new Map(),
    next: new Map(),
    batch: new Map(),
    arena: new Map(),
  };
  const cellsOf = (value: number) => {
    const { region, offset, bytes: size } = byValue.get(value)!;
    assert.ok(offset % 64 === 0 && offset + size <= bytes[region], `${value} lies inside ${region}`);
    return { cells: owner[region] as Map<number, number>, first: offset / 64, last: (offset + size - 1) / 64 };
  };
  const write = (value: number) => {
    const { cells, first, last } = cellsOf(value);
    for (let cell = first; cell <= last; cell++) cells.set(cell, value);
  };
  const read = (value: number) => {
    const { cells, first, last } = cellsOf(value);
    for (let cell = first; cell <= last; cell++) assert.equal(cells.get(cell), value, `value ${value} was overwritten`);
  };
  for (const { value, first } of buffers) if (first === -1) write(value);
  for (const step of order) {
    readBy(step).forEach(read);
    storedBy(step).forEach(write);
    readBy(step).forEach(read);
  }
  for (const { root } of outputs) read(root);
}

test("no live value is ever overwritten, in random graphs and in step graphs", () => {
  fc.assert(
    fc.property(recipe, fc.constantFrom("chains" as const, "whole" as const), (made, fusion) => {
      checkLives(planGraph(build(made), fusion));
    }),
    { numRuns: 300, seed: 7 },
  );
  for (const model of [tinyGpt, tinyMlp, tinyCnn])
    for (const fusion of ["chains", "whole"] as const)
      checkLives(planGraph(buildStepGraph(model, { ...tinyAdamw, accumulate: 2 }).graph, fusion));
});

test("plans are equal for equal graphs, and chains save steps and memory", () => {
  const { graph } = buildStepGraph(tinyGpt, tinyAdamw);
  const plan = planGraph(graph);
  assert.deepEqual(planGraph(JSON.parse(JSON.stringify(graph))), plan);
  const whole = planGraph(graph, "whole");
  assert.ok(plan.steps.length < whole.steps.length / 3, `${plan.steps.length} of ${whole.steps.length} steps`);
  assert.ok(plan.bytes.arena <= whole.bytes.arena);
});

test("places: largest first, no overlap in time and space, as tight as one life allows", () => {
  const lives = fc.array(
    fc.record({ bytes: fc.integer({ min: 1, max: 5000 }), first: fc.nat(20), length: fc.nat(10) }),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(lives, (made) => {
      const all = made.map(({ bytes, first, length }) => ({ bytes, first, last: first + length }));
      const { offsets, bytes } = assignPlaces(all);
      all.forEach((a, i) => {
        assert.ok(offsets[i]! % 64 === 0 && offsets[i]! + a.bytes <= bytes);
        all.forEach((b, j) => {
          if (j <= i || a.last < b.first || b.last < a.first) return;
          assert.ok(offsets[i]! + a.bytes <= offsets[j]! || offsets[j]! + b.bytes <= offsets[i]!);
        });
      });
      const together = Array.from({ length: 32 }, (_, t) =>
        all
          .filter(({ first, last }) => first <= t && t <= last)
          .reduce((sum, life) => sum + Math.ceil(life.bytes / 64) * 64, 0),
      );
      assert.ok(bytes >= Math.max(...together));
    }),
  );
  assert.deepEqual(assignPlaces([]), { offsets: [], bytes: 0 });
});

test("a graph over the memory limit is refused before anything is reserved, with the number", async () => {
  const g = new GraphBuilder();
  const big: Shape = [2 ** 14, 2 ** 14];
  const x = g.input({ name: "x", role: "batch", dtype: "f32", shape: big });
  g.output("y", op.exp(g, x));
  await assert.rejects(openPlan(planGraph(g.finish())), {
    code: "tensor.over-memory",
    message: /needs 21\d{8} bytes of memory, its limit is 2147483648/,
  });
  const small = new GraphBuilder();
  small.output("y", op.exp(small, small.input({ name: "x", role: "batch", dtype: "f32", shape: [4] })));
  const { runner, close } = await openPlan(planGraph(small.finish()));
  assert.throws(() => runner.write("z", tensorFrom("f32", [4], [0, 0, 0, 0])), { code: "tensor.bad-option" });
  await close();
});
