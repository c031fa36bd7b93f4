// Graphs as ONNX models of operator set 18 (spec/tensor-files.md §6). Values agree with ours up to rounding: ONNX leaves the
// order of sums and the precision of exp, log and tanh to whoever runs it.
import { type ConstantData, constantValue } from "../../graph/constants.ts";
import type { Graph, ValueType } from "../../graph/Graph.ts";
import { firstNodeValue, inferTypes } from "../../graph/inferTypes.ts";
import { checkTensor, type TensorValue } from "../../graph/TensorValue.ts";
import { TensorError } from "../../TensorError.ts";
import type { MessageToWrite } from "./messages.ts";
import { OnnxWriter } from "./OnnxWriter.ts";
import { dataTypeOf } from "./onnxTensor.ts";
import { encodeMessage } from "./protobuf.ts";
import { writeOperator } from "./writtenOperators.ts";

export type OnnxExportOptions = {
  /** Values of state inputs, written into the model; those left out stay inputs. */
  readonly state?: Readonly<Record<string, TensorValue>>;
  /** Bytes of the graph's `data` constants. */
  readonly data?: ConstantData;
  /** Default "weft". */
  readonly name?: string;
};

const IR_VERSION = 8;
const OPSET = 18;

/**
 * Bytes of a model with the graph's inputs and outputs under their names. Throws TensorError `bad-graph` for an output that
 * is the next value of a state (a model has no state), `bad-tensor` for wrong state or missing bytes.
 */
export function exportOnnx(graph: Graph, options: OnnxExportOptions = {}): Uint8Array {
  const { state = {}, data = new Map(), name = "weft" } = options;
  const given = (input: string) => (Object.hasOwn(state, input) ? state[input] : undefined);
  const taken = new Set(graph.inputs.map((input) => input.name));
  const next = graph.outputs.find((output) => taken.has(output.name));
  if (next !== undefined)
    throw new TensorError(
      "bad-graph",
      `output ${next.name} is the next value of a state`,
      "export a graph without training, such as a model's logits",
    );
  const w = new OnnxWriter([...taken, ...graph.outputs.map((output) => output.name)]);
  const names: string[] = graph.inputs.map((input) => input.name);
  for (const input of graph.inputs) {
    const value = given(input.name);
    if (value !== undefined) w.constant(checkTensor(`state ${input.name}`, value, input), input.name);
  }
  for (const constant of graph.constants) names.push(w.constant(constantValue(constant, data)));
  const types = inferTypes(graph);
  graph.nodes.forEach((node, i) => {
    const operands = node.in.map((value) => ({ ...types[value]!, name: names[value]! }));
    names.push(writeOperator(w, { node, operands, type: types[firstNodeValue(graph) + i]! }));
  });
  for (const output of graph.outputs) w.nodeInto(output.name, "Identity", { input: [names[output.value]!] });
  return encodeMessage("Model", {
    irVersion: IR_VERSION,
    producerName: "weft",
    opsetImport: [{ domain: "", version: OPSET }],
    graph: {
      name,
      node: w.nodes,
      initializer: w.constants,
      input: graph.inputs
        .filter((input) => given(input.name) === undefined)
        .map((input) => valueInfo(input.name, input)),
      output: graph.outputs.map((output) => valueInfo(output.name, types[output.value]!)),
    },
  });
}

function valueInfo(name: string, { dtype, shape }: ValueType): MessageToWrite<"ValueInfo"> {
  const dim = shape.map((dimValue) => ({ dimValue }));
  return { name, type: { tensorType: { elemType: dataTypeOf(dtype), shape: { dim } } } };
}
