// What a contract reads about a value of a graph (spec/court-operators.md §2): its type, and the operator behind it with
// the types around it, or where a given value comes from. Binary, big-endian; contracts/src/court/Records.sol decodes it.
import type { Input, Node, ValueType } from "../graph/Graph.ts";
import { firstNodeValue } from "../graph/inferTypes.ts";
import { TensorError } from "../TensorError.ts";
import type { TypedGraph } from "./OperatorsCommitment.ts";
import { OPERATOR_RECORDS } from "./operatorRecords.ts";
import { DTYPE_NUMBERS } from "./TensorLayout.ts";

const KINDS = { state: 0, batch: 1, scalar: 2, constant: 3, node: 4 } as const;

/** Batch and scalar inputs that a court knows the source of, by name. */
const SOURCES: Readonly<Record<"batch" | "scalar", readonly string[]>> = {
  batch: ["tokens", "targets"],
  scalar: ["rate"],
};

/**
 * The record of a value. `constantRoot` is the tensor root of a value that is a constant. Throws TensorError
 * `bad-option` for a value that isn't there, a constant without its root, an input that no court knows the source of.
 */
export function recordOf(step: TypedGraph, value: number, constantRoot?: Uint8Array): Uint8Array {
  const { graph, types } = step;
  const type = types[value];
  if (type === undefined) refuse(`value is ${value}`, `use 0..${types.length - 1}`);
  const input = graph.inputs[value];
  if (input !== undefined) return Uint8Array.from(inputRecord(step, value, input));
  const node = graph.nodes[value - firstNodeValue(graph)];
  if (node !== undefined) return Uint8Array.from(nodeRecord(step, type, node));
  if (constantRoot?.length !== 32) refuse(`value ${value} is a constant`, "give its tensor root, 32 bytes");
  return Uint8Array.from([KINDS.constant, ...typeBytes(type), ...constantRoot]);
}

function refuse(problem: string, remedy: string): never {
  throw new TensorError("bad-option", problem, remedy);
}

function inputRecord({ graph }: TypedGraph, value: number, input: Input): number[] {
  const head = [KINDS[input.role], ...typeBytes(input)];
  if (input.role === "state") {
    const entry = graph.inputs.slice(0, value).filter(({ role }) => role === "state").length;
    return [...head, ...u32(entry)];
  }
  const source = SOURCES[input.role].indexOf(input.name);
  if (source < 0) refuse(`${input.role} input ${input.name} has no source`, `use ${SOURCES[input.role].join(", ")}`);
  return [...head, source];
}

function nodeRecord({ types }: TypedGraph, type: ValueType, node: Node): number[] {
  const { code, attributes: attributesOf } = OPERATOR_RECORDS[node.op];
  const attributes = attributesOf(node as never);
  return [
    ...[KINDS.node, code, ...typeBytes(type)],
    ...[attributes.length, ...attributes.flatMap(u32)],
    ...[node.in.length, ...node.in.flatMap((operand) => [...u32(operand), ...typeBytes(types[operand]!)])],
  ];
}

function typeBytes({ dtype, shape }: ValueType): number[] {
  return [DTYPE_NUMBERS[dtype], shape.length, ...shape.flatMap(u32)];
}

function u32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}
