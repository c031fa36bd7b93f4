// Random chains of elementwise operators, reductions and one-hot rows.
import assert from "node:assert/strict";
import { elementCount, type Shape } from "../../graph/Graph.ts";
import type { TensorValue } from "../../graph/TensorValue.ts";
import type { ChainOp, ChainSource, ChainStep } from "../KernelCall.ts";
import type { KernelSet } from "../KernelSet.ts";
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
  put,
  room,
  runOnce,
} from "../setFixture.ts";

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

export function checkChains(set: KernelSet, rounds: number): void {
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
