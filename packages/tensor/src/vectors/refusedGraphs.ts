// Texts that are no graph, each for one reason (spec/tensor.md §2, §3, §5): any implementation must refuse all of them.
import { canonicalJson } from "../canonicalJson.ts";

type Json = Record<string, unknown>;

const x = { name: "x", role: "batch", dtype: "f32", shape: [2, 3] };
const w = { name: "w", role: "state", dtype: "f32", shape: [2, 3] };
const i = { name: "i", role: "batch", dtype: "i32", shape: [2] };
const b = { name: "b", role: "batch", dtype: "i8", shape: [2, 3] };
const neg = { op: "neg", in: [0] };

/** A graph of the given parts: input x, the node neg x, the output y. */
const graph = (changes: Json): Json => ({
  ...{ version: 1, numericsId: "fp32-seq-unfused", inputs: [x], constants: [], nodes: [neg] },
  outputs: [{ name: "y", value: 1 }],
  ...changes,
});

/** With one node over the inputs x, i, b, w in this order; x has number 0. */
const node = (op: string, operands: number[], attributes: Json = {}): Json =>
  graph({ inputs: [x, i, b, w], nodes: [{ op, in: operands, ...attributes }] });
const constant = (value: Json): Json => graph({ constants: [value], nodes: [], outputs: [{ name: "y", value: 0 }] });
const input = (changes: Json): Json => graph({ inputs: [{ ...x, ...changes }] });
const window = {
  ...{ kind: "window", batch: 1, height: 2, width: 2, kernel: [1, 1], stride: [1, 1] },
  ...{ pads: [0, 0, 0, 0], dilation: [1, 1] },
};

const GRAPHS: Readonly<Record<string, Json>> = {
  "version 2": graph({ version: 2 }),
  "an unknown numericsId": graph({ numericsId: "fp16" }),
  "an fp32 value under int8-int32": graph({ numericsId: "int8-int32" }),
  "a field too many": graph({ comment: "" }),
  "no outputs": graph({ outputs: [] }),
  "an output of no value": graph({ outputs: [{ name: "y", value: 2 }] }),
  "two outputs of one name": graph({ outputs: [1, 0].map((value) => ({ name: "y", value })) }),
  "two inputs of one name": graph({ inputs: [x, x] }),
  "a name with a blank": input({ name: "x y" }),
  "a name of 256 characters": input({ name: "x".repeat(256) }),
  "an empty name": input({ name: "" }),
  "an unknown role": input({ role: "weight" }),
  "an unknown dtype": input({ dtype: "f16" }),
  "a scalar input of two elements": input({ role: "scalar", shape: [2] }),
  "an integer scalar input": input({ role: "scalar", shape: [1], dtype: "i32" }),
  "rank 0": input({ shape: [] }),
  "rank 7": input({ shape: [1, 1, 1, 1, 1, 1, 1] }),
  "a dimension of 0": input({ shape: [2, 0] }),
  "a dimension above 2^24": input({ shape: [2 ** 24 + 1] }),
  "more than 2^28 elements": input({ shape: [2 ** 15, 2 ** 14] }),
  "an output with the name of a batch input": graph({ outputs: [{ name: "x", value: 1 }] }),
  "a next state of another shape": graph({
    ...{ inputs: [x, w], nodes: [{ op: "reshape", in: [0], shape: [6] }] },
    outputs: [{ name: "w", value: 2 }],
  }),
  "a loss of more than one element": graph({ outputs: [{ name: "loss", value: 1 }] }),
  "a metric of more than one element": graph({ outputs: [{ name: "metric.y", value: 1 }] }),
  "a node that names itself": graph({ nodes: [{ op: "neg", in: [1] }] }),
  "an unknown operator": node("square", [0]),
  "an operator named like a method": node("constructor", [0]),
  "an operand too few": node("add", [0]),
  "an operand too many": node("neg", [0, 0]),
  "an attribute too many": node("neg", [0], { axis: 0 }),
  "an attribute too few": node("reduceSum", [0]),
  "arithmetic with integers": node("add", [1, 1]),
  "a sum of integers": node("reduceSum", [1], { axis: 0 }),
  "an axis beyond the rank": node("reduceMax", [0], { axis: 2 }),
  "a product of different depths": graph({
    ...{ inputs: [x, { ...w, shape: [2, 4] }], nodes: [{ op: "matmul", in: [0, 1] }], outputs: [{ name: "y", value: 2 }] },
  }),
  "a product of a vector": graph({ inputs: [{ ...x, shape: [3] }], nodes: [{ op: "matmul", in: [0, 0] }] }),
  "an int8 product of fp32": node("matmulInt8", [0, 3]),
  "shapes that don't broadcast": graph({
    ...{ inputs: [x, { ...w, shape: [2, 2] }], nodes: [{ op: "add", in: [0, 1] }], outputs: [{ name: "y", value: 2 }] },
  }),
  "toFloat of fp32": node("toFloat", [0]),
  "toFloat of int8": node("toFloat", [2]),
  "toInt8 of integers": node("toInt8", [1]),
  "a reshape to another count": node("reshape", [0], { shape: [5] }),
  "an expand that shrinks": node("expand", [0], { shape: [3] }),
  "an expand of an axis above 1": node("expand", [0], { shape: [4, 3] }),
  "axes that are no permutation": node("transpose", [0], { axes: [0, 0] }),
  "axes that are too few": node("transpose", [0], { axes: [0] }),
  "a slice beyond the end": node("slice", [0], { axis: 1, start: 2, length: 2 }),
  "an empty slice": node("slice", [0], { axis: 1, start: 1, length: 0 }),
  "a concat of two dtypes": node("concat", [0, 2], { axis: 0 }),
  "a concat of nothing": node("concat", [], { axis: 0 }),
  "swapped pairs of an odd axis": node("swapPairs", [0]),
  "a gather by fp32": node("gather", [0, 0], { fill: 0 }),
  "a gather from rank 1": node("gather", [1, 1], { fill: 0 }),
  "a fill below 0 for fp32": node("gather", [0, 1], { fill: -1 }),
  "a fill beyond int8": node("gather", [2, 1], { fill: 128 }),
  "oneHot of fp32": node("oneHot", [0], { size: 3 }),
  "oneHot of size 0": node("oneHot", [1], { size: 0 }),
  "scatterAdd of another count": node("scatterAdd", [0, 2], { rows: 2 }),
  "scatterAdd of integers": node("scatterAdd", [2, 1], { rows: 2 }),
  "an unknown constant": constant({ kind: "random" }),
  "a word beyond 32 bits": constant({ kind: "scalar", word: 2 ** 32 }),
  "causal of size 0": constant({ kind: "causal", size: 0 }),
  "causal of more than 2^28 elements": constant({ kind: "causal", size: 2 ** 14 + 1 }),
  "rope of an odd dim": constant({ kind: "rope", positions: 2, dim: 3, theta: 2, part: "cos" }),
  "rope of theta 1": constant({ kind: "rope", positions: 2, dim: 2, theta: 1, part: "cos" }),
  "rope of too many positions": constant({ kind: "rope", positions: 2 ** 20 + 1, dim: 2, theta: 2, part: "cos" }),
  "a window larger than the image": constant({ ...window, kernel: [3, 1] }),
  "a window of stride 0": constant({ ...window, stride: [0, 1] }),
  "iota of size 0": constant({ kind: "iota", size: 0 }),
};

const text = canonicalJson(graph({}));

/** The same graph in other words. */
const SPELLINGS: Readonly<Record<string, string>> = {
  "white space": text.replace(",", ", "),
  "a line feed at the end": `${text}\n`,
  "keys in another order": text.replace('"in":[0],"op":"neg"', '"op":"neg","in":[0]'),
  "a key twice": text.replace('"version":1', '"version":1,"version":1'),
  "a fraction": text.replace('"version":1', '"version":1.0'),
  "an exponent": text.replace('"value":1', '"value":1e0'),
  "minus zero": text.replace('"in":[0]', '"in":[-0]'),
  "an escaped letter": text.replace('"x"', '"\\u0078"'),
  "no JSON": text.slice(1),
};

export type RefusedGraph = { readonly why: string; readonly text: string };

export const REFUSED: readonly RefusedGraph[] = [
  ...Object.entries(GRAPHS).map(([why, value]) => ({ why, text: canonicalJson(value) })),
  ...Object.entries(SPELLINGS).map(([why, spelling]) => ({ why, text: spelling })),
];
