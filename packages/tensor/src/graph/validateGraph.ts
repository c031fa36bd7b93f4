// Checks untrusted data against the form and the limits of a graph (spec/tensor.md §5). What passes can be planned and
// evaluated; whether its indices are in range shows only with the data.
import { validateConstant } from "./constants.ts";
import { checkFields, checkKeys, show } from "./fields.ts";
import {
  describeType,
  GRAPH_LIMITS,
  type Graph,
  type Input,
  NUMERICS_IDS,
  type NumericsId,
  type Op,
  type Output,
  sameType,
  type ValueType,
} from "./Graph.ts";
import { inferTypes, placeOf } from "./inferTypes.ts";
import { OPERATORS } from "./operators.ts";
import { refuse } from "./refuse.ts";

/** The data as a Graph (the same object). Throws TensorError `bad-graph` naming place, field, limit and remedy. */
export function validateGraph(value: unknown): Graph {
  const record = checkKeys("graph", value, ["constants", "inputs", "nodes", "numericsId", "outputs", "version"]);
  if (record["version"] !== 1) refuse("graph", `version is ${show(record["version"])}`, "use version 1");
  if (!NUMERICS_IDS.includes(record["numericsId"] as NumericsId))
    refuse("graph", `numericsId is ${show(record["numericsId"])}`, `use one of ${NUMERICS_IDS.join(", ")}`);
  checkList(record, "inputs", [0, GRAPH_LIMITS.inputs]).forEach(checkInput);
  checkList(record, "constants", [0, GRAPH_LIMITS.constants]).forEach((constant, i) => {
    validateConstant(`constant ${i}`, constant);
  });
  checkList(record, "nodes", [0, GRAPH_LIMITS.nodes]).forEach(checkNode);
  checkList(record, "outputs", [1, GRAPH_LIMITS.outputs]).forEach((output, i) => {
    checkFields(`output ${i}`, output, { name: "name", value: "natural" });
  });
  const graph = value as Graph;
  checkUnique("input", graph.inputs);
  checkUnique("output", graph.outputs);
  const types = inferTypes(graph);
  checkNumerics(graph, types);
  const inputs = new Map(graph.inputs.map((input) => [input.name, input]));
  for (const output of graph.outputs) checkOutput(inputs, output, types);
  return graph;
}

function checkList(
  record: Record<string, unknown>,
  field: string,
  [least, most]: readonly [number, number],
): unknown[] {
  const list = record[field];
  if (!Array.isArray(list)) refuse("graph", `${field} is ${show(list)}`, "use a list");
  if (list.length < least || list.length > most)
    refuse("graph", `${field} has ${list.length} entries`, `use ${least} to ${most}`);
  // A copy without holes: forEach would pass over them.
  return Array.from(list);
}

function checkInput(value: unknown, i: number): void {
  checkFields(`input ${i}`, value, { name: "name", role: "role", dtype: "dtype", shape: "shape" });
  const input = value as Input;
  if (input.role === "scalar" && !sameType(input, { dtype: "f32", shape: [1] }))
    refuse(`input ${i} ${input.name}`, `a scalar of type ${describeType(input)}`, "scalar inputs are f32 [1]");
}

function checkNode(value: unknown, i: number): void {
  const op = typeof value === "object" && value !== null && "op" in value ? value.op : undefined;
  if (typeof op !== "string" || !Object.hasOwn(OPERATORS, op))
    refuse(`node ${i}`, `op is ${show(op)}`, `use one of ${Object.keys(OPERATORS).join(", ")}`);
  const { op: _, ...rest } = value as Record<string, unknown>;
  checkFields(placeOf(i, op), rest, { in: "values", ...OPERATORS[op as Op].attributes });
}

function checkUnique(what: string, named: readonly { readonly name: string }[]): void {
  const seen = new Set<string>();
  named.forEach(({ name }, i) => {
    if (seen.has(name)) refuse(`${what} ${i}`, `name ${name} is taken`, `give every ${what} a name of its own`);
    seen.add(name);
  });
}

function checkNumerics({ numericsId }: Graph, types: readonly ValueType[]): void {
  const number = types.findIndex(({ dtype }) => dtype === "f32");
  if (numericsId === "int8-int32" && number >= 0)
    refuse("graph", `value ${number} is f32 and numericsId is int8-int32`, "use i8 and i32 only, or fp32-seq-unfused");
}

function checkOutput(inputs: ReadonlyMap<string, Input>, { name, value }: Output, types: readonly ValueType[]): void {
  const place = `output ${name}`;
  const type = types[value];
  if (type === undefined) refuse(place, `value is ${value}`, `use a value below ${types.length}`);
  const input = inputs.get(name);
  if (input !== undefined && input.role !== "state")
    refuse(place, `it has the name of a ${input.role} input`, "name outputs after state inputs or after no input");
  if (input !== undefined && !sameType(input, type))
    refuse(place, `it is ${describeType(type)}`, `the state ${name} stays ${describeType(input)}`);
  const scalar = name === "loss" || name.startsWith("metric.");
  if (scalar && !sameType(type, { dtype: "f32", shape: [1] }))
    refuse(place, `it is ${describeType(type)}`, "loss and metrics are f32 [1]");
}
