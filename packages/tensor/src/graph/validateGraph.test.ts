// Untrusted graphs: one text per graph, every field checked by place, name and limit.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256, toHex } from "../sha256.ts";
import { buildStepGraph } from "../train/stepGraph.ts";
import { decodeGraph, encodeGraph, graphHash } from "./encodeGraph.ts";
import type { Graph } from "./Graph.ts";
import { tinyAdamw, tinyGpt, tinyMlp } from "./graphFixture.ts";
import { validateGraph } from "./validateGraph.ts";

const small: Graph = {
  version: 1,
  numericsId: "fp32-seq-unfused",
  inputs: [
    { name: "w", role: "state", dtype: "f32", shape: [2, 3] },
    { name: "i", role: "batch", dtype: "i32", shape: [2] },
  ],
  constants: [{ kind: "scalar", word: 0x3f800000 }],
  nodes: [
    { op: "add", in: [0, 2] },
    { op: "reduceSum", in: [3], axis: 1 },
  ],
  outputs: [{ name: "w", value: 3 }],
};

test("text and hash are those of the canonical form", () => {
  const text = encodeGraph(small);
  assert.equal(
    text,
    '{"constants":[{"kind":"scalar","word":1065353216}],"inputs":[{"dtype":"f32","name":"w","role":"state","shape":[2,3]},' +
      '{"dtype":"i32","name":"i","role":"batch","shape":[2]}],"nodes":[{"in":[0,2],"op":"add"},' +
      '{"axis":1,"in":[3],"op":"reduceSum"}],"numericsId":"fp32-seq-unfused","outputs":[{"name":"w","value":3}],"version":1}',
  );
  assert.deepEqual(decodeGraph(text), small);
  assert.equal(toHex(graphHash(small)), toHex(sha256(new TextEncoder().encode(text))));
});

test("only the canonical text is read", () => {
  const text = encodeGraph(small);
  const doubled = text.replace('"version":1', '"version":1,"version":1');
  for (const other of [` ${text}`, doubled, text.replace("1065353216", "1.065353216e9"), JSON.stringify(small)])
    assert.throws(() => decodeGraph(other), { code: "tensor.bad-graph", message: /not canonical/ });
  assert.throws(() => decodeGraph(text.slice(0, -1)), { code: "tensor.bad-graph", message: /not JSON/ });
  assert.throws(() => decodeGraph(" ".repeat(4 * 2 ** 20 + 1)), { code: "tensor.bad-graph", message: /4194305/ });
});

test("step graphs survive the round trip", () => {
  for (const { graph } of [buildStepGraph(tinyGpt, tinyAdamw), buildStepGraph(tinyMlp, tinyAdamw)])
    assert.deepEqual(decodeGraph(encodeGraph(graph)), graph);
});

test("a malformed graph is refused with place, field and limit", () => {
  const { inputs, nodes } = small;
  const node = (wrong: unknown) => ({ ...small, nodes: [wrong, ...nodes] });
  const input = (wrong: object) => ({ ...small, inputs: [{ ...inputs[0], ...wrong }, inputs[1]] });
  const output = (name: string, value: number) => ({ ...small, outputs: [{ name, value }] });
  const wrong: [unknown, RegExp][] = [
    [null, /^graph: null is not an object/],
    [{ ...small, extra: 1 }, /^graph: has the fields .*extra/],
    [{ ...small, version: 2 }, /^graph: version is 2/],
    [{ ...small, numericsId: "fp16" }, /^graph: numericsId is fp16/],
    [{ ...small, numericsId: "int8-int32" }, /^graph: value 0 is f32 and numericsId is int8-int32/],
    [{ ...small, nodes: {} }, /^graph: nodes is an object/],
    [{ ...small, outputs: [] }, /^graph: outputs has 0 entries/],
    [{ ...small, nodes: Array(65_537) }, /^graph: nodes has 65537 entries/],
    [{ ...small, inputs: Array(4_097) }, /^graph: inputs has 4097 entries/],
    [input({ name: "" }), /^input 0: name is /],
    [input({ name: 'a"b' }), /^input 0: name is /],
    [input({ name: "é" }), /^input 0: name is é/],
    [input({ name: "n".repeat(256) }), /^input 0: name is /],
    [input({ name: "i" }), /^input 1: name i is taken/],
    [input({ role: "weight" }), /^input 0: role is weight/],
    [input({ dtype: "f64" }), /^input 0: dtype is f64/],
    [input({ shape: [] }), /^input 0: shape is a list of 0/],
    [input({ shape: [0, 1] }), /^input 0: shape is a list of 2: 0,1/],
    [input({ shape: [1, 1, 1, 1, 1, 1, 1] }), /^input 0: shape is a list of 7/],
    [input({ shape: [2 ** 15, 2 ** 15] }), /^input 0: shape is/],
    [input({ shape: [1.5] }), /^input 0: shape is/],
    [input({ role: "scalar" }), /^input 0 w: a scalar of type f32 \[2,3\]/],
    [node({ op: "fma", in: [0] }), /^node 0: op is fma/],
    [node({ op: "constructor", in: [0] }), /^node 0: op is constructor/],
    [node(null), /^node 0: op is undefined/],
    [node({ op: "neg", in: [0], axis: 1 }), /^node 0 neg: has the fields axis,in/],
    [node({ op: "neg", in: "0" }), /^node 0 neg: in is 0/],
    [node({ op: "neg", in: [3] }), /^node 0 neg: operand is value 3/],
    [node({ op: "neg", in: [-1] }), /^node 0 neg: in is a list of 1: -1/],
    [node({ op: "neg", in: [0, 0] }), /^node 0 neg: has 2 operands/],
    [node({ op: "neg", in: [1] }), /^node 0 neg: operand 0 is i32 \[2\]/],
    [node({ op: "reduceSum", in: [0], axis: -0 }), /^node 0 reduceSum: axis is 0/],
    [node({ op: "reduceSum", in: [0], axis: 2 }), /^node 0 reduceSum: axis is 2 and operand 0 is f32 \[2,3\]/],
    [node({ op: "oneHot", in: [1], size: 2 ** 28 }), /^node 0 oneHot: the result would be f32 \[2,268435456\]/],
    [output("y", 9), /^output y: value is 9/],
    [output("y y", 3), /^output 0: name is y y/],
    [output("w", 4), /^output w: it is f32 \[2,1\]/],
    [output("i", 1), /^output i: it has the name of a batch input/],
    [output("loss", 3), /^output loss: it is f32 \[2,3\]/],
    [output("metric.x", 1), /^output metric.x: it is i32 \[2\]/],
  ];
  for (const [value, message] of wrong)
    assert.throws(() => validateGraph(value), { code: "tensor.bad-graph", message }, String(message));
  const { remedy } = assertThrown(() => validateGraph(node({ op: "neg", in: [1] })));
  assert.equal(remedy, "use an operand of dtype f32");
});

function assertThrown(call: () => unknown): { remedy: string } {
  try {
    call();
  } catch (error) {
    return error as { remedy: string };
  }
  throw new assert.AssertionError({ message: "nothing was thrown" });
}

test("an integer graph needs no fp32", () => {
  const integers: Graph = {
    version: 1,
    numericsId: "int8-int32",
    inputs: [
      { name: "a", role: "batch", dtype: "i8", shape: [2, 3] },
      { name: "b", role: "batch", dtype: "i8", shape: [4, 3] },
    ],
    constants: [],
    nodes: [{ op: "matmulInt8", in: [0, 1] }],
    outputs: [{ name: "y", value: 2 }],
  };
  assert.equal(validateGraph(integers), integers);
});
