// For tests: small ONNX models from lists of nodes.
import type { TensorValue } from "../../graph/TensorValue.ts";
import { ATTRIBUTE_TYPES, DATA_TYPES, type MessageToWrite } from "./messages.ts";
import { writeIntegers, writeTensor } from "./onnxTensor.ts";
import { encodeMessage } from "./protobuf.ts";

/** Integers are `i` or `ints`; a real is `{ f }`. */
type GivenAttribute = number | readonly number[] | string | { readonly f: number } | { readonly t: TensorValue };
export type GivenNode = {
  readonly op: string;
  readonly in: readonly string[];
  readonly out: readonly string[];
  readonly attributes?: Readonly<Record<string, GivenAttribute>>;
  readonly name?: string;
  readonly domain?: string;
};
export type GivenModel = {
  readonly opset?: number;
  /** f32, or i64 where a list begins with "int64". A text is the name of an axis. */
  readonly inputs: Readonly<Record<string, readonly (number | string)[]>>;
  /** Lists are int64. */
  readonly weights?: Readonly<Record<string, TensorValue | readonly number[]>>;
  readonly nodes: readonly GivenNode[];
  readonly outputs: readonly string[];
};

function attribute(name: string, value: GivenAttribute): MessageToWrite<"Attribute"> {
  if (typeof value === "number") return { name, type: ATTRIBUTE_TYPES.INT, i: value };
  if (typeof value === "string") return { name, type: ATTRIBUTE_TYPES.STRING, s: new TextEncoder().encode(value) };
  if ("f" in value) return { name, type: ATTRIBUTE_TYPES.FLOAT, f: value.f };
  if ("t" in value) return { name, type: ATTRIBUTE_TYPES.TENSOR, t: writeTensor("", value.t) };
  return { name, type: ATTRIBUTE_TYPES.INTS, ints: value };
}

function input(name: string, axes: readonly (number | string)[]): MessageToWrite<"ValueInfo"> {
  const integers = axes[0] === "int64";
  const dim = (integers ? axes.slice(1) : axes).map((size) =>
    typeof size === "number" ? { dimValue: size } : { dimParam: size },
  );
  const elemType = integers ? DATA_TYPES.INT64 : DATA_TYPES.FLOAT;
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

const isTensor = (value: TensorValue | readonly number[]): value is TensorValue => !Array.isArray(value);

/** The bytes of a model. */
export function onnxModel({ opset = 13, inputs, weights = {}, nodes, outputs }: GivenModel): Uint8Array {
  return encodeMessage("Model", {
    irVersion: 8,
    opsetImport: [{ domain: "", version: opset }],
    graph: {
      name: "test",
      node: nodes.map(({ op, in: reads, out, attributes = {}, name, domain }) => ({
        opType: op,
        input: reads,
        output: out,
        attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
        ...(name === undefined ? {} : { name }),
        ...(domain === undefined ? {} : { domain }),
      })),
      initializer: Object.entries(weights).map(([name, value]) =>
        isTensor(value) ? writeTensor(name, value) : writeIntegers(name, value),
      ),
      input: Object.entries(inputs).map(([name, axes]) => input(name, axes)),
      output: outputs.map((name) => ({ name })),
    },
  });
}
