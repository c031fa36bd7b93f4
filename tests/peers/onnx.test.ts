// ONNX models imported here give what onnxruntime gives, and models exported here give there what they give here: every
// element within 1e-5 of the largest magnitude in its tensor, or of 1.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { forwardGraph, smallModel } from "@weft/tensor/formats/gptFixture";
import { exportOnnx } from "@weft/tensor/formats/onnx/exportOnnx";
import { importOnnx } from "@weft/tensor/formats/onnx/importOnnx";
import { onnxModel } from "@weft/tensor/formats/onnx/onnxFixture";
import type { Value } from "@weft/tensor/graph/Emitter";
import type { Graph, Input } from "@weft/tensor/graph/Graph";
import { GraphBuilder } from "@weft/tensor/graph/GraphBuilder";
import { tinyCnn, tinyMlp } from "@weft/tensor/graph/graphFixture";
import { attributesOf, OPERATORS } from "@weft/tensor/graph/operators";
import { type TensorValue, tensorFrom } from "@weft/tensor/graph/TensorValue";
import { modelOf } from "@weft/tensor/models/models";
import { stateInput } from "@weft/tensor/models/StateTensor";
import { evaluateGraph } from "@weft/tensor/reference/evaluateGraph";
import { startState } from "@weft/tensor/train/startState";
import { type OperatorCase, operatorVectors, readOperatorCase } from "@weft/tensor/vectors/operatorVectors";
import { importPeer } from "../../tools/peers.ts";
import { dataRoot } from "../../tools/skips.ts";
import { onnxCases, wave } from "./onnxCases.ts";

type OrtTensor = { readonly type: string; readonly dims: readonly number[]; readonly data: ArrayLike<number | bigint> };
type Session = {
  readonly inputMetadata: readonly { readonly name: string; readonly type: string }[];
  run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
};
type Ort = {
  InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
  Tensor: new (type: string, data: unknown, dims: readonly number[]) => OrtTensor;
};

let ort: Ort;
before(async () => {
  ({ default: ort } = await importPeer<{ default: Ort }>("onnxruntime-node"));
});

const OPTIONS = { executionProviders: ["cpu"], intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 };
const TYPES = { f32: "float32", i32: "int32", i8: "int8" } as const;

/** Outputs of a model on tensors of ours; an input that wants int64 gets it. */
async function runOrt(model: Uint8Array, inputs: Readonly<Record<string, TensorValue>>) {
  const session = await ort.InferenceSession.create(model, OPTIONS);
  const feeds = Object.entries(inputs).map(([name, { dtype, shape, data }]) => {
    const wide = session.inputMetadata.find((own) => own.name === name)?.type === "int64";
    const tensor = wide
      ? new ort.Tensor("int64", BigInt64Array.from(data, BigInt), shape)
      : new ort.Tensor(TYPES[dtype], data, shape);
    return [name, tensor] as const;
  });
  const outputs = await session.run(Object.fromEntries(feeds));
  await session.release();
  return outputs;
}

function assertClose(name: string, found: TensorValue | undefined, expected: OrtTensor): void {
  const dims = expected.dims.length === 0 ? [1] : expected.dims;
  assert.deepEqual(found?.shape, dims, `${name}: shape`);
  const values = Array.from(expected.data, Number);
  const largest = values.filter(Number.isFinite).reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  values.forEach((wanted, i) => {
    const got = found!.data[i]!;
    const close = got === wanted || Object.is(got, wanted) || Math.abs(got - wanted) <= TOLERANCE * largest;
    assert.ok(close, `${name}[${i}]: ${got}, onnxruntime ${wanted}`);
  });
}
const TOLERANCE = 1e-5;

function inputFor({ dtype, shape }: Input, i: number): TensorValue {
  if (dtype === "f32") return wave(shape, i);
  const count = shape.reduce((product, size) => product * size, 1);
  return tensorFrom(
    "i32",
    shape,
    Array.from({ length: count }, (_, at) => (at * 3) % 5),
  );
}

for (const given of onnxCases)
  test(`import, and export again: ${given.name}`, async () => {
    const bytes = onnxModel(given);
    const { graph, data } = importOnnx(bytes);
    const inputs = Object.fromEntries(graph.inputs.map((input, i) => [input.name, inputFor(input, i)]));
    const expected = await runOrt(bytes, inputs);
    const { outputs } = evaluateGraph(graph, inputs, data);
    const again = await runOrt(exportOnnx(graph, { data }), inputs);
    for (const name of given.outputs) {
      assertClose(name, outputs[name], expected[name]!);
      assertClose(`${name} exported again`, outputs[name], again[name]!);
    }
  });

const folder = join(dataRoot(), "ml");
const missing = !existsSync(join(folder, "onnx", "mnist.onnx"));

test("models of the data root: mnist.onnx on ten real digits", { skip: missing }, async () => {
  const bytes = readFileSync(join(folder, "onnx", "mnist.onnx"));
  const { graph, data } = importOnnx(bytes);
  const pixels = gunzipSync(readFileSync(join(folder, "mnist", "t10k-images-idx3-ubyte.gz"))).subarray(16);
  const labels = gunzipSync(readFileSync(join(folder, "mnist", "t10k-labels-idx1-ubyte.gz"))).subarray(8, 18);
  const found: number[] = [];
  for (let digit = 0; digit < 10; digit++) {
    const image = tensorFrom("f32", [1, 1, 28, 28], pixels.subarray(784 * digit, 784 * (digit + 1)));
    const { outputs } = evaluateGraph(graph, { Input3: image }, data);
    const expected = await runOrt(bytes, { Input3: image });
    assertClose("logits", outputs["Plus214_Output_0"], expected["Plus214_Output_0"]!);
    const scores = [...outputs["Plus214_Output_0"]!.data];
    found.push(scores.indexOf(Math.max(...scores)));
  }
  assert.deepEqual(found, [...labels]);
});

test("models of the data root: ultraface-RFB-320", { skip: missing }, async () => {
  const bytes = readFileSync(join(folder, "onnx", "ultraface-RFB-320_simplified.onnx"));
  const { graph, data } = importOnnx(bytes);
  const input = wave([1, 3, 240, 320]);
  const { outputs } = evaluateGraph(graph, { input }, data);
  const expected = await runOrt(bytes, { input });
  for (const name of ["scores", "boxes"]) assertClose(name, outputs[name], expected[name]!);
});

test("models of the data root: what silero_vad needs and is not there is named with its node", {
  skip: missing,
}, () => {
  const bytes = readFileSync(join(folder, "onnx", "silero_vad_16k_op15.onnx"));
  assert.throws(() => importOnnx(bytes, { dimensions: { batch: 1, sequence: 512 } }), {
    code: "tensor.unsupported-onnx",
    message: 'node 27 "/model/stft/padding/Pad" Pad: mode is reflect',
  });
});

/** A graph and its inputs, here and there. */
async function assertExports(name: string, graph: Graph, { state, inputs }: { state: Named; inputs: Named }) {
  const model = exportOnnx(graph, { state });
  const { outputs } = evaluateGraph(graph, { ...state, ...inputs });
  const expected = await runOrt(model, inputs);
  assert.deepEqual(Object.keys(expected), Object.keys(outputs));
  for (const [output, value] of Object.entries(outputs)) assertClose(`${name} ${output}`, value, expected[output]!);
}
type Named = Readonly<Record<string, TensorValue>>;

/** ONNX leaves open what a maximum is with NaN among its operands, and whether a sum overflows on its way. */
function isLeftOpen({ name, node, operands }: ReturnType<typeof readOperatorCase>): boolean {
  return name === "matmul huge" || (node.op === "reduceMax" && operands[0]!.data.some(Number.isNaN));
}

test("export: every operator means the same, on the shared vectors", async () => {
  const cases = operatorVectors().map((given) => readOperatorCase(given as OperatorCase));
  const compared = cases.filter((given) => !isLeftOpen(given));
  assert.deepEqual([...new Set(compared.map(({ node }) => node.op))].sort(), Object.keys(OPERATORS).sort());
  for (const { name, node, operands } of compared) {
    const g = new GraphBuilder();
    const values = operands.map(({ dtype, shape }, i) => g.input({ name: `x${i}`, role: "batch", dtype, shape }));
    g.output("y", g.emit(node.op, values, attributesOf(node)));
    const inputs = Object.fromEntries(operands.map((operand, i) => [`x${i}`, operand]));
    await assertExports(name, g.finish(), { state: {}, inputs });
  }
});

for (const [name, config] of Object.entries({ mlp: tinyMlp, cnn: tinyCnn }))
  test(`export: the logits of a ${name}`, async () => {
    const model = modelOf(config);
    const parameters = model.parameters(config);
    const g = new GraphBuilder();
    const weights: Record<string, Value> = {};
    for (const parameter of parameters) weights[parameter.name] = g.input(stateInput(parameter));
    const { data } = model.batch(config, 3);
    g.output("logits", model.logits(g, config, { weights, data: g.input(data) }));
    const state = startState(new Uint8Array(32).fill(5), parameters);
    await assertExports(name, g.finish(), { state, inputs: { [data.name]: inputFor(data, 0) } });
  });

test("export: the logits of a language model", async () => {
  const { config, tensors } = smallModel(30, false);
  const state = Object.fromEntries(tensors.map((tensor) => [tensor.name, tensor]));
  const tokens = tensorFrom(
    "i32",
    [1, 12],
    Array.from({ length: 12 }, (_, i) => (7 * i) % 30),
  );
  await assertExports("gpt", forwardGraph(config, 12), { state, inputs: { tokens } });
});
