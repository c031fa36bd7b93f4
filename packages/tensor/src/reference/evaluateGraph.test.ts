// Whole graphs: inputs are checked, errors name the node, hostile names are only names; sums that attention relies on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { attention, rope } from "../graph/attention.ts";
import { conv, maxPool, type Window } from "../graph/convolution.ts";
import type { Value } from "../graph/Emitter.ts";
import type { Graph, Shape } from "../graph/Graph.ts";
import { GraphBuilder } from "../graph/GraphBuilder.ts";
import { draws } from "../graph/gradientFixture.ts";
import * as op from "../graph/ops.ts";
import { bitsView, type TensorValue, tensorFrom } from "../graph/TensorValue.ts";
import { evaluateGraph } from "./evaluateGraph.ts";

const f32 = (name: string, shape: Shape) => ({ name, role: "batch", dtype: "f32", shape }) as const;

test("wrong inputs are refused by name, a wrong index by node", () => {
  const g = new GraphBuilder();
  const table = g.input(f32("table", [2, 2]));
  const index = g.input({ name: "index", role: "batch", dtype: "i32", shape: [1] });
  g.output("y", op.gather(g, op.exp(g, table), { index }));
  const graph = g.finish();
  const good = { table: tensorFrom("f32", [2, 2], [0, 0, 0, 0]), index: tensorFrom("i32", [1], [1]) };
  assert.deepEqual(Array.from(evaluateGraph(graph, good).outputs["y"]!.data), [1, 1]);
  const wrong: [Record<string, TensorValue>, string, RegExp][] = [
    [{ table: good.table }, "bad-tensor", /^input index is missing/],
    [{ ...good, table: tensorFrom("f32", [4], [0, 0, 0, 0]) }, "bad-tensor", /^input table is f32 \[4\] with 4/],
    [{ ...good, index: tensorFrom("f32", [1], [1]) as never }, "bad-tensor", /^input index is f32 \[1\]/],
    [{ ...good, table: { ...good.table, data: new Float32Array(3) } }, "bad-tensor", /with 3 elements/],
    [{ ...good, index: tensorFrom("i32", [1], [2]) }, "bad-index", /^node 1 gather: index 0 is 2/],
  ];
  for (const [inputs, code, message] of wrong)
    assert.throws(() => evaluateGraph(graph, inputs), { code: `tensor.${code}`, message });
  assert.throws(() => tensorFrom("f32", [2, 2], [1]), { code: "tensor.bad-tensor", message: /1 elements for f32/ });
});

test("names of an object's own workings are names like others", () => {
  const graph: Graph = {
    version: 1,
    numericsId: "fp32-seq-unfused",
    inputs: [f32("constructor", [1])],
    constants: [],
    nodes: [{ op: "neg", in: [0] }],
    outputs: [{ name: "__proto__", value: 1 }],
  };
  assert.throws(() => evaluateGraph(graph, {}), {
    code: "tensor.bad-tensor",
    message: /^input constructor is missing/,
  });
  const { outputs } = evaluateGraph(graph, { constructor: tensorFrom("f32", [1], [2]) } as never);
  assert.equal(Object.entries(outputs)[0]![1].data[0], -2);
});

/** Query rows [from, from + count) against the keys and values of the first `keys` positions, masked or not. */
type Rows = { readonly from: number; readonly count: number; readonly keys: number; readonly masked: boolean };
const [LENGTH, HEADS, KV, DEPTH] = [9, 4, 2, 8];

function attended({ from, count, keys, masked }: Rows): number[] {
  const g = new GraphBuilder();
  const table = { kind: "rope", positions: LENGTH, dim: DEPTH, theta: 10_000 } as const;
  const [cos, sin] = (["cos", "sin"] as const).map((part) => g.constant({ ...table, part })) as [Value, Value];
  const part = (x: Value, start: number, length: number) => op.slice(g, x, { axis: 0, start, length });
  const heads = (name: string, count: number, [start, length]: [number, number]) => {
    const whole = g.input(f32(name, [1, count, LENGTH, DEPTH]));
    return op.slice(g, whole, { axis: 2, start, length });
  };
  const at = { cos: part(cos, from, count), sin: part(sin, from, count) };
  const all = { cos: part(cos, 0, keys), sin: part(sin, 0, keys) };
  const q = rope(g, heads("q", HEADS, [from, count]), at);
  const [k, v] = [rope(g, heads("k", KV, [0, keys]), all), heads("v", KV, [0, keys])];
  const causal = g.constant({ kind: "causal", size: LENGTH });
  const mask = op.slice(g, part(causal, from, count), { axis: 1, start: 0, length: keys });
  g.output("y", attention(g, masked ? { q, k, v, mask } : { q, k, v }));
  const inputs = Object.fromEntries(
    Object.entries({ q: HEADS, k: KV, v: KV }).map(([name, count]) => {
      const shape = [1, count, LENGTH, DEPTH];
      return [name, tensorFrom("f32", shape, draws(`attention/${name}`, shape, [-3, 3]))];
    }),
  );
  return Array.from(bitsView(evaluateGraph(g.finish(), inputs).outputs["y"]!));
}

test("a token decoded alone has the bits of the same token inside the whole sequence", () => {
  const whole = attended({ from: 0, count: LENGTH, keys: LENGTH, masked: true });
  for (let from = 0; from < LENGTH; from++) {
    const rows = Array.from({ length: HEADS }, (_, head) => (head * LENGTH + from) * DEPTH);
    const expected = rows.flatMap((start) => whole.slice(start, start + DEPTH));
    assert.deepEqual(
      attended({ from, count: 1, keys: from + 1, masked: false }),
      expected,
      `short cache, token ${from}`,
    );
    assert.deepEqual(attended({ from, count: 1, keys: LENGTH, masked: true }), expected, `padded cache, token ${from}`);
  }
  const chunk = attended({ from: 3, count: 4, keys: 7, masked: true });
  assert.deepEqual(chunk.slice(0, 4 * DEPTH), whole.slice(3 * DEPTH, 7 * DEPTH), "a chunk of a prefill");
});

test("query heads that share a key head see that head", () => {
  const bits = attended({ from: 0, count: 1, keys: 1, masked: false });
  const values = draws("attention/v", [1, KV, LENGTH, DEPTH], [-3, 3]);
  const first = (kv: number) => Array.from(new Uint32Array(values.slice(kv * LENGTH * DEPTH).buffer)).slice(0, DEPTH);
  assert.deepEqual(bits, [first(0), first(0), first(1), first(1)].flat(), "one key: its value comes through unchanged");
});

const window: Window = { kernel: [3, 2], stride: [2, 1], pads: [1, 0, 2, 1], dilation: [1, 2] };

/** Calls `visit` with output row, output column, input row or -1, input column or -1, tap. */
function eachTap(height: number, width: number, visit: (at: [number, number], pixel: number, tap: number) => void) {
  const [kh, kw] = window.kernel;
  const outHeight = Math.floor((height + 3 - kh) / 2) + 1;
  const outWidth = width + 1 - 2 * (kw - 1);
  for (let oy = 0; oy < outHeight; oy++)
    for (let ox = 0; ox < outWidth; ox++)
      for (let tap = 0; tap < kh * kw; tap++) {
        const [y, x] = [oy * 2 - 1 + Math.floor(tap / kw), ox + (tap % kw) * 2];
        visit([oy, ox], y >= 0 && y < height && x < width ? y * width + x : -1, tap);
      }
  return [outHeight, outWidth] as const;
}

for (const groups of [1, 2, 4])
  test(`convolution in ${groups} groups is the sum over taps and channels`, () => {
    const [height, width, channels, out] = [5, 6, 4, 4];
    const depth = (6 * channels) / groups;
    const [x, w] = [draws("conv/x", [height * width, channels]), draws("conv/w", [out, depth])];
    const g = new GraphBuilder();
    const image = g.input(f32("x", [1, height, width, channels]));
    g.output("y", conv(g, image, { window, weight: g.input(f32("w", [out, depth])), groups }));
    const inputs = { x: tensorFrom("f32", [1, height, width, channels], x), w: tensorFrom("f32", [out, depth], w) };
    const { data, shape } = evaluateGraph(g.finish(), inputs).outputs["y"]!;
    const sums = new Map<number, number>();
    const [outHeight, outWidth] = eachTap(height, width, ([oy, ox], pixel, tap) => {
      for (let o = 0; o < out; o++)
        for (let c = 0; c < channels / groups; c++) {
          const at = (oy * (width - 1) + ox) * out + o;
          const channel = Math.floor(o / (out / groups)) * (channels / groups) + c;
          const pixelValue = pixel < 0 ? 0 : x[pixel * channels + channel]!;
          const term = Math.fround(pixelValue * w[o * depth + (tap * channels) / groups + c]!);
          sums.set(at, Math.fround((sums.get(at) ?? 0) + term));
        }
    });
    assert.deepEqual(shape, [1, outHeight, outWidth, out]);
    assert.deepEqual(
      Array.from(data),
      Array.from(sums.keys(), (key) => sums.get(key)),
    );
  });

test("max pooling takes the largest pixel of each window, padding loses", () => {
  const [height, width] = [5, 6];
  const x = draws("pool/x", [height * width], [-9, -1]);
  const g = new GraphBuilder();
  g.output("y", maxPool(g, g.input(f32("x", [1, height, width, 1])), window));
  const { data } = evaluateGraph(g.finish(), { x: tensorFrom("f32", [1, height, width, 1], x) }).outputs["y"]!;
  const most: number[] = [];
  eachTap(height, width, ([oy, ox], pixel) => {
    const at = oy * (width - 1) + ox;
    most[at] = Math.max(most[at] ?? Number.NEGATIVE_INFINITY, pixel < 0 ? Number.NEGATIVE_INFINITY : x[pixel]!);
  });
  assert.deepEqual(Array.from(data), most);
});
