// Importing ONNX models: what is refused and how it is named, what is computed while importing, which layout images keep.
// That imported models mean what ONNX means is shown against onnxruntime in tests/peers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bitsView, type TensorValue, tensorFrom } from "../../graph/TensorValue.ts";
import { evaluateGraph } from "../../reference/evaluateGraph.ts";
import { importOnnx, type OnnxImportOptions } from "./importOnnx.ts";
import { type GivenModel, type GivenNode, onnxModel } from "./onnxFixture.ts";

const reals = (shape: readonly number[], elements: Iterable<number>): TensorValue => tensorFrom("f32", shape, elements);
const ramp = (shape: readonly number[]): TensorValue =>
  reals(
    shape,
    Array.from({ length: shape.reduce((count, size) => count * size, 1) }, (_, i) => i - 2.5),
  );

/** `y = op(x, weights …)` for x [2,3]. */
function model(node: Partial<GivenNode> & { op: string }, rest: Partial<GivenModel> = {}): Uint8Array {
  const weights = rest.weights ?? {};
  return onnxModel({
    inputs: { x: [2, 3] },
    nodes: [{ in: ["x", ...Object.keys(weights)], out: ["y"], ...node }],
    outputs: ["y"],
    ...rest,
  });
}

function refused(bytes: Uint8Array, code: string, message: string | RegExp, options?: OnnxImportOptions): void {
  assert.throws(() => importOnnx(bytes, options), { code: `tensor.${code}`, message }, String(message));
}

test("what is not imported is named with its node", () => {
  const unsupported = (bytes: Uint8Array, message: string | RegExp) => refused(bytes, "unsupported-onnx", message);
  unsupported(model({ op: "LSTM", name: "cell_1" }), 'node 0 "cell_1" LSTM: the operator LSTM is not supported');
  unsupported(
    model({ op: "Relu", domain: "com.example" }),
    "node 0 Relu: the operator com.example.Relu is not supported",
  );
  unsupported(model({ op: "toString" }), /the operator toString is not supported/);
  unsupported(
    model({ op: "Relu", attributes: { consumed_inputs: [0] } }),
    "node 0 Relu: attribute consumed_inputs is not supported",
  );
  unsupported(model({ op: "Pow" }, { weights: { e: reals([1], [1.5]) } }), "node 0 Pow: the exponent is 1.5");
  unsupported(model({ op: "Cast", attributes: { to: 10 } }), "node 0 Cast: a conversion to data type 10");
  unsupported(model({ op: "Cast", attributes: { to: 7 } }), /a conversion of computed values to integers/);
  unsupported(model({ op: "Slice" }, { weights: { s: [2], e: [2] } }), "node 0 Slice: the slice of axis 0 is empty");
  unsupported(model({ op: "Relu" }, { inputs: { x: ["int64", 2] } }), "node 0 Relu: input 0 is of integers");
  unsupported(
    model({ op: "ReduceSum" }, { inputs: { x: ["int64", 2] } }),
    "node 0 ReduceSum: the value is of integers",
  );
  unsupported(model({ op: "Relu" }, { opset: 6 }), "operator set 6");
  unsupported(model({ op: "Relu" }, { opset: 99 }), "operator set 99");
  unsupported(
    model(
      { op: "MaxPool", out: ["y", "i"], attributes: { kernel_shape: [1, 1] } },
      { inputs: { x: [1, 1, 2, 2] }, outputs: ["y", "i"] },
    ),
    "node 0 MaxPool: the indices of MaxPool",
  );
  unsupported(
    model({ op: "MaxPool", attributes: { kernel_shape: [1_024, 2] } }, { inputs: { x: [1, 1, 2, 2] } }),
    "node 0 MaxPool: a pooling over 1024,2 pixels",
  );
  unsupported(
    onnxModel({
      inputs: { x: [2], s: ["int64", 1] },
      nodes: [{ op: "Reshape", in: ["x", "s"], out: ["y"] }],
      outputs: ["y"],
    }),
    "node 0 Reshape: shape depends on the input",
  );
});

test("wrong models are refused with the node that is wrong", () => {
  const wrong = (bytes: Uint8Array, message: string | RegExp) => refused(bytes, "bad-onnx", message);
  wrong(model({ op: "Relu", in: ["z"] }), "node 0 Relu: the value z is made by nothing before it");
  wrong(model({ op: "Relu", in: [] }), "node 0 Relu: it has 0 inputs");
  wrong(model({ op: "Relu", out: ["x"] }), "node 0 Relu: the value x is made twice");
  wrong(
    model({ op: "Add" }, { weights: { w: ramp([2, 2]) } }),
    "node 0 Add: the shapes [2,3] and [2,2] do not broadcast",
  );
  wrong(model({ op: "MatMul" }, { weights: { w: ramp([4, 2]) } }), /node 0 MatMul: new value 2 matmul: the last axes/);
  wrong(model({ op: "Reshape" }, { weights: { s: [-1, -1] } }), "node 0 Reshape: [2,3] as [-1,-1]");
  wrong(model({ op: "Reshape" }, { weights: { s: [4, -1] } }), "node 0 Reshape: [2,3] as [4,-1]");
  wrong(model({ op: "Transpose", attributes: { perm: [0, 0] } }), "node 0 Transpose: perm is [0,0] for [2,3]");
  wrong(model({ op: "Concat", attributes: { axis: 2 } }), "node 0 Concat: axis 2 of a value of rank 2");
  wrong(model({ op: "Gather" }, { weights: { i: [2] } }), "node 0 Gather: axis 2 of a value of rank 2");
  wrong(
    model({ op: "Conv" }, { inputs: { x: [1, 2, 4, 4] }, weights: { w: ramp([3, 3, 1, 1]) } }),
    /node 0 Conv: convolution: weight/,
  );
  wrong(model({ op: "Relu" }, { outputs: ["z"] }), "the graph: the model's output z is made by nothing before it");
  wrong(model({ op: "Relu" }, { outputs: [] }), "the model has no outputs");
  wrong(model({ op: "Relu", in: ["x"] }, { weights: { y: [1] } }), "node 0 Relu: the value y is made twice");
  wrong(new Uint8Array(), "the model has no graph");
});

test("an axis with a name needs a size", () => {
  const bytes = model({ op: "Relu" }, { inputs: { x: ["batch", 3] } });
  refused(bytes, "unsupported-onnx", "axis 0 of input x has no size, only the name batch");
  const { graph } = importOnnx(bytes, { dimensions: { batch: 4 } });
  assert.deepEqual(graph.inputs[0]!.shape, [4, 3]);
});

test("names that a graph cannot hold get _ for what is wrong with them", () => {
  const bytes = onnxModel({
    inputs: { "the input:0": [2] },
    nodes: [{ op: "Neg", in: ["the input:0"], out: ['"out"'] }],
    outputs: ['"out"'],
  });
  const { graph } = importOnnx(bytes);
  assert.deepEqual([graph.inputs[0]!.name, graph.outputs[0]!.name], ["the_input:0", "_out_"]);
});

test("what follows from weights is computed while importing, with the same bits as in the graph", () => {
  const weight = reals([2, 3], [0.1, -0.7, 3, 1e-40, 5, -6]);
  const nodes = (from: string): GivenNode[] => [
    { op: "Tanh", in: [from], out: ["a"] },
    { op: "Transpose", in: ["a"], out: ["b"] },
    { op: "Mul", in: ["b", "b"], out: ["c"] },
    { op: "ReduceMean", in: ["c"], out: ["y"], attributes: { axes: [0] } },
  ];
  const known = importOnnx(onnxModel({ inputs: {}, weights: { w: weight }, nodes: nodes("w"), outputs: ["y"] }));
  const live = importOnnx(onnxModel({ inputs: { x: [2, 3] }, nodes: nodes("x"), outputs: ["y"] }));
  assert.equal(known.graph.nodes.length, 0);
  assert.ok(live.graph.nodes.length > 4);
  const [a, b] = [evaluateGraph(known.graph, {}, known.data), evaluateGraph(live.graph, { x: weight }, live.data)];
  assert.deepEqual(bitsView(a.outputs["y"]!), bitsView(b.outputs["y"]!));
});

test("what would be much larger than the weights it follows from is left to the graph", () => {
  const nodes = [{ op: "Expand", in: ["w", "s"], out: ["y"] }];
  const weights = { w: reals([1], [3]), s: [4_096, 4_096] };
  const { graph } = importOnnx(onnxModel({ inputs: {}, weights, nodes, outputs: ["y"] }));
  assert.deepEqual(
    graph.nodes.map(({ op }) => op),
    ["expand"],
  );
});

test("a weight keeps every bit, NaNs too, and one word is kept where all elements are equal", () => {
  const words = Uint32Array.of(0xffc00001, 0x7f800001, 0x80000000, 1);
  const odd = reals([4], new Float32Array(4));
  bitsView(odd).set(words);
  const nodes = [{ op: "Concat", in: ["x", "odd", "same"], out: ["y"], attributes: { axis: 0 } }];
  const weights = { odd, same: reals([3], [2, 2, 2]) };
  const { graph, data } = importOnnx(onnxModel({ inputs: { x: [1] }, weights, nodes, outputs: ["y"] }));
  assert.deepEqual(
    graph.constants.map(({ kind }) => kind),
    ["data", "fill"],
  );
  const { outputs } = evaluateGraph(graph, { x: reals([1], [7]) }, data);
  assert.deepEqual([...bitsView(outputs["y"]!)].slice(1, 5), [...words]);
});

test("images stay with their channels last between convolutions", () => {
  const conv = (from: string, out: string): GivenNode => ({ op: "Conv", in: [from, "w"], out: [out] });
  const nodes = [
    conv("x", "a"),
    { op: "Relu", in: ["a"], out: ["b"] },
    conv("b", "c"),
    { op: "Add", in: ["c", "bias"], out: ["d"] },
    { op: "Concat", in: ["d", "b"], out: ["e"], attributes: { axis: 1 } },
    { op: "GlobalAveragePool", in: ["e"], out: ["f"] },
    { op: "Flatten", in: ["f"], out: ["y"] },
  ];
  const weights = { w: ramp([2, 2, 1, 1]), bias: ramp([2, 1, 1]) };
  const { graph } = importOnnx(onnxModel({ inputs: { x: [1, 2, 4, 4] }, weights, nodes, outputs: ["y"] }));
  // One before the first convolution, one for the flattened end.
  assert.equal(graph.nodes.filter(({ op }) => op === "transpose").length, 2);
});

test("values of rank 0 and vectors of one element are told apart", () => {
  const nodes = [
    { op: "ReduceMean", in: ["x"], out: ["m"], attributes: { keepdims: 0 } },
    { op: "Unsqueeze", in: ["m", "axes"], out: ["y"] },
    { op: "Shape", in: ["m"], out: ["s"] },
    { op: "Concat", in: ["s", "axes"], out: ["t"], attributes: { axis: 0 } },
    { op: "Cast", in: ["t"], out: ["z"], attributes: { to: 1 } },
  ];
  const bytes = onnxModel({ inputs: { x: [2, 3] }, weights: { axes: [0, 1] }, nodes, outputs: ["y", "z"] });
  const { graph, data } = importOnnx(bytes);
  const { outputs } = evaluateGraph(graph, { x: reals([2, 3], [1, 2, 3, 4, 5, 9]) }, data);
  assert.deepEqual([outputs["y"]!.shape, [...outputs["y"]!.data]], [[1, 1], [4]]);
  assert.deepEqual([...outputs["z"]!.data], [0, 1], "the shape of a rank 0 value is empty");
});
