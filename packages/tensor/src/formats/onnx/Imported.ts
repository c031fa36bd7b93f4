// Values while an ONNX graph is being imported. A value is known (its elements are at hand: weights, shapes, whatever
// follows from them) or live (a value of the graph under construction). Shapes are ONNX's: rank 0 exists there, and is
// [1] in our graphs. A live image may lie with its channels last, as our convolutions want it; its `dims` are ONNX's
// [N,C,H,W] all the same.
import type { Emitter, Value } from "../../graph/Emitter.ts";
import { elementCount, type Shape } from "../../graph/Graph.ts";
import { GraphBuilder } from "../../graph/GraphBuilder.ts";
import { transpose } from "../../graph/ops.ts";
import { bitsView, type TensorValue, tensorFrom } from "../../graph/TensorValue.ts";
import { evaluateGraph } from "../../reference/evaluateGraph.ts";
import { sha256, toHex } from "../../sha256.ts";
import { writeWords } from "../ByteReader.ts";
import { refuseOnnx, unsupportedOnnx } from "./refuseOnnx.ts";

/** `values` of dtype `int` are whole numbers, of any of ONNX's integer types and of bool. */
export type Known = {
  readonly kind: "known";
  readonly dims: Shape;
  /** Of the initialiser it came from. */
  readonly name?: string;
} & (
  | { readonly dtype: "f32"; readonly values: Float32Array }
  | { readonly dtype: "int"; readonly values: Float64Array }
);

export type Live = {
  readonly kind: "live";
  readonly dims: Shape;
  /** Of shape `dims`, or [1] for rank 0; of shape [N,H,W,C] when channelsLast. */
  readonly value: Value;
  readonly channelsLast: boolean;
};
export type Imported = Known | Live;

/** Where values of constants go: their bytes by hash, as evaluation wants them. */
type ConstantBytes = Map<string, Uint8Array>;

export const CHANNELS_LAST = [0, 2, 3, 1];
const CHANNELS_FIRST = [0, 3, 1, 2];

export function knownInts(values: readonly number[], dims: Shape = [values.length]): Known {
  return { kind: "known", dtype: "int", dims, values: Float64Array.from(values) };
}

/** A live value in ONNX's order of axes; rank 0 has `dims` []. */
export function live(value: Value, dims: Shape = value.shape): Live {
  return { kind: "live", dims, value, channelsLast: false };
}

/** A live image whose value is [N,H,W,C]. */
export function liveImage(value: Value): Live {
  const [batch, height, width, channels] = value.shape as [number, number, number, number];
  return { kind: "live", dims: [batch, channels, height, width], value, channelsLast: true };
}

/** Shape of a graph's value: rank 0 becomes [1]. Throws TensorError `unsupported-onnx` for a value without elements. */
export function graphShape(dims: Shape): Shape {
  if (dims.includes(0)) unsupportedOnnx(`a value [${dims}] has no elements`, "give every axis at least one entry");
  return dims.length === 0 ? [1] : dims;
}

/** Elements of a known value as a tensor. Throws TensorError `unsupported-onnx` for integers beyond 32 bits. */
function tensorOf(known: Known): TensorValue {
  const shape = graphShape(known.dims);
  if (known.dtype === "f32") return tensorFrom("f32", shape, known.values);
  const beyond = known.values.find((value) => value !== (value | 0));
  if (beyond !== undefined)
    unsupportedOnnx(`${beyond} is not a 32-bit integer`, "keep integers that are data within 32 bits");
  return tensorFrom("i32", shape, known.values);
}

function knownOf({ dtype, data }: TensorValue, dims: Shape): Known {
  return dtype === "f32"
    ? { kind: "known", dtype, dims, values: data as Float32Array }
    : { kind: "known", dtype: "int", dims, values: Float64Array.from(data) };
}

/** What a part of an import writes into. */
export type Host = {
  readonly g: Emitter;
  /** Bytes of the constants, by hash. */
  readonly bytes: ConstantBytes;
  /** Constants that are in the graph already. */
  readonly constants: Map<Known, Value>;
  /** Elements that may still be computed while importing, so that no file keeps us busy or fills the memory. */
  readonly budget: { elements: number };
};

/** Takes elements from the budget. Throws TensorError `unsupported-onnx` when it does not hold them. */
export function spend({ budget }: Host, elements: number): void {
  if (elements > budget.elements)
    unsupportedOnnx("too much would be computed from constants", "use a model whose constants are computed already");
  budget.elements -= elements;
}

/** A constant of the graph: one word where all elements are equal, else `data` whose bytes are kept. */
export function constantOf(host: Host, known: Known, name: string): Value {
  const made = host.constants.get(known);
  if (made !== undefined) return made;
  const value = makeConstant(host, tensorOf(known), constantName(known.name ?? name));
  host.constants.set(known, value);
  return value;
}

function makeConstant({ g, bytes }: Host, tensor: TensorValue, name: string): Value {
  const bits = bitsView(tensor) as Uint32Array;
  const { dtype, shape } = tensor;
  if (dtype === "f32" && bits.every((word) => word === bits[0])) {
    const word = bits[0]!;
    const isScalar = shape.length === 1 && shape[0] === 1;
    return g.constant(isScalar ? { kind: "scalar", word } : { kind: "fill", shape, word });
  }
  const content = new Uint8Array(4 * elementCount(shape));
  writeWords(bits, content, 0);
  const hash = toHex(sha256(content));
  bytes.set(hash, content);
  return g.constant({ kind: "data", name, dtype, shape, sha256: hash });
}

/** A name that a graph may hold: what it may not hold becomes `_`. */
export function constantName(name: string): string {
  const plain = name.replace(/[^!#-[\]-~]/g, "_").slice(0, 255);
  return plain === "" ? "_" : plain;
}

/** A live value in ONNX's order of axes. */
export function plain(g: Emitter, { value, channelsLast }: Live): Value {
  return channelsLast ? transpose(g, value, CHANNELS_FIRST) : value;
}

/** Most elements that folding may compute beyond what it was given. */
const FOLD_ELEMENTS = 65_536;

/**
 * What `build` makes of known values, computed now by the reference: one per result, or undefined when that would take
 * much more work than there are operands, or more than the budget has left; then it is left to the graph.
 */
export function fold(
  { budget }: Host,
  operands: readonly Known[],
  build: (scratch: Host, values: Live[]) => Live[],
): Known[] | undefined {
  const given = operands.reduce((sum, { values }) => sum + values.length, 0);
  if (given > budget.elements) return undefined;
  const g = new GraphBuilder();
  const scratch: Host = { g, bytes: new Map(), constants: new Map(), budget: { elements: FOLD_ELEMENTS } };
  const tensors = operands.map(tensorOf);
  const inputs = tensors.map(({ dtype, shape }, i) =>
    live(g.input({ name: `x${i}`, role: "batch", dtype, shape }), operands[i]!.dims),
  );
  const results = build(scratch, inputs);
  const work = g.values.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  if (work > 8 * given + FOLD_ELEMENTS || work > budget.elements) return undefined;
  budget.elements -= work;
  for (const [i, result] of results.entries()) g.output(`y${i}`, plain(g, result));
  const named = Object.fromEntries(tensors.map((tensor, i) => [`x${i}`, tensor]));
  const { outputs } = evaluateGraph(g.finish(), named, scratch.bytes);
  return results.map(({ dims }, i) => knownOf(outputs[`y${i}`]!, dims));
}

/** The numbers of a value that must be known when the graph is made, such as a shape. */
export function needKnown(value: Imported | undefined, what: string): number[] {
  if (value === undefined) return refuseOnnx(`${what} is missing`, "give the operator all its inputs");
  if (value.kind === "live") return unsupportedOnnx(`${what} depends on the input`, "make it a constant of the model");
  return Array.from(value.values);
}
