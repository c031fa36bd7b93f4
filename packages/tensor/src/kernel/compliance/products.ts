// Products of every storage, dtype and size, and packed ones of few rows.
import assert from "node:assert/strict";
import type { Shape } from "../../graph/Graph.ts";
import type { TensorValue } from "../../graph/TensorValue.ts";
import type { KernelCall } from "../KernelCall.ts";
import type { KernelSet } from "../KernelSet.ts";
import {
  bits,
  createDraws,
  type Draws,
  drawIntegers,
  drawTensor,
  expected,
  get,
  MIXES,
  type Mix,
  put,
  putPacked,
  putWithGaps,
  room,
  runOnce,
} from "../setFixture.ts";
import { stridesOf, transposed, type View } from "../View.ts";

/** A copy of a matrix's elements laid out with its last two axes exchanged, viewed in the old order. */
function putTurned(set: KernelSet, tensor: TensorValue): View {
  const rank = tensor.shape.length;
  const axes = tensor.shape.map((_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
  return transposed(put(set, expected("transpose", [tensor], { axes })), axes);
}

type Layout = "rows" | "columns" | "gaps";
const LAYOUTS: readonly Layout[] = ["rows", "columns", "gaps"];

function lay(set: KernelSet, tensor: TensorValue, draws: Draws): View {
  const layout = draws.pick(LAYOUTS);
  if (layout === "columns") return putTurned(set, tensor);
  return layout === "gaps" ? putWithGaps(set, tensor, { draws, gap: 1 + draws.below(5) }) : put(set, tensor);
}

/** M, N, K around blocks, panels, vectors; K beyond one block of k; one row; a batch whose rows fold into one matrix. */
const PRODUCTS: readonly [Shape, Shape][] = [
  [
    [1, 1],
    [1, 1],
  ],
  [
    [1, 7],
    [3, 7],
  ],
  [
    [1, 37],
    [70, 37],
  ],
  [
    [1, 1030],
    [33, 1030],
  ],
  [
    [3, 2],
    [9, 2],
  ],
  [
    [4, 8],
    [8, 8],
  ],
  [
    [5, 3],
    [17, 3],
  ],
  [
    [7, 64],
    [8, 64],
  ],
  [
    [65, 20],
    [23, 20],
  ],
  [
    [6, 1100],
    [12, 1100],
  ],
  [
    [2, 513],
    [600, 513],
  ],
  [
    [17, 519],
    [27, 519],
  ],
  [
    [13, 6],
    [171, 6],
  ],
  [
    [277, 5],
    [27, 5],
  ],
  [
    [3, 5, 6],
    [11, 6],
  ],
  [
    [4, 1, 9],
    [5, 9],
  ],
  [
    [2, 3, 4, 8],
    [2, 1, 9, 8],
  ],
  [
    [1, 3, 4, 8],
    [2, 1, 5, 8],
  ],
  [
    [2, 1, 1, 33],
    [2, 2, 18, 33],
  ],
];

export function checkProducts(set: KernelSet, mix: Mix): void {
  const draws = createDraws(`products/${mix}`);
  for (const [shapeA, shapeB] of PRODUCTS) {
    const [a, b] = [drawTensor(draws, shapeA, mix), drawTensor(draws, shapeB, "ordinary")];
    const result = expected("matmul", [a, b], {});
    for (let round = 0; round < 3; round++) {
      const plainB = lay(set, b, draws);
      const forms = round === 0 ? [put(set, b), putPacked(set, put(set, b))] : [plainB];
      for (const form of forms) {
        const out = room(set, result);
        runOnce(set, [{ call: "matmul", a: lay(set, a, draws), b: form, out }]);
        assert.deepEqual(bits(get(set, out)), bits(result), `${mix} [${shapeA}] · [${shapeB}], round ${round}`);
      }
    }
  }
}

export function checkInt8(set: KernelSet): void {
  const draws = createDraws("int8");
  for (const [shapeA, shapeB] of PRODUCTS) {
    const tensors = [shapeA, shapeB].map((shape) => drawIntegers(draws, { dtype: "i8", shape }, [-128, 127]));
    const [a, b] = tensors as [TensorValue, TensorValue];
    const result = expected("matmulInt8", [a, b], {});
    for (const form of [put(set, b), putPacked(set, put(set, b))]) {
      const out = room(set, result);
      runOnce(set, [{ call: "matmulInt8", a: put(set, a), b: form, out }]);
      assert.deepEqual(bits(get(set, out)), bits(result), `int8 [${shapeA}] · [${shapeB}]`);
    }
  }
}

/** A product of heads that lie side by side in rows: no axis of it is contiguous but the last. */
export function checkHeads(set: KernelSet): void {
  const draws = createDraws("heads");
  const [B, T, H, d] = [2, 5, 3, 8];
  const [q, k] = [drawTensor(draws, [B, T, H, d], "ordinary"), drawTensor(draws, [B, T, H, d], "ordinary")];
  const axes = [0, 2, 1, 3];
  const heads = [q, k].map((tensor) => expected("transpose", [tensor], { axes })) as [TensorValue, TensorValue];
  const scores = expected("matmul", heads, {});
  const out = room(set, scores);
  runOnce(set, [{ call: "matmul", a: transposed(put(set, q), axes), b: transposed(put(set, k), axes), out }]);
  assert.deepEqual(bits(get(set, out)), bits(scores));
  const back = room(set, { dtype: "f32", shape: [B, T, H, d] });
  const values = expected("transpose", [heads[1]], { axes: [0, 1, 3, 2] });
  const calls: KernelCall[] = [{ call: "matmul", a: out, b: put(set, values), out: transposed(back, axes) }];
  runOnce(set, calls);
  const merged = expected("transpose", [expected("matmul", [scores, values], {})], { axes });
  assert.deepEqual(bits(get(set, back)), bits(merged));
}

/** Matrices with rows between them that are not theirs, all times one B: their rows are not those of one matrix. */
export function checkGapsBetweenMatrices(set: KernelSet): void {
  const draws = createDraws("gaps");
  const [whole, b] = [drawTensor(draws, [3, 7, 9], "ordinary"), drawTensor(draws, [4, 9], "ordinary")];
  const view = put(set, whole);
  const result = expected("matmul", [expected("slice", [whole], { axis: 1, start: 0, length: 5 }), b], {});
  const out = room(set, result);
  const a = { ...view, shape: [3, 5, 9], strides: stridesOf(view) };
  runOnce(set, [{ call: "matmul", a, b: put(set, b), out }]);
  assert.deepEqual(bits(get(set, out)), bits(result));
}

/** Blocks of four rows up to the most that are done so, groups of panels that are whole and not, odd depths. */
export function checkFewRows(set: KernelSet): void {
  const draws = createDraws("few rows");
  for (const M of [4, 8, 60, 64, 68])
    for (const [N, K] of [
      [32, 8],
      [72, 33],
      [75, 129],
      [7, 5],
      [400, 3],
    ] as const)
      for (const mix of MIXES) {
        const [a, b] = [drawTensor(draws, [M, K], mix), drawTensor(draws, [N, K], "ordinary")];
        const result = expected("matmul", [a, b], {});
        for (const view of [put(set, a), putWithGaps(set, a, { draws, gap: 4 })]) {
          const out = room(set, result);
          runOnce(set, [{ call: "matmul", a: view, b: putPacked(set, put(set, b)), out }]);
          assert.deepEqual(bits(get(set, out)), bits(result), `${mix} [${M},${K}] · [${N},${K}]`);
        }
      }
}
