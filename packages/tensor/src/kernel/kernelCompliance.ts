// What every kernel set must do, bit for bit: the shared vectors, and seeded random shapes against the reference. An
// implementation's test calls this with a way to open a set.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { valueRoot } from "../commitment/valueRoot.ts";
import { constantValue } from "../graph/constants.ts";
import { elementCount, type Graph, type Shape } from "../graph/Graph.ts";
import { tinyAdamw, tinyCnn, tinyGpt, tinyMlp, tinySgd } from "../graph/graphFixture.ts";
import { firstNodeValue, inferTypes, placeOf } from "../graph/inferTypes.ts";
import { type TensorValue, tensorFrom } from "../graph/TensorValue.ts";
import { evaluateGraph } from "../reference/evaluateGraph.ts";
import { buildStepGraph } from "../train/stepGraph.ts";
import { type OperatorCase, readOperatorCase } from "../vectors/operatorVectors.ts";
import { hashRoomBytes } from "./hashRoom.ts";
import type { ChainOp, ChainSource, ChainStep, KernelCall } from "./KernelCall.ts";
import type { KernelSet } from "./KernelSet.ts";
import { nodeCalls } from "./nodeCalls.ts";
import {
  bits,
  createDraws,
  type Draws,
  drawIntegers,
  drawShape,
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
} from "./setFixture.ts";
import { stridesOf, transposed, type View } from "./View.ts";
import { readValueRoots } from "./valueRoots.ts";

/** Bytes that the checks reserve in one set. */
export const COMPLIANCE_BYTES = 96 * 2 ** 20;

const vectors = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../../spec/vectors/tensor/${name}.json`, import.meta.url), "utf8"));

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

function checkProducts(set: KernelSet, mix: Mix): void {
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

function checkInt8(set: KernelSet): void {
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
function checkHeads(set: KernelSet): void {
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
function checkGapsBetweenMatrices(set: KernelSet): void {
  const draws = createDraws("gaps");
  const [whole, b] = [drawTensor(draws, [3, 7, 9], "ordinary"), drawTensor(draws, [4, 9], "ordinary")];
  const view = put(set, whole);
  const result = expected("matmul", [expected("slice", [whole], { axis: 1, start: 0, length: 5 }), b], {});
  const out = room(set, result);
  const a = { ...view, shape: [3, 5, 9], strides: stridesOf(view) };
  runOnce(set, [{ call: "matmul", a, b: put(set, b), out }]);
  assert.deepEqual(bits(get(set, out)), bits(result));
}

/** Runs long enough to be shared by a team, of words, bytes and one repeated element. */
function checkLongCopies(set: KernelSet): void {
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

const UNARY: readonly ChainOp[] = ["neg", "abs", "sqrt", "exp", "log", "tanh"];
const BINARY: readonly ChainOp[] = ["add", "sub", "mul", "div", "max", "min", "gt", "add", "mul"];

/** A random operand of a chain: the shape with some axes 1 or, from the left, missing. */
function drawOperandShape(draws: Draws, shape: Shape): Shape {
  const some = shape.map((size) => (draws.below(3) === 0 ? 1 : size));
  return draws.below(4) === 0 && shape.length > 1 ? some.slice(1) : some;
}

type Drawn = { readonly sources: ChainSource[]; readonly steps: ChainStep[]; readonly values: TensorValue[] };

/** Random steps and what the reference gives for each value, expanded to the chain's shape where it broadcasts. */
function drawChain(set: KernelSet, draws: Draws, shape: Shape): Drawn {
  const mix = draws.pick(MIXES);
  const tensors = Array.from({ length: 1 + draws.below(3) }, (_, i) =>
    drawTensor(draws, i === 0 ? shape : drawOperandShape(draws, shape), mix),
  );
  const sources: ChainSource[] = tensors.map((tensor) => put(set, tensor));
  const values: TensorValue[] = [...tensors];
  if (draws.below(3) === 0) {
    const index = drawIntegers(draws, { dtype: "i32", shape: shape.slice(0, -1) }, [-1, shape.at(-1)! - 1]);
    sources.push({ oneHot: put(set, index) });
    values.push(expected("oneHot", [index], { size: shape.at(-1)! }));
  }
  const steps: ChainStep[] = [];
  const reduces = draws.below(2) === 0;
  const value = () => draws.below(values.length);
  for (let i = 0; i < 2 + draws.below(9); i++) {
    const kind = draws.below(8);
    const args = kind < 3 ? [value()] : kind < 7 ? [value(), value()] : [value(), value(), value()];
    let op: ChainOp = kind < 3 ? draws.pick(UNARY) : kind < 7 ? draws.pick(BINARY) : "select";
    if (kind === 0 && reduces) op = draws.pick(["reduceSum", "reduceMax"] as const);
    if (kind === 1 && shape.at(-1)! % 2 === 0 && values[args[0]!]!.shape.at(-1) === shape.at(-1)) op = "swapPairs";
    const operands = args.map((arg) => values[arg]!);
    steps.push({ op, in: args });
    if (op === "reduceSum" || op === "reduceMax") {
      const whole = expected("expand", operands, { shape });
      values.push(expected(op, [whole], { axis: shape.length - 1 }));
    } else values.push(expected(op as "add", operands, {}));
  }
  return { sources, steps, values };
}

function checkChains(set: KernelSet, rounds: number): void {
  const draws = createDraws("chains");
  for (let round = 0; round < rounds; round++) {
    const shape = drawShape(draws, 1 + draws.below(5), draws.pick([3, 6, 12]));
    if (round % 5 === 0) shape[shape.length - 1] = draws.pick([1, 31, 64, 1200, 4097]);
    if (elementCount(shape) > 20_000) shape.splice(0, shape.length - 1);
    const { sources, steps, values } = drawChain(set, draws, shape);
    const rowShape = [...shape.slice(0, -1), 1];
    const reduces = steps.some(({ op }) => op.startsWith("reduce"));
    const wanted = [values.length - 1, values.length - 1 - draws.below(steps.length)];
    const outputs = [...new Set(wanted)].map((value) => {
      const perRow =
        reduces && values[value]!.shape.at(-1) === 1 && steps[value - sources.length]!.op.startsWith("reduce");
      return { value, out: room(set, { dtype: "f32", shape: perRow ? rowShape : shape }) };
    });
    runOnce(set, [{ call: "chain", shape, sources, steps, outputs }]);
    for (const { value, out } of outputs) {
      const whole = expected("expand", [values[value]!], { shape: out.shape });
      const what = `round ${round}, [${shape}], value ${value} of ${JSON.stringify(steps)}`;
      assert.deepEqual(bits(get(set, out)), bits(whole), what);
    }
  }
}

function checkReductions(set: KernelSet): void {
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

function checkMoves(set: KernelSet, rounds: number): void {
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

function checkIndexed(set: KernelSet): void {
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

function checkHashes(set: KernelSet): void {
  const draws = createDraws("hashes");
  const shapes: Shape[] = [
    [1],
    [31],
    [32],
    [33],
    [3, 65],
    [7, 5, 4],
    [2, 3, 1, 40],
    [600, 33],
    [1, 32 * 515],
    [513, 1],
    [1029, 2],
  ];
  const tensors: TensorValue[] = shapes.map((shape) => drawTensor(draws, shape, "any"));
  tensors.push(drawIntegers(draws, { dtype: "i8", shape: [9, 70] }, [-128, 127]));
  tensors.push(drawIntegers(draws, { dtype: "i32", shape: [2, 3] }, [-5, 5]));
  const values = tensors.map((tensor) => put(set, tensor));
  const call = { call: "hash", values, room: set.reserve(hashRoomBytes(values)) } as const;
  runOnce(set, [call]);
  const roots = readValueRoots(set, call).map((root) => Buffer.from(root).toString("hex"));
  assert.deepEqual(
    roots,
    tensors.map((tensor) => Buffer.from(valueRoot(tensor)).toString("hex")),
  );
}

/** Every value of a whole step graph: hundreds of calls that depend on each other, in one plan. */
function checkGraph(set: KernelSet, name: string, graph: Graph): void {
  const draws = createDraws(`graph/${name}`);
  const inputs = Object.fromEntries(
    graph.inputs.map(({ name: input, dtype, shape }): [string, TensorValue] => {
      if (dtype !== "f32") return [input, drawIntegers(draws, { dtype: "i32", shape }, [0, 2])];
      const drawn = drawTensor(draws, shape, "ordinary");
      return [input, tensorFrom("f32", shape, input === "rate" ? [0.01] : drawn.data.map(Math.abs))];
    }),
  );
  const { values } = evaluateGraph(graph, inputs);
  const types = inferTypes(graph);
  const first = firstNodeValue(graph);
  const given = [
    ...graph.inputs.map((input) => inputs[input.name]!),
    ...graph.constants.map((c) => constantValue(c, new Map())),
  ];
  const views = [...given.map((tensor) => put(set, tensor)), ...types.slice(first).map((type) => room(set, type))];
  const calls = graph.nodes.flatMap((node, i) =>
    nodeCalls({ place: placeOf(i, node.op), node, operands: node.in.map((v) => views[v]!), out: views[first + i]! }),
  );
  const plan = set.compile(calls);
  for (let run = 0; run < 2; run++) {
    set.run(plan);
    values.forEach((value, v) => {
      assert.deepEqual(bits(get(set, views[v]!)), bits(value), `${name}, run ${run}, value ${v}`);
    });
  }
  plan.release();
}

/** Registers the checks for sets that `open` gives; each works in one set of COMPLIANCE_BYTES. */
export function kernelCompliance(name: string, open: () => Promise<KernelSet>): void {
  describe(name, () => {
    let set: KernelSet;
    before(async () => {
      set = await open();
    });
    after(() => set.close());

    test("the shared vectors of every operator", () => {
      for (const { name: what, node, operands, result } of (vectors("operators") as OperatorCase[]).map(
        readOperatorCase,
      )) {
        const out = room(set, result);
        const views = operands.map((tensor) => put(set, tensor));
        runOnce(set, nodeCalls({ place: what, node, operands: views, out }));
        assert.deepEqual(bits(get(set, out)), bits(result), what);
      }
    });

    for (const mix of MIXES) test(`products of ${mix} elements, every storage`, () => checkProducts(set, mix));
    test("products of int8", () => checkInt8(set));
    test("products of heads side by side, and of matrices with gaps between them", () => {
      checkHeads(set);
      checkGapsBetweenMatrices(set);
    });
    test("random chains", () => checkChains(set, 300));
    test("reductions over every axis", () => checkReductions(set));
    test("moves of random shapes, long copies", () => {
      checkMoves(set, 60);
      checkLongCopies(set);
    });
    test("gather, scatter, one-hot", () => checkIndexed(set));
    test("tensor roots", () => checkHashes(set));
    test("whole step graphs, every value", () => {
      checkGraph(set, "gpt", buildStepGraph(tinyGpt, tinyAdamw).graph);
      checkGraph(set, "mlp", buildStepGraph(tinyMlp, { ...tinySgd, accumulate: 2 }).graph);
      checkGraph(set, "cnn", buildStepGraph(tinyCnn, tinyAdamw).graph);
    });
    test("a bad index ends the run naming the call, and the next run is good", () => {
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
    });
  });
}
