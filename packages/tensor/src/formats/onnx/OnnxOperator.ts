// What an imported operator is handed and gives, and how its attributes are read. An attribute that an operator never
// looks at is refused by name: it might change what the operator means.
import type { Emitter, Value } from "../../graph/Emitter.ts";
import { constantOf, fold, type Host, type Imported, type Known, live, needKnown, plain } from "./Imported.ts";
import type { Message } from "./messages.ts";
import { readTensor } from "./onnxTensor.ts";
import { refuseOnnx, unsupportedOnnx } from "./refuseOnnx.ts";

export type OnnxNode = Message<"Node">;

export type Scope = Host & {
  /** Version of ONNX's own operator set. */
  readonly opset: number;
  readonly attributes: Attributes;
  /** Outputs that the node names, and how many of them, from the first on, something reads. */
  readonly outputs: number;
  readonly reads: number;
  /** For constants that the node makes. */
  readonly name: string;
};

export type OnnxOperator = {
  /** Least and most inputs, optional ones counted. */
  readonly inputs: readonly [number, number];
  /** How many leading inputs are data; the others say what to do with it. Default all. */
  readonly data?: number;
  /** What it does to known integers, element by element, when all its data are such. */
  readonly integers?: (...elements: number[]) => number;
  /** Computed at once when all its data is known and the work is small. Default true. */
  readonly folds?: boolean;
  /** One value per output. Optional inputs that are left out are undefined. */
  build(scope: Scope, inputs: readonly (Imported | undefined)[]): Imported[];
};

type Attribute = Message<"Attribute">;

/** Attributes of one node. Every reader marks the attribute as understood. */
export class Attributes {
  readonly #byName: ReadonlyMap<string, Attribute>;
  readonly #read = new Set<string>();

  constructor(attributes: readonly Attribute[]) {
    this.#byName = new Map(attributes.map((attribute) => [attribute.name ?? "", attribute]));
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  integer(name: string, otherwise: number): number {
    return this.#take(name)?.i ?? otherwise;
  }

  real(name: string, otherwise: number): number {
    return this.#take(name)?.f ?? otherwise;
  }

  text(name: string, otherwise: string): string {
    const bytes = this.#take(name)?.s;
    return bytes === undefined ? otherwise : new TextDecoder().decode(bytes.subarray(0, 100));
  }

  /** undefined when the attribute is not there. */
  integers(name: string): readonly number[] | undefined {
    return this.#take(name)?.ints;
  }

  reals(name: string): readonly number[] | undefined {
    return this.#take(name)?.floats;
  }

  tensor(name: string): Known | undefined {
    const attribute = this.#take(name);
    return attribute === undefined ? undefined : readTensor(attribute.t, `attribute ${name}`);
  }

  /** Throws TensorError `unsupported-onnx` naming an attribute that nothing looked at. */
  finish(): void {
    for (const name of this.#byName.keys())
      if (!this.#read.has(name)) unsupportedOnnx(`attribute ${name} is not supported`, "leave it out of the model");
  }

  #take(name: string): Attribute | undefined {
    this.#read.add(name);
    return this.#byName.get(name);
  }
}

/** An input that must be there. */
export function needInput(value: Imported | undefined, what: string): Imported {
  return value ?? refuseOnnx(`${what} is missing`, "give the operator all its inputs");
}

/** An input to compute with: our operators do arithmetic on fp32 alone. */
export function needReal(value: Imported | undefined, what: string): Imported {
  const given = needInput(value, what);
  const dtype = given.kind === "known" ? given.dtype : given.value.dtype;
  if (dtype !== "f32")
    unsupportedOnnx(`${what} is of integers`, "compute with float; integers may only be moved about");
  return given;
}

/** An input as a value of the graph, in ONNX's order of axes; rank 0 is [1]. */
export function graphValue(scope: Scope, input: Imported | undefined, what = "an input"): Value {
  const given = needInput(input, what);
  return given.kind === "live" ? plain(scope.g, given) : constantOf(scope, given, scope.name);
}

/** An input moved about: at once when it is known, else in the graph. `move` may only move. */
export function moved(scope: Scope, input: Imported, move: (g: Emitter, value: Value) => Value): Value {
  const known =
    input.kind === "known" ? fold(scope, [input], ({ g }, [x]) => [live(move(g, x!.value))])?.[0] : undefined;
  return known === undefined ? move(scope.g, graphValue(scope, input)) : graphValue(scope, known);
}

/** An axis counted from the front; negative ones count from the end. `rank` itself is allowed where `last` says so. */
export function axisOf(axis: number, rank: number, last = rank - 1): number {
  const found = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(found) || found < 0 || found > last)
    refuseOnnx(`axis ${axis} of a value of rank ${rank}`, `use an axis from ${-rank} to ${last}`);
  return found;
}

/** Axes given as an input by newer operator sets, as an attribute by older ones. */
export function axesOf(scope: Scope, input: Imported | undefined, name = "axes"): readonly number[] | undefined {
  return input === undefined ? scope.attributes.integers(name) : needKnown(input, name);
}
