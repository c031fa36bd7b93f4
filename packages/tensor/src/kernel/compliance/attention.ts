// The calls of inference (spec/inference.md §2): rows of packed tables, caches filled in any order, attention over them against
// the composite of spec/tensor.md §3.7.
import assert from "node:assert/strict";
import { attention } from "../../graph/attention.ts";
import { inverseRoot } from "../../graph/composites.ts";
import { GraphBuilder } from "../../graph/GraphBuilder.ts";
import { type TensorOf, type TensorValue, tensorFrom } from "../../graph/TensorValue.ts";
import { evaluateGraph } from "../../reference/evaluateGraph.ts";
import type { CacheView } from "../KernelCall.ts";
import type { KernelSet } from "../KernelSet.ts";
import {
  bits,
  createDraws,
  type Draws,
  drawIntegers,
  drawTensor,
  expected,
  get,
  type Mix,
  put,
  putPacked,
  putWithGaps,
  room,
  runOnce,
} from "../setFixture.ts";
import { stridesOf } from "../View.ts";

export function checkPackedRows(set: KernelSet): void {
  const draws = createDraws("packed rows");
  for (const [rows, columns] of [
    [1, 1],
    [13, 6],
    [40, 31],
  ] as const) {
    const table = drawTensor(draws, [rows, columns], "any");
    const index = drawIntegers(draws, { dtype: "i32", shape: [9] }, [-1, rows - 1]);
    const result = expected("gather", [table, index], { fill: 0 });
    const out = room(set, result);
    runOnce(set, [{ call: "gatherPacked", table: putPacked(set, put(set, table)), index: put(set, index), out }]);
    assert.deepEqual(bits(get(set, out)), bits(result), `rows of [${rows},${columns}]`);
  }
}

type Sizes = { heads: number; kvHeads: number; depth: number; capacity: number; slots: number };

/** The composite over one query and the keys and values up to it: q [heads, depth], k and v [count, kvHeads, depth]. */
function attended(sizes: Sizes, q: TensorValue, [k, v]: readonly [TensorValue, TensorValue]): TensorValue {
  const { heads, kvHeads, depth } = sizes;
  const count = k.shape[0]!;
  const g = new GraphBuilder();
  const batch = (name: string, shape: number[]) => g.input({ name, role: "batch", dtype: "f32", shape });
  const query = batch("q", [1, heads, 1, depth]);
  const [key, value] = [batch("k", [1, kvHeads, count, depth]), batch("v", [1, kvHeads, count, depth])];
  g.output("out", attention(g, { q: query, k: key, v: value }));
  const turned = (x: TensorValue) => {
    const moved = expected("transpose", [x], { axes: [1, 0, 2] });
    return { ...moved, shape: [1, kvHeads, count, depth] } as TensorValue;
  };
  const inputs = { q: { ...q, shape: [1, heads, 1, depth] } as TensorValue, k: turned(k), v: turned(v) };
  return evaluateGraph(g.finish(), inputs).outputs["out"]!;
}

type Filled = { readonly cache: CacheView; readonly k: TensorOf<"f32">[]; readonly v: TensorOf<"f32">[] };

/** Caches full of other sequences' bits, then filled with `lengths` positions per slot in a drawn order. */
function fillCache(
  set: KernelSet,
  { slots, kvHeads, capacity, depth }: Sizes,
  { draws, lengths, mixes }: { draws: Draws; lengths: readonly number[]; mixes: readonly [keys: Mix, values: Mix] },
): Filled {
  const keys = put(set, drawTensor(draws, [slots, kvHeads, capacity / 8, depth, 8], "any"));
  const values = put(set, drawTensor(draws, [slots, kvHeads, capacity, depth], "any"));
  const cache = { keys, values };
  const drawn = (mix: Mix) => lengths.map((length) => drawTensor(draws, [length, kvHeads, depth], mix));
  const [k, v] = [drawn(mixes[0]), drawn(mixes[1])];
  const order = lengths.flatMap((length, slot) => Array.from({ length }, (_, position) => ({ slot, position })));
  order.sort(() => draws.below(2) - 0.5);
  const row = ({ data }: TensorOf<"f32">, position: number) =>
    data.subarray(position * kvHeads * depth, (position + 1) * kvHeads * depth);
  while (order.length > 0) {
    const part = order.splice(0, 1 + draws.below(9));
    // The last row of a call counts for nothing.
    const index = (of: (one: (typeof part)[number]) => number) =>
      put(set, tensorFrom("i32", [part.length + 1], [...part.map(of), -1]));
    const rows = (from: TensorOf<"f32">[]) => {
      const data = part.flatMap(({ slot, position }) => Array.from(bitsOf(row(from[slot]!, position))));
      const padded = Uint32Array.from([...data, ...Array<number>(kvHeads * depth).fill(0)]);
      const wide = tensorFrom("f32", [part.length + 1, kvHeads * depth], new Float32Array(padded.buffer));
      const view = putWithGaps(set, bitwise(wide, padded), { draws, gap: 4 });
      return { ...view, shape: [part.length + 1, kvHeads, depth], strides: [stridesOf(view)[0]!, depth, 1] };
    };
    const places = { slots: index(({ slot }) => slot), positions: index(({ position }) => position) };
    runOnce(set, [{ call: "cacheRows", k: rows(k), v: rows(v), places, cache }]);
  }
  return { cache, k, v };
}

const bitsOf = (x: Float32Array) => new Uint32Array(x.buffer, x.byteOffset, x.length);

/** Numbers in arrays may lose a NaN's bits: the tensor's are set again. */
function bitwise(tensor: TensorOf<"f32">, words: Uint32Array): TensorOf<"f32"> {
  bitsOf(tensor.data).set(words);
  return tensor;
}

function firstRows(tensor: TensorValue, length: number): TensorValue {
  return expected("slice", [tensor], { axis: 0, start: 0, length });
}

export function checkAttention(set: KernelSet, mix: Mix): void {
  const draws = createDraws(`attention/${mix}`);
  for (let round = 0; round < 8; round++) {
    const kvHeads = draws.pick([1, 2, 3]);
    const heads = kvHeads * draws.pick([1, 2, 5]);
    const sizes = {
      heads,
      kvHeads,
      depth: draws.pick([2, 6, 8, 32, 44]),
      capacity: 8 * (1 + draws.below(6)),
      slots: 3,
    };
    const { capacity, depth } = sizes;
    const lengths = [1 + draws.below(capacity), capacity, 1 + draws.below(capacity)];
    // Of any bits most scores are NaN: in every other round only the values are.
    const scores = mix === "any" && round % 2 === 0 ? "ordinary" : mix;
    const { cache, k, v } = fillCache(set, sizes, { draws, lengths, mixes: [scores, mix] });
    // Four rows that follow each other share their work, where they begin at a multiple of four.
    const follows = draws.below(capacity - 3);
    const block = [0, 1, 2, 3].map((i) => ({ slot: 1, position: follows + i }));
    const places = [
      ...block,
      ...lengths.flatMap((length, slot) => [
        { slot, position: length - 1 },
        { slot, position: draws.below(length) },
        { slot, position: -1 },
      ]),
      ...block,
    ];
    const q = places.map(() => drawTensor(draws, [heads, depth], scores));
    const scale = tensorFrom("f32", [1], [inverseRoot(depth)]);
    const scaled = q.map((one) => put(set, expected("mul", [one, scale], {})));
    const all = room(set, { dtype: "f32", shape: [places.length, heads, depth] });
    runOnce(
      set,
      scaled.map((x, i) => ({
        call: "copy",
        x: { ...x, shape: [1, heads, depth] },
        out: { ...all, at: all.at + i * heads * depth * 4, shape: [1, heads, depth] },
      })),
    );
    const out = room(set, all);
    const index = (of: (one: (typeof places)[number]) => number) =>
      put(set, tensorFrom("i32", [places.length], places.map(of)));
    const views = { slots: index(({ slot }) => slot), positions: index(({ position }) => position) };
    runOnce(set, [{ call: "attend", q: all, places: views, cache, out }]);
    places.forEach(({ slot, position }, i) => {
      const found = { at: out.at + i * heads * depth * 4, dtype: "f32" as const, shape: [heads, depth] };
      const what = `round ${round} of ${mix}: ${JSON.stringify({ ...sizes, slot, position })}`;
      const until = (x: TensorValue) => firstRows(x, position + 1);
      const result =
        position < 0 ? Array(heads * depth).fill(0) : bits(attended(sizes, q[i]!, [until(k[slot]!), until(v[slot]!)]));
      assert.deepEqual(bits(get(set, found)), result, what);
    });
  }
}

export function checkCacheRefusals(set: KernelSet): void {
  const view = (dtype: "f32" | "i32", shape: number[]) => room(set, { dtype, shape });
  const cache = { keys: view("f32", [2, 1, 2, 4, 8]), values: view("f32", [2, 1, 16, 4]) };
  const q = view("f32", [1, 2, 4]);
  const places = { slots: view("i32", [1]), positions: view("i32", [1]) };
  const out = view("f32", [1, 2, 4]);
  const rows = { k: view("f32", [1, 1, 4]), v: view("f32", [1, 1, 4]) };
  const calls = [
    { call: "attend", q, places, cache, out, place: "layer 3" },
    { call: "cacheRows", ...rows, places, cache, place: "layer 3" },
  ] as const;
  for (const call of calls)
    for (const [slot, position, message] of [
      [0, 16, /layer 3: index 0 is 16 and there are 16 rows/],
      [0, -2, /layer 3: index 0 is -2/],
      [2, 0, /layer 3: index 0 is 2 and there are 2 rows/],
      [-1, 0, /layer 3: an index was out of range/],
    ] as const) {
      set.write(places.slots, Int32Array.of(slot));
      set.write(places.positions, Int32Array.of(position));
      assert.throws(() => runOnce(set, [call]), { code: "tensor.bad-index", message });
    }
  const refused = { code: "tensor.bad-tensor" };
  const uneven = { ...cache, values: { ...cache.values, shape: [2, 1, 12, 4] } };
  assert.throws(() => set.compile([{ ...calls[0], cache: uneven }]), refused);
  assert.throws(() => set.compile([{ ...calls[0], out: q }]), refused);
  assert.throws(() => set.compile([{ ...calls[0], q: view("f32", [2, 2, 4]) }]), refused);
  assert.throws(() => set.compile([{ ...calls[1], v: view("f32", [1, 2, 4]) }]), refused);
}
