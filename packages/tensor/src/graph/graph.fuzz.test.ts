// Random shapes, random graphs, damaged graphs: inference agrees with a plain rule and with evaluation, text round trips,
// and untrusted data either is a graph or is refused as one.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { evaluateGraph } from "../reference/evaluateGraph.ts";
import { TensorError } from "../TensorError.ts";
import { buildStepGraph } from "../train/stepGraph.ts";
import { broadcastShapes, broadcastSource } from "./broadcast.ts";
import type { Value } from "./Emitter.ts";
import { decodeGraph, encodeGraph } from "./encodeGraph.ts";
import { elementCount, type Graph, type Shape, sameType } from "./Graph.ts";
import { GraphBuilder } from "./GraphBuilder.ts";
import { draws } from "./gradientFixture.ts";
import { tinyMlp, tinySgd } from "./graphFixture.ts";
import { inferTypes } from "./inferTypes.ts";
import * as op from "./ops.ts";
import { tensorFrom } from "./TensorValue.ts";
import { validateGraph } from "./validateGraph.ts";

const size = fc.integer({ min: 1, max: 3 });
const shape = fc.array(size, { minLength: 1, maxLength: 4 });

/** The rule of §2, axis by axis. */
function plainBroadcast(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length);
  const [left, right] = [a, b].map((own) => [...Array(rank - own.length).fill(1), ...own] as number[]);
  const fits = left!.every((own, axis) => own === right![axis] || own === 1 || right![axis] === 1);
  return fits ? left!.map((own, axis) => (own === 1 ? right![axis]! : own)) : undefined;
}

test("broadcasting agrees with the plain rule, in shape and in elements", () => {
  fc.assert(
    fc.property(shape, shape, (a, b) => {
      const common = broadcastShapes(a, b);
      assert.deepEqual(common, plainBroadcast(a, b));
      if (common === undefined) return;
      const padded = [...Array(common.length - a.length).fill(1), ...a] as number[];
      for (let i = 0; i < elementCount(common); i++) {
        let [source, rest, stride] = [0, i, 1];
        for (let axis = common.length - 1; axis >= 0; axis--) {
          source += Math.min(rest % common[axis]!, padded[axis]! - 1) * stride;
          stride *= padded[axis]!;
          rest = Math.floor(rest / common[axis]!);
        }
        assert.equal(broadcastSource(common, a, i), source);
      }
    }),
    { numRuns: 300 },
  );
});

/** What a random graph may do with some of its values; each may be refused. */
const moves: ((g: GraphBuilder, values: readonly Value[], n: number) => Value)[] = [
  (g, [a, b]) => op.add(g, a!, b!),
  (g, [a, b]) => op.div(g, a!, b!),
  (g, [a, b]) => op.matmul(g, a!, b!),
  (g, [a, b]) => op.max(g, a!, b!),
  (g, [a, b]) => op.select(g, a!, [b!, a!]),
  (g, [a]) => op.exp(g, a!),
  (g, [a], n) => op.reduceSum(g, a!, n),
  (g, [a], n) => op.reduceMax(g, a!, n),
  (g, [a], n) => op.expand(g, a!, [n + 1, ...a!.shape]),
  (g, [a]) => op.reshape(g, a!, [elementCount(a!.shape)]),
  (g, [a], n) => op.reshape(g, a!, [n + 1, elementCount(a!.shape) / (n + 1)]),
  (g, [a]) =>
    op.transpose(
      g,
      a!,
      a!.shape.map((_, axis) => a!.shape.length - 1 - axis),
    ),
  (g, [a], n) => op.slice(g, a!, { axis: n, start: 0, length: 1 }),
  (g, [a], n) => op.concat(g, [a!, a!], n),
  (g, [a]) => op.swapPairs(g, a!),
  (g, [a]) => op.toInt8(g, a!),
  (g, [a], n) => op.gather(g, a!, { index: g.constant({ kind: "iota", size: n + 1 }) }),
  (g, [a], n) => op.oneHot(g, a!, n + 1),
  (g, [a, b], n) => op.scatterAdd(g, a!, { index: b!, rows: n + 2 }),
];

const steps = fc.array(
  fc.record({
    move: fc.nat(moves.length - 1),
    operands: fc.array(fc.nat(1000), { minLength: 2, maxLength: 2 }),
    n: fc.nat(3),
  }),
  { minLength: 1, maxLength: 24 },
);

function randomGraph(
  shapes: readonly Shape[],
  plan: readonly { move: number; operands: number[]; n: number }[],
): Graph {
  const g = new GraphBuilder();
  const values = shapes.map((own, i) => g.input({ name: `x${i}`, role: "batch", dtype: "f32", shape: own }));
  for (const { move, operands, n } of plan) {
    const chosen = operands.map((pick) => values[pick % values.length]!);
    try {
      values.push(moves[move]!(g, chosen, n));
    } catch (error) {
      assert.ok(error instanceof TensorError && error.code === "tensor.bad-graph", String(error));
    }
  }
  for (const [i, value] of values.entries()) g.output(`y${i}`, value);
  return g.finish();
}

test("random graphs: the text round trips and every value has the inferred type", () => {
  fc.assert(
    fc.property(fc.array(shape, { minLength: 1, maxLength: 3 }), steps, (shapes, plan) => {
      const graph = randomGraph(shapes, plan);
      assert.deepEqual(decodeGraph(encodeGraph(graph)), graph);
      const types = inferTypes(graph);
      const inputs = Object.fromEntries(
        graph.inputs.map(({ name, shape: own }) => [name, tensorFrom("f32", own, draws(name, own, [0.5, 2]))]),
      );
      try {
        evaluateGraph(graph, inputs).values.forEach((value, i) => {
          assert.ok(sameType(value, types[i]!) && value.data.length === elementCount(value.shape));
        });
      } catch (error) {
        assert.ok(error instanceof TensorError && error.code === "tensor.bad-index", String(error));
      }
    }),
    { numRuns: 200 },
  );
});

const strange = fc.oneof(
  fc.constantFrom(-1, -0, 0.5, 2 ** 31, 2 ** 53, Number.NaN, "", "__proto__", "add", null, true),
  fc.integer({ min: -2, max: 200 }),
  fc.array(fc.integer({ min: -1, max: 70_000 }), { maxLength: 8 }),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Replaces, removes or adds something at a random depth. */
function damage(value: unknown, path: readonly number[], by: unknown): unknown {
  if (typeof value !== "object" || value === null || path.length === 0) return by;
  const [turn, ...rest] = path as [number, ...number[]];
  const copy: Record<string, unknown> = (Array.isArray(value) ? [...value] : { ...value }) as never;
  const keys = Object.keys(copy);
  const key = keys.length === 0 || turn % 11 === 10 ? "op" : keys[turn % keys.length]!;
  if (rest.length === 0 && turn % 7 === 6) delete copy[key];
  else copy[key] = damage(copy[key], rest, by);
  return copy;
}

test("a damaged graph is a graph or is refused as one, never anything else", () => {
  const graph = buildStepGraph(tinyMlp, tinySgd).graph;
  let refused = 0;
  fc.assert(
    fc.property(fc.array(fc.nat(500), { minLength: 1, maxLength: 4 }), strange, (path, by) => {
      try {
        inferTypes(validateGraph(damage(graph, path, by)));
      } catch (error) {
        assert.ok(error instanceof TensorError && error.code === "tensor.bad-graph", String(error));
        assert.ok(error.remedy !== undefined && error.message.length < 1000);
        refused += 1;
      }
    }),
    { numRuns: 2000 },
  );
  assert.ok(refused > 1000, `${refused} were refused`);
});

test("damaged text is refused as text", () => {
  const text = encodeGraph(buildStepGraph(tinyMlp, tinySgd).graph);
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.string({ maxLength: 3 }), (at, by) => {
      const damaged = text.slice(0, at) + by + text.slice(at + 1);
      try {
        assert.equal(encodeGraph(decodeGraph(damaged)), damaged);
      } catch (error) {
        assert.ok(error instanceof TensorError && error.code === "tensor.bad-graph", String(error));
      }
    }),
    { numRuns: 500 },
  );
});
