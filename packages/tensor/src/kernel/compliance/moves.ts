// Reductions, moves, indexed operators.
import assert from "node:assert/strict";
import { elementCount, type Shape } from "../../graph/Graph.ts";
import { tensorFrom } from "../../graph/TensorValue.ts";
import type { KernelCall } from "../KernelCall.ts";
import type { KernelSet } from "../KernelSet.ts";
import { nodeCalls } from "../nodeCalls.ts";
import {
  bits,
  createDraws,
  drawIntegers,
  drawShape,
  drawTensor,
  expected,
  get,
  MIXES,
  put,
  room,
  runOnce,
} from "../setFixture.ts";
import type { View } from "../View.ts";

export function checkReductions(set: KernelSet): void {
  const draws = createDraws("reductions");
  const shapes: Shape[] = [
    [1],
    [7],
    [9, 33],
    [17, 4],
    [3, 5, 4],
    [2, 40, 3],
    [33, 21],
    [8, 2, 16],
    [5, 1, 6],
    [1, 3000],
    [70, 35],
  ];
  for (const shape of shapes)
    for (const mix of MIXES)
      shape.forEach((_, axis) => {
        const x = drawTensor(draws, shape, mix);
        for (const kind of ["sum", "max"] as const) {
          const result = expected(kind === "sum" ? "reduceSum" : "reduceMax", [x], { axis });
          const out = room(set, result);
          runOnce(set, [{ call: "reduce", kind, x: put(set, x), axis, out }]);
          assert.deepEqual(bits(get(set, out)), bits(result), `${kind} ${mix} [${shape}] axis ${axis}`);
        }
      });
}

export function checkMoves(set: KernelSet, rounds: number): void {
  const draws = createDraws("moves");
  for (let round = 0; round < rounds; round++) {
    const shape = drawShape(draws, 1 + draws.below(5), round % 4 === 0 ? 19 : 6);
    const bytes = round % 3 === 0;
    const x = bytes ? drawIntegers(draws, { dtype: "i8", shape }, [-128, 127]) : drawTensor(draws, shape, "any");
    const axes = shape.map((_, axis) => axis);
    for (let i = axes.length - 1; i > 0; i--) {
      const j = draws.below(i + 1);
      [axes[i], axes[j]] = [axes[j]!, axes[i]!];
    }
    const axis = draws.below(shape.length);
    const start = draws.below(shape[axis]!);
    const length = 1 + draws.below(shape[axis]! - start);
    const wide = [...(shape.length < 6 ? [2] : []), ...shape];
    const narrow = expected("slice", [x], { axis, start: 0, length: 1 });
    const cases = [
      ["transpose", [x], { axes }],
      ["slice", [x], { axis, start, length }],
      ["concat", [x, expected("slice", [x], { axis, start, length }), x], { axis }],
      ["expand", [narrow], { shape: wide }],
      ["reshape", [x], { shape: [elementCount(shape)] }],
      ...(shape.at(-1)! % 2 === 0 ? [["swapPairs", [x], {}] as const] : []),
    ] as const;
    for (const [op, operands, attributes] of cases) {
      const result = expected(op as "transpose", operands, attributes as { axes: number[] });
      const out = room(set, result);
      const node = { op, in: [], ...attributes } as never;
      runOnce(set, nodeCalls({ place: op, node, operands: operands.map((tensor) => put(set, tensor)), out }));
      assert.deepEqual(bits(get(set, out)), bits(result), `${op} of [${shape}] ${JSON.stringify(attributes)}`);
    }
  }
}

/** Runs long enough to be shared by a team, of words, bytes and one repeated element. */
export function checkLongCopies(set: KernelSet): void {
  const draws = createDraws("long");
  const shape = [64 * 300 + 7];
  const words = drawTensor(draws, shape, "any");
  const bytes = drawIntegers(draws, { dtype: "i8", shape }, [-128, 127]);
  const one = drawTensor(draws, [1], "any");
  for (const [x, result] of [
    [words, words],
    [bytes, bytes],
    [one, expected("expand", [one], { shape })],
  ] as const) {
    const out = room(set, result);
    runOnce(set, [{ call: "copy", x: put(set, x), out }]);
    assert.deepEqual(bits(get(set, out)), bits(result));
  }
}

export function checkIndexed(set: KernelSet): void {
  const draws = createDraws("indexed");
  for (const [count, width, rows] of [
    [1, 1, 1],
    [40, 3, 7],
    [33, 64, 9],
    [200, 17, 50],
    [5, 300, 2],
  ] as const) {
    const index = drawIntegers(draws, { dtype: "i32", shape: [count] }, [-1, rows - 1]);
    const at = put(set, index);
    const table = drawTensor(draws, [rows, width], "any");
    const gathered = expected("gather", [table, index], { fill: 0xffc00001 });
    const x = drawTensor(draws, [count, width], "ordinary");
    const scattered = expected("scatterAdd", [x, index], { rows });
    const hot = expected("oneHot", [index], { size: rows });
    const outs = [gathered, scattered, hot].map((tensor) => room(set, tensor)) as [View, View, View];
    runOnce(set, [
      { call: "gather", table: put(set, table), index: at, fill: 0xffc00001, out: outs[0] },
      { call: "scatterAdd", x: put(set, x), index: at, out: outs[1] },
      { call: "oneHot", index: at, out: outs[2] },
    ]);
    [gathered, scattered, hot].forEach((tensor, i) => {
      assert.deepEqual(bits(get(set, outs[i]!)), bits(tensor), `call ${i} of ${count} rows of ${width}`);
    });
  }
}

/** An index out of range ends the run and names its call; the next run is good. */
export function checkBadIndex(set: KernelSet): void {
  const table = put(set, tensorFrom("f32", [2, 1], [5, 6]));
  const index = put(set, tensorFrom("i32", [3], [0, 2, 1]));
  const out = room(set, { dtype: "f32", shape: [3, 1] });
  const calls: KernelCall[] = [
    { call: "gather", table, index, fill: 0, out, place: "node 4 gather" },
    { call: "scatterAdd", x: out, index, out: room(set, { dtype: "f32", shape: [3, 1] }), place: "node 5" },
  ];
  const plan = set.compile(calls);
  const message = "node 4 gather: index 1 is 2 and there are 2 rows";
  assert.throws(() => set.run(plan), { code: "tensor.bad-index", message });
  set.write(index, Int32Array.of(-1, 1, 1));
  set.run(plan);
  assert.deepEqual(Array.from(get(set, out).data), [0, 6, 6]);
}
