// A short test that a set computes the reference's bits, run on a device before any work: every operator over drawn bits, subnormals and
// NaN among them. It finds a compiler or a device that fuses, flushes or reorders. What it does not find is rare or
// malicious wrongness: that is what audits are for.
import { valueRoot } from "../../commitment/valueRoot.ts";
import { DTYPE_BYTES, elementCount, type Node, type Op, type Shape } from "../../graph/Graph.ts";
import { inferOperator } from "../../graph/operators.ts";
import { bitsView, createTensor, type TensorValue } from "../../graph/TensorValue.ts";
import { evaluateNode } from "../../reference/evaluateNode.ts";
import { seedWords, wordBelow } from "../../seedStream.ts";
import { TensorError } from "../../TensorError.ts";
import { hashRoomBytes } from "../hashRoom.ts";
import type { KernelSet } from "../KernelSet.ts";
import { nodeCalls } from "../nodeCalls.ts";
import type { View } from "../View.ts";
import { readValueRoots } from "../valueRoots.ts";

const SEED = new Uint8Array(32).fill(29);

/** Bytes of memory that the test reserves. */
export function selfTestBytes(): number {
  return 2 ** 20;
}

/** Any bits, ordinary numbers, and numbers whose products are subnormal, in turns. */
function drawWord(word: number, i: number): number {
  if (i % 3 === 0) return word;
  return i % 3 === 1 ? ((word & 0x80ffffff) | 0x3e000000) >>> 0 : (word & 0x9fffffff) >>> 0;
}

function words(label: string, shape: Shape): TensorValue {
  const tensor = createTensor({ dtype: "f32", shape });
  bitsView(tensor).set(seedWords(SEED, `self-test/${label}`, 0, elementCount(shape)).map(drawWord));
  return tensor;
}

/** Sums of ordinary numbers: with any bits among them every sum would be NaN. */
function ordinary(label: string, shape: Shape): TensorValue {
  const tensor = createTensor({ dtype: "f32", shape });
  bitsView(tensor).set(seedWords(SEED, `self-test/${label}`, 0, elementCount(shape)).map((word) => drawWord(word, 1)));
  return tensor;
}

function integers(
  label: string,
  dtype: "i8" | "i32",
  shape: Shape,
  [least, most]: readonly [number, number],
): TensorValue {
  const tensor = createTensor({ dtype, shape });
  const drawn = seedWords(SEED, `self-test/${label}`, 0, elementCount(shape));
  tensor.data.set(Array.from(drawn, (word) => least + wordBelow(word, most - least + 1)));
  return tensor;
}

type Case = {
  readonly op: Op;
  readonly operands: readonly TensorValue[];
  readonly attributes?: Readonly<Record<string, unknown>>;
};

function cases(): Case[] {
  const [x, y, z] = [words("x", [24, 64]), words("y", [24, 64]), words("z", [24, 64])] as [
    TensorValue,
    TensorValue,
    TensorValue,
  ];
  const index = integers("index", "i32", [40], [-1, 8]);
  const bytes = (label: string, shape: Shape) => integers(label, "i8", shape, [-128, 127]);
  const unary = (["neg", "abs", "sqrt", "exp", "log", "tanh", "toInt8", "swapPairs"] as const).map((op) => ({
    op,
    operands: [x],
  }));
  const binary = (["add", "sub", "mul", "div", "max", "min", "gt"] as const).map((op) => ({ op, operands: [x, y] }));
  return [
    ...unary,
    ...binary,
    { op: "select", operands: [x, y, z] },
    { op: "matmul", operands: [ordinary("a", [37, 70]), ordinary("b", [41, 70])] },
    { op: "matmul", operands: [ordinary("wide", [150, 33]), ordinary("turned", [130, 33])] },
    { op: "matmul", operands: [words("a", [9, 5]), words("b", [7, 5])] },
    { op: "matmulInt8", operands: [bytes("c", [20, 300]), bytes("d", [70, 300])] },
    { op: "reduceSum", operands: [ordinary("rows", [40, 50])], attributes: { axis: 1 } },
    { op: "reduceSum", operands: [ordinary("columns", [40, 50])], attributes: { axis: 0 } },
    { op: "reduceMax", operands: [x], attributes: { axis: 1 } },
    { op: "transpose", operands: [x], attributes: { axes: [1, 0] } },
    { op: "gather", operands: [words("table", [9, 20]), index], attributes: { fill: 0x7fc12345 } },
    { op: "oneHot", operands: [index], attributes: { size: 9 } },
    { op: "scatterAdd", operands: [ordinary("scattered", [40, 20]), index], attributes: { rows: 9 } },
    { op: "toFloat", operands: [integers("whole", "i32", [300], [-(2 ** 31), 2 ** 31 - 1])] },
  ];
}

function put(set: KernelSet, tensor: TensorValue): View {
  const { dtype, shape } = tensor;
  const view: View = { at: set.reserve(elementCount(shape) * DTYPE_BYTES[dtype]), dtype, shape };
  set.write(view, tensor.data);
  return view;
}

function refuse(what: string): never {
  throw new TensorError(
    "device-failed",
    `the GPU computes other bits than the reference: ${what}`,
    "do not use this GPU or compiler for exact work; report its driver and compiler",
  );
}

function testCase(set: KernelSet, { op, operands, attributes = {} }: Case): void {
  const node = { op, in: [], ...attributes } as unknown as Node;
  const type = inferOperator(op, operands, { op, attributes } as never);
  const wanted = evaluateNode({ place: op, node, operands, type });
  const out = put(set, createTensor(type));
  const plan = set.compile(nodeCalls({ place: op, node, operands: operands.map((tensor) => put(set, tensor)), out }));
  set.run(plan);
  plan.release();
  const got = createTensor(type);
  set.read(out, got.data);
  const bits = bitsView(wanted);
  const wrong = bitsView(got).findIndex((word, i) => word !== bits[i]);
  if (wrong >= 0) refuse(`${op}, element ${wrong}`);
}

function testHash(set: KernelSet): void {
  const value = words("hashed", [520, 33]);
  const values = [put(set, value)];
  const call = { call: "hash", values, room: set.reserve(hashRoomBytes(values)) } as const;
  const plan = set.compile([call]);
  set.run(plan);
  plan.release();
  if (!Buffer.from(valueRoot(value)).equals(readValueRoots(set, call)[0]!)) refuse("hash");
}

/** Throws TensorError `device-failed` naming the first operator whose bits differ. Takes a tenth of a second of the processor. */
export function selfTest(set: KernelSet): void {
  for (const one of cases()) testCase(set, one);
  testHash(set);
}
