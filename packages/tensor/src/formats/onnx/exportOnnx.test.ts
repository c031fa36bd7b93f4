// Exporting graphs: which become ONNX's own convolutions, which stay chains, what is refused. That exported models mean the
// same is shown against onnxruntime in tests/peers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { conv, maxPool, sameWindow, tileWindow } from "../../graph/convolution.ts";
import type { Value } from "../../graph/Emitter.ts";
import { GraphBuilder } from "../../graph/GraphBuilder.ts";
import { gather, matmul, max, mul, reduceSum, reshape } from "../../graph/ops.ts";
import { scalar } from "../../graph/scalar.ts";
import { tensorFrom } from "../../graph/TensorValue.ts";
import { evaluateGraph } from "../../reference/evaluateGraph.ts";
import { forwardGraph, smallModel } from "../gptFixture.ts";
import { exportOnnx } from "./exportOnnx.ts";
import { importOnnx } from "./importOnnx.ts";
import { decodeMessage } from "./protobuf.ts";

/** Operators of an exported graph, and what importing and evaluating it gives beside what it gives itself. */
function exported(make: (g: GraphBuilder, x: Value) => Value) {
  const g = new GraphBuilder();
  const x = g.input({ name: "x", role: "batch", dtype: "f32", shape: [1, 4, 4, 2] });
  g.output("y", make(g, x));
  const graph = g.finish();
  const bytes = exportOnnx(graph);
  const operators = new Set(decodeMessage("Model", bytes).graph!.node.map(({ opType }) => opType));
  return { graph, bytes, operators };
}

const weight = (g: GraphBuilder, shape: number[]) => g.constant({ kind: "fill", shape, word: 0x3f000000 });
const rows = (g: GraphBuilder, x: Value) => reshape(g, x, [16, 2]);
const table = (g: GraphBuilder) => g.constant({ kind: "window", batch: 1, height: 4, width: 4, ...sameWindow(3) });

test("convolutions and max poolings become ONNX's own", () => {
  const { operators, bytes, graph } = exported((g, x) => {
    const dense = conv(g, x, { window: sameWindow(3), weight: weight(g, [4, 18]), bias: weight(g, [4]) });
    const apart = conv(g, dense, { window: sameWindow(3), weight: weight(g, [4, 9]), groups: 4 });
    return maxPool(g, apart, tileWindow(2));
  });
  assert.deepEqual([...operators].sort(), ["Add", "Conv", "Identity", "MaxPool", "Reshape", "Transpose"]);
  const x = tensorFrom(
    "f32",
    [1, 4, 4, 2],
    Array.from({ length: 32 }, (_, i) => Math.sin(i)),
  );
  const again = importOnnx(bytes);
  const [own, other] = [evaluateGraph(graph, { x }), evaluateGraph(again.graph, { x }, again.data)];
  assert.deepEqual(own.outputs["y"], other.outputs["y"], "sums in the same order, so the same bits");
});

test("a language model comes back with the same bits", () => {
  const { config, tensors } = smallModel(20, false);
  const state = Object.fromEntries(tensors.map((tensor) => [tensor.name, tensor]));
  const tokens = tensorFrom("i32", [1, 6], [3, 1, 4, 1, 5, 9]);
  const graph = forwardGraph(config, 6);
  const again = importOnnx(exportOnnx(graph, { state }));
  const [own, other] = [evaluateGraph(graph, { ...state, tokens }), evaluateGraph(again.graph, { tokens }, again.data)];
  assert.deepEqual(other.outputs["logits"], own.outputs["logits"]);
});

test("what only looks like a convolution or a pooling stays a chain", () => {
  const lookalikes: Record<string, (g: GraphBuilder, x: Value) => Value> = {
    "taps as rows": (g, x) =>
      matmul(g, reshape(g, gather(g, rows(g, x), { index: table(g) }), [144, 2]), weight(g, [3, 2])),
    "another fill": (g, x) =>
      matmul(g, reshape(g, gather(g, rows(g, x), { index: table(g), fill: 1 }), [16, 18]), weight(g, [3, 18])),
    "one weight per channel": (g, x) =>
      reduceSum(g, mul(g, gather(g, rows(g, x), { index: table(g) }), weight(g, [2])), 1),
    "another axis": (g, x) => reduceSum(g, mul(g, gather(g, rows(g, x), { index: table(g) }), weight(g, [9, 2])), 2),
    "a maximum of pixels": (g, x) => max(g, rows(g, x), scalar(g, 0)),
    "a pooling that goes on": (g, x) => max(g, maxPool(g, x, { ...sameWindow(1), kernel: [1, 2] }), scalar(g, 0)),
  };
  for (const [name, make] of Object.entries(lookalikes)) {
    const { operators } = exported(make);
    assert.ok(!operators.has("Conv"), name);
    assert.equal(operators.has("MaxPool"), name === "a pooling that goes on", name);
  }
});

test("nodes that no output needs are not written", () => {
  const { bytes } = exported((g, x) => {
    reshape(g, x, [32]);
    return mul(g, x, scalar(g, 2));
  });
  assert.deepEqual(
    decodeMessage("Model", bytes).graph!.node.map(({ opType }) => opType),
    ["Mul", "Identity"],
  );
});

test("a graph that trains is not exported; one that infers writes the same bytes every time", () => {
  const { config, tensors } = smallModel(20);
  const graph = forwardGraph(config, 4);
  const state = Object.fromEntries(tensors.map((tensor) => [tensor.name, tensor]));
  assert.deepEqual(exportOnnx(graph, { state }), exportOnnx(graph, { state }));
  const trains = { ...graph, outputs: [{ name: "model.norm.weight", value: 0 }] };
  assert.throws(() => exportOnnx(trains), { code: "tensor.bad-graph", message: /next value of a state/ });
  const short = { "model.norm.weight": tensorFrom("f32", [1], [1]) };
  assert.throws(() => exportOnnx(graph, { state: short }), { code: "tensor.bad-tensor", message: /model.norm.weight/ });
});
