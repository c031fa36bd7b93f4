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
import { findWindowPatterns } from "./windowPatterns.ts";
import { writeOperator } from "./writtenOperators.ts";
import { writeWindow } from "./writtenWindows.ts";

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
  for (const input of graph.inputs) {
    const value = given(input.name);
    if (value !== undefined) w.constant(checkTensor(`state ${input.name}`, value, input), input.name);
  }
  const types = inferTypes(graph);
  const names = writeValues(w, graph, { types, data });
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

/** Writes constants and nodes that the outputs need; returns the names of all values that are there. */
function writeValues(
  w: OnnxWriter,
  graph: Graph,
  { types, data }: { types: readonly ValueType[]; data: ConstantData },
): readonly string[] {
  const patterns = findWindowPatterns(graph, types);
  const first = firstNodeValue(graph);
  const operandsOf = (i: number) => {
    const pattern = patterns.get(i);
    if (pattern === undefined) return graph.nodes[i]!.in;
    return pattern.kind === "maxPool" ? [pattern.pixels] : [pattern.pixels, pattern.weight];
  };
  const needed = new Set(graph.outputs.map((output) => output.value));
  for (let i = graph.nodes.length - 1; i >= 0; i--)
    if (needed.has(first + i)) for (const operand of operandsOf(i)) needed.add(operand);
  const names: string[] = graph.inputs.map((input) => input.name);
  graph.constants.forEach((constant, i) => {
    names.push(needed.has(names.length) ? w.constant(constantValue(constant, data)) : `unused ${i}`);
  });
  graph.nodes.forEach((node, i) => {
    const operands = operandsOf(i).map((value) => ({ ...types[value]!, name: names[value]! }));
    const pattern = patterns.get(i);
    const type = types[first + i]!;
    if (!needed.has(first + i)) names.push(`unused node ${i}`);
    else if (pattern === undefined) names.push(writeOperator(w, { node, operands, type }));
    else {
      const [pixels, weight] = operands as [(typeof operands)[0], (typeof operands)[0]?];
      const parts = { pixels: pixels.name, channels: pixels.shape[1]!, weight, shape: type.shape };
      names.push(writeWindow(w, pattern, parts));
    }
  });
  return names;
}

function valueInfo(name: string, { dtype, shape }: ValueType): MessageToWrite<"ValueInfo"> {
  const dim = shape.map((dimValue) => ({ dimValue }));
  return { name, type: { tensorType: { elemType: dataTypeOf(dtype), shape: { dim } } } };
}
