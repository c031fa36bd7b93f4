// Collects the nodes and constants of an ONNX graph that is being written, and names what has no name.
import type { Shape } from "../../graph/Graph.ts";
import type { TensorValue } from "../../graph/TensorValue.ts";
import { ATTRIBUTE_TYPES, type MessageToWrite } from "./messages.ts";
import { writeIntegers, writeTensor } from "./onnxTensor.ts";

/** Integers, lists of integers and texts, told apart by their type. */
type WrittenAttributes = Readonly<Record<string, number | readonly number[] | string>>;

export class OnnxWriter {
  readonly nodes: MessageToWrite<"Node">[] = [];
  readonly constants: MessageToWrite<"Tensor">[] = [];
  readonly #prefix: string;
  readonly #integers = new Map<string, string>();
  #named = 0;

  /** Made names begin so that they are none of the taken ones. */
  constructor(taken: readonly string[]) {
    let prefix = "v";
    while (taken.some((name) => name.startsWith(prefix))) prefix += "_";
    this.#prefix = prefix;
  }

  /** Adds a node with one output and returns the output's name. */
  node(opType: string, input: readonly string[], attributes: WrittenAttributes = {}): string {
    const name = this.#fresh();
    this.nodeInto(name, opType, { input, attributes });
    return name;
  }

  /** Adds a node whose output has a given name. */
  nodeInto(
    output: string,
    opType: string,
    { input, attributes = {} }: { input: readonly string[]; attributes?: WrittenAttributes },
  ): void {
    const attribute = Object.entries(attributes).map(([name, value]) => attributeOf(name, value));
    this.nodes.push({ opType, input, output: [output], name: `${opType}.${this.nodes.length}`, attribute });
  }

  constant(value: TensorValue, name: string = this.#fresh()): string {
    this.constants.push(writeTensor(name, value));
    return name;
  }

  /** A list of int64, each distinct one once. */
  integers(values: Shape): string {
    const key = String(values);
    const known = this.#integers.get(key) ?? this.#fresh();
    if (!this.#integers.has(key)) this.constants.push(writeIntegers(known, values));
    this.#integers.set(key, known);
    return known;
  }

  #fresh(): string {
    return `${this.#prefix}${this.#named++}`;
  }
}

function attributeOf(name: string, value: number | readonly number[] | string): MessageToWrite<"Attribute"> {
  if (typeof value === "number") return { name, type: ATTRIBUTE_TYPES.INT, i: value };
  if (typeof value === "string") return { name, type: ATTRIBUTE_TYPES.STRING, s: new TextEncoder().encode(value) };
  return { name, type: ATTRIBUTE_TYPES.INTS, ints: value };
}
