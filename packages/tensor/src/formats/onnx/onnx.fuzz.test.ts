// Damaged ONNX files and models of random nodes: they import or are refused with a code, in bounded time and memory.
// What imports evaluates to the shapes it claims; exported graphs import again and mean the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { elementCount, type Graph } from "../../graph/Graph.ts";
import { inferTypes } from "../../graph/inferTypes.ts";
import { type TensorValue, tensorFrom } from "../../graph/TensorValue.ts";
import { evaluateGraph } from "../../reference/evaluateGraph.ts";
import { importOnnx } from "./importOnnx.ts";
import { MESSAGES } from "./messages.ts";
import { type GivenModel, type GivenNode, onnxModel } from "./onnxFixture.ts";
import { ONNX_OPERATORS } from "./onnxOperators.ts";
import { decodeMessage, encodeMessage, MAX_MESSAGES } from "./protobuf.ts";

const CODED = /^tensor\.(bad-onnx|unsupported-onnx)$/;

function importOrRefuse(bytes: Uint8Array): ReturnType<typeof importOnnx> | undefined {
  try {
    return importOnnx(bytes);
  } catch (error) {
    assert.match((error as { code?: string }).code ?? String(error), CODED);
    return undefined;
  }
}

const weight = tensorFrom(
  "f32",
  [4, 3, 3, 3],
  Float32Array.from({ length: 108 }, (_, i) => Math.sin(i)),
);
const network = onnxModel({
  inputs: { x: [1, 3, 6, 6] },
  weights: { w: weight, s: [1, -1] },
  nodes: [
    { op: "Conv", in: ["x", "w"], out: ["a"], attributes: { strides: [2, 2], pads: [1, 1, 1, 1] }, name: "first" },
    { op: "Relu", in: ["a"], out: ["b"] },
    { op: "MaxPool", in: ["b"], out: ["c"], attributes: { kernel_shape: [2, 2] } },
    { op: "Reshape", in: ["c", "s"], out: ["d"] },
    { op: "Softmax", in: ["d"], out: ["y"] },
  ],
  outputs: ["y"],
});

test("a model that is cut or bent anywhere is imported or refused", () => {
  fc.assert(
    fc.property(
      fc.nat(network.length - 1),
      fc.nat(network.length - 1),
      fc.integer({ min: 1, max: 255 }),
      (cut, at, mask) => {
        importOrRefuse(network.slice(0, cut));
        const bent = network.slice();
        bent[at]! ^= mask;
        importOrRefuse(bent);
      },
    ),
    { numRuns: 1_500 },
  );
});

test("bytes that are no model are refused", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => assert.equal(importOrRefuse(bytes), undefined)));
});

const integer = fc.oneof(fc.integer({ min: -3, max: 5 }), fc.constantFrom(0x7fffffff, -(2 ** 40), 2 ** 24));
const integers = fc.array(integer, { maxLength: 5 });
const names = ["x", "i", "w", "b", "v", "n", "a", ""];
const attribute = fc.oneof(integer, integers, fc.constantFrom("SAME_UPPER", "VALID", "x"), fc.constant({ f: 0.5 }));
const attributeNames = [
  "axis",
  "axes",
  "perm",
  "kernel_shape",
  "strides",
  "pads",
  "dilations",
  "group",
  "auto_pad",
  "to",
];
const attributes = fc.dictionary(
  fc.constantFrom(...attributeNames, "keepdims", "ceil_mode", "starts", "ends", "alpha", "transB", "value", "split"),
  attribute,
  { maxKeys: 3 },
);
/** A node with as many inputs as its operator takes, the first mostly the value before it. */
const node = (number: number): fc.Arbitrary<GivenNode> => {
  const before = number === 0 ? "x" : `y${number - 1}`;
  const name = fc.constantFrom(...names);
  const first = fc.oneof({ weight: 8, arbitrary: fc.constant(before) }, { weight: 1, arbitrary: name });
  return fc.constantFrom(...Object.keys(ONNX_OPERATORS)).chain((op) => {
    const [least, most] = ONNX_OPERATORS[op]!.inputs;
    const others = fc.array(name, {
      minLength: Math.max(0, least - 1),
      maxLength: Math.max(0, least - 1, Math.min(3, most - 1)),
    });
    return fc.record({
      op: fc.constant(op),
      in: most === 0 ? fc.constant([]) : fc.tuple(first, others).map(([one, rest]) => [one, ...rest]),
      out: fc.constant([`y${number}`]),
      attributes: fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: attributes }),
    });
  });
};
const nodes = fc.tuple(node(0), node(1), node(2), node(3));
const size = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 1, max: 4 }) },
  { weight: 1, arbitrary: fc.constant(2 ** 20) },
);
const dims = fc.oneof(fc.constant([2, 3]), fc.constant([1, 3, 4, 4]), fc.array(size, { maxLength: 5 }));

test("models of random nodes import or are refused; what imports evaluates to the shapes it claims", () => {
  let imported = 0;
  fc.assert(
    fc.property(nodes, dims, integers, fc.integer({ min: 1, max: 4 }), (made, shape, list, count) => {
      const used = made.slice(0, count);
      const bytes = onnxModel({
        opset: 13,
        inputs: { x: shape, i: ["int64", 2] },
        weights: {
          w: tensorFrom("f32", [3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]),
          b: tensorFrom("f32", [3], [0.5, 2, -1]),
          v: list,
          n: [1, -1],
          a: [0],
        },
        nodes: used,
        outputs: [`y${used.length - 1}`],
      });
      const model = importOrRefuse(bytes);
      // Refusing what is too large to run is the executor's part.
      if (model === undefined || elementsOf(model.graph) > 50_000) return;
      const inputs = Object.fromEntries(model.graph.inputs.map((input) => [input.name, zeros(input)]));
      imported += 1;
      evaluateGraph(model.graph, inputs, model.data);
    }),
    { numRuns: 3_000 },
  );
  assert.ok(imported > 200, `${imported} models ran`);
});

function elementsOf(graph: Graph): number {
  return inferTypes(graph).reduce((sum, { shape }) => sum + elementCount(shape), 0);
}

function zeros({ dtype, shape }: Graph["inputs"][number]): TensorValue {
  return tensorFrom(dtype, shape, Array(elementCount(shape)).fill(0)) as TensorValue;
}

test("a file of empty messages is refused before it fills the memory", () => {
  const nodesOnly = new Uint8Array(2 * MAX_MESSAGES + 2).fill(0).map((_, i) => (i % 2 === 0 ? 0x0a : 0));
  const graph = new Uint8Array(nodesOnly.length + 5);
  graph.set([0x3a, ...lengthOf(nodesOnly.length)]);
  graph.set(nodesOnly, 1 + lengthOf(nodesOnly.length).length);
  assert.throws(() => importOnnx(graph.subarray(0, 1 + lengthOf(nodesOnly.length).length + nodesOnly.length)), {
    code: "tensor.bad-onnx",
    message: /more than 500000 messages/,
  });
});

test("small files that would have much computed from constants are refused, or leave it to the graph", () => {
  const many = (op: string, weights: GivenModel["weights"] = {}) => {
    const inputs = { x: [2 ** 24] };
    const nodes = Array.from(
      { length: 200 },
      (_, i): GivenNode => ({ op, in: ["x", ...Object.keys(weights)], out: [`y${i}`] }),
    );
    return { inputs, weights, nodes, outputs: ["y199"] };
  };
  const shape = Array.from({ length: 60 }, (_, i): GivenNode => {
    return {
      op: "ConstantOfShape",
      in: ["s"],
      out: [`y${i}`],
      attributes: { value: { t: tensorFrom("i32", [1], [1]) } },
    };
  });
  const grown = Array.from({ length: 24 }, (_, i): GivenNode => {
    return { op: "Concat", in: Array(2).fill(i === 0 ? "s" : `y${i - 1}`), out: [`y${i}`], attributes: { axis: 0 } };
  });
  const hungry: GivenModel[] = [
    many("Slice", { s: [-1], e: [-(2 ** 25)], a: [0], t: [-1] }),
    { inputs: {}, weights: { s: [2 ** 20] }, nodes: shape, outputs: ["y59"] },
    {
      inputs: {},
      weights: { s: [1] },
      nodes: [...grown, { op: "Add", in: ["y23", "y23"], out: ["z"] }],
      outputs: ["z"],
    },
  ];
  for (const model of hungry)
    assert.throws(() => importOnnx(onnxModel(model)), {
      code: "tensor.unsupported-onnx",
      message: /too much would be computed from constants|input 0 is of integers/,
    });
  const { graph } = importOnnx(onnxModel(many("Expand", { s: [4, 2 ** 24] })));
  assert.equal(graph.nodes.length, 1);
});

function lengthOf(size: number): number[] {
  const bytes: number[] = [];
  for (let rest = size; ; rest = Math.floor(rest / 128)) {
    bytes.push(rest >= 128 ? (rest % 128) + 128 : rest);
    if (rest < 128) return bytes;
  }
}

test("messages written and read are the same, packed or not", () => {
  const tensor = { dims: [2, 3], dataType: 7, int64Data: [0, -1, 2 ** 40, -(2 ** 52), 127, 128], name: "t" };
  const read = decodeMessage("Tensor", encodeMessage("Tensor", tensor));
  assert.deepEqual(read, { ...tensor, floatData: [], int32Data: [], rawData: undefined, dataLocation: undefined });
  const { dims } = MESSAGES.Tensor;
  const unpacked = Uint8Array.of(dims.number * 8, 2, dims.number * 8, 3);
  assert.deepEqual(decodeMessage("Tensor", unpacked).dims, [2, 3]);
});
