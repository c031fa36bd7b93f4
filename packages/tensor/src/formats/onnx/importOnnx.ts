// ONNX models as graphs (spec/tensor-files.md §6): weights become constants of the graph, whatever follows from weights
// and shapes alone is computed while importing, the rest becomes operators of spec/tensor.md. Takes hostile bytes.
// Not here: subgraphs (If, Loop), sequences, sparse and external weights, operators of other domains.
import { broadcastShapes, broadcastSource } from "../../graph/broadcast.ts";
import type { ConstantData } from "../../graph/constants.ts";
import { type Dtype, elementCount, type Graph } from "../../graph/Graph.ts";
import { GraphBuilder } from "../../graph/GraphBuilder.ts";
import { TensorError } from "../../TensorError.ts";
import {
  constantName,
  constantOf,
  fold,
  graphShape,
  type Host,
  type Imported,
  type Known,
  knownInts,
  type Live,
  live,
  plain,
  spend,
} from "./Imported.ts";
import { DATA_TYPES, type Message } from "./messages.ts";
import { Attributes, type OnnxNode, type OnnxOperator, type Scope } from "./OnnxOperator.ts";
import { ONNX_OPERATORS } from "./onnxOperators.ts";
import { readTensor } from "./onnxTensor.ts";
import { decodeMessage } from "./protobuf.ts";
import { refuseOnnx, unsupportedOnnx } from "./refuseOnnx.ts";

export type OnnxImportOptions = {
  /** Sizes of dimensions that the model gives a name instead of a number. */
  readonly dimensions?: Readonly<Record<string, number>>;
};

export type OnnxImport = {
  /** Inputs have role `batch`; they and the outputs have the model's names, with `_` for what a name may not hold. */
  readonly graph: Graph;
  /** Bytes of the graph's `data` constants. */
  readonly data: ConstantData;
};

/** Operator sets whose meaning is known here. Before 7, broadcasting was another. */
const OPSETS = [7, 25] as const;
/** Elements computed while importing: this many, and a few times as many as the weights have. */
const FOLD_BUDGET = 2 ** 22;

/**
 * Imports a model. Throws TensorError `bad-onnx` for a file that is wrong, `unsupported-onnx` naming the node and its
 * operator for what is not imported.
 */
export function importOnnx(bytes: Uint8Array, options: OnnxImportOptions = {}): OnnxImport {
  const { graph, opsetImport } = decodeMessage("Model", bytes);
  if (graph === undefined) return refuseOnnx("the model has no graph", "pass a complete ONNX file");
  const opset = opsetOf(opsetImport);
  const g = new GraphBuilder();
  const values = new Map<string, Imported>();
  for (const tensor of graph.initializer)
    define(values, tensor.name ?? "", { ...readTensor(tensor, `weight ${tensor.name}`), name: tensor.name ?? "" });
  const weights = graph.initializer.reduce((sum, { dims }) => sum + elementCount(dims), 0);
  const host: Host = { g, bytes: new Map(), constants: new Map(), budget: { elements: FOLD_BUDGET + 16 * weights } };
  for (const input of graph.input)
    if (!values.has(input.name ?? "")) define(values, input.name ?? "", inputOf(g, input, options));
  const read = readNames(graph);
  graph.node.forEach((node, number) => {
    const place = `node ${number}${node.name ? ` "${node.name.slice(0, 80)}"` : ""} ${node.opType ?? ""}`.trimEnd();
    at(place, () => importNode({ host, opset, values, read }, node));
  });
  if (graph.output.length === 0) refuseOnnx("the model has no outputs", "name at least one");
  return at("the graph", () => {
    for (const { name = "" } of graph.output) {
      const value = needValue(values, name, "the model's output");
      g.output(constantName(name), value.kind === "live" ? plain(g, value) : constantOf(host, value, name));
    }
    return { graph: g.finish(), data: host.bytes };
  });
}

/** Names the place of an error that says none. */
function at<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TensorError)) throw error;
    const unsupported = error.code === "tensor.unsupported-onnx";
    const report = unsupported ? unsupportedOnnx : refuseOnnx;
    return report(`${place}: ${error.message}`, error.remedy ?? "pass another model", error);
  }
}

function opsetOf(opsets: readonly Message<"OperatorSet">[]): number {
  const own = opsets.find(({ domain = "" }) => domain === "" || domain === "ai.onnx");
  const version = own?.version ?? refuseOnnx("the model names no operator set", "pass a complete ONNX file");
  const [first, last] = OPSETS;
  if (!Number.isInteger(version) || version < first || version > last)
    unsupportedOnnx(`operator set ${version}`, `convert the model to one of the sets ${first} to ${last}`);
  return version;
}

function define(values: Map<string, Imported>, name: string, value: Imported): void {
  if (name === "") refuseOnnx("a value has no name", "pass a complete ONNX file");
  if (values.has(name))
    refuseOnnx(`the value ${name.slice(0, 80)} is made twice`, "pass a model that makes each value once");
  values.set(name, value);
}

function needValue(values: ReadonlyMap<string, Imported>, name: string, what: string): Imported {
  return (
    values.get(name) ??
    refuseOnnx(`${what} ${name.slice(0, 80)} is made by nothing before it`, "pass a complete ONNX file")
  );
}

const INPUT_TYPES: Readonly<Record<number, Dtype>> = {
  [DATA_TYPES.FLOAT]: "f32",
  [DATA_TYPES.INT32]: "i32",
  [DATA_TYPES.INT64]: "i32",
};

function inputOf(
  g: GraphBuilder,
  { name = "", type }: Message<"ValueInfo">,
  { dimensions = {} }: OnnxImportOptions,
): Live {
  const place = `input ${name.slice(0, 80)}`;
  const tensor = type?.tensorType ?? unsupportedOnnx(`${place} is no tensor`, "use tensors");
  const dtype =
    INPUT_TYPES[tensor.elemType ?? 0] ??
    unsupportedOnnx(`${place} is of data type ${tensor.elemType}`, "use float, int32 or int64");
  const dim = tensor.shape?.dim ?? unsupportedOnnx(`${place} has no shape`, "give it one");
  const dims = dim.map(({ dimValue, dimParam }, axis) => {
    if (dimValue !== undefined && dimValue > 0) return dimValue;
    const given = Object.hasOwn(dimensions, dimParam ?? "") ? dimensions[dimParam ?? ""] : undefined;
    return (
      given ??
      unsupportedOnnx(
        `axis ${axis} of ${place} has no size${dimParam ? `, only the name ${dimParam.slice(0, 80)}` : ""}`,
        "give its size in options.dimensions",
      )
    );
  });
  return at(place, () =>
    live(g.input({ name: constantName(name), role: "batch", dtype, shape: graphShape(dims) }), dims),
  );
}

/** Names that a node or the model reads. */
function readNames({ node, output }: Message<"Graph">): ReadonlySet<string> {
  return new Set([...node.flatMap(({ input }) => input), ...output.map(({ name = "" }) => name)]);
}

type Import = {
  readonly host: Host;
  readonly opset: number;
  readonly values: Map<string, Imported>;
  readonly read: ReadonlySet<string>;
};

function importNode({ host, opset, values, read }: Import, node: OnnxNode): void {
  const { opType = "", domain = "", input, output, attribute } = node;
  const own = domain === "" || domain === "ai.onnx";
  const operator = own && Object.hasOwn(ONNX_OPERATORS, opType) ? ONNX_OPERATORS[opType] : undefined;
  if (operator === undefined)
    unsupportedOnnx(
      `the operator ${own ? "" : `${domain.slice(0, 80)}.`}${opType.slice(0, 80)} is not supported`,
      `use ${Object.keys(ONNX_OPERATORS).join(", ")}`,
    );
  const [least, most] = operator.inputs;
  if (input.length < least || input.length > most)
    refuseOnnx(`it has ${input.length} inputs`, `give it ${least === most ? least : `${least} to ${most}`}`);
  const operands = input.map((name) => (name === "" ? undefined : needValue(values, name, "the value")));
  const scope: Scope = {
    ...host,
    opset,
    attributes: new Attributes(attribute),
    outputs: output.length,
    reads: output.findLastIndex((name) => read.has(name)) + 1,
    name: output[0] ?? "",
  };
  const results = run(scope, operator, operands);
  scope.attributes.finish();
  output.forEach((name, i) => {
    const result = results[i];
    if (name === "") return;
    if (result !== undefined) define(values, name, result);
    else if (read.has(name)) unsupportedOnnx(`output ${i} is not made`, "use the first output only");
  });
}

/** Results of a node: known where its data is, live otherwise. */
function run(scope: Scope, operator: OnnxOperator, inputs: readonly (Imported | undefined)[]): Imported[] {
  const data = inputs.slice(0, operator.data ?? inputs.length);
  const known = data.filter((input): input is Known => input?.kind === "known");
  const stays = inputs.some((input) => input?.kind === "live" || input?.dims.includes(0));
  if (operator.folds === false || known.length === 0 || known.length !== data.length || stays)
    return operator.build(scope, inputs);
  if (operator.integers !== undefined && known.every(({ dtype }) => dtype === "int"))
    return [integers(scope, operator.integers, known)];
  const folded = fold(scope, known, (scratch, values) => {
    const results = operator.build({ ...scope, ...scratch }, [...values, ...inputs.slice(data.length)]);
    return results as Live[];
  });
  return folded ?? operator.build(scope, inputs);
}

function integers(host: Host, compute: (...elements: number[]) => number, operands: readonly Known[]): Known {
  const dims = broadcastShapes(...operands.map((operand) => operand.dims));
  if (dims === undefined)
    return refuseOnnx(
      `the shapes ${operands.map((own) => `[${own.dims}]`).join(" and ")} do not broadcast`,
      "make the sizes equal or 1",
    );
  spend(host, elementCount(dims));
  const values = Array.from({ length: elementCount(dims) }, (_, i) =>
    compute(...operands.map((own) => own.values[broadcastSource(dims, own.dims, i)]!)),
  );
  return knownInts(values, dims);
}
