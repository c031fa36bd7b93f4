// Writes a graph, checking every value as it is made. Equal inputs, constants and operators are one value, and what no
// output needs is left out (spec/tensor.md §5.3), so the same calls always give the same graph.
import { constantType, validateConstant } from "./constants.ts";
import type { Emitter, Producer, Value } from "./Emitter.ts";
import { checkFields } from "./fields.ts";
import {
  type Constant,
  describeType,
  GRAPH_LIMITS,
  type Graph,
  type Input,
  type Node,
  type NumericsId,
  type Op,
  type OperatorAttributes,
  type Output,
  sameType,
} from "./Graph.ts";
import { placeOf } from "./inferTypes.ts";
import { inferOperator, OPERATORS } from "./operators.ts";
import { refuse } from "./refuse.ts";
import { validateGraph } from "./validateGraph.ts";

type Origin =
  | { readonly kind: "input"; readonly input: Input }
  | { readonly kind: "constant"; readonly constant: Constant }
  | { readonly kind: "node"; readonly producer: Producer };

/** Keys in a fixed order, so that equal attributes give equal text. */
function keyOf(value: object): string {
  return JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export class GraphBuilder implements Emitter {
  readonly #numericsId: NumericsId;
  readonly #values: Value[] = [];
  readonly #origins: Origin[] = [];
  readonly #inputs = new Map<string, Value>();
  readonly #known = new Map<string, Value>();
  readonly #outputs = new Map<string, Value>();
  readonly #stopped = new Set<number>();

  constructor(numericsId: NumericsId = "fp32-seq-unfused") {
    this.#numericsId = numericsId;
  }

  /** All values in order of creation; `id` is the index. */
  get values(): readonly Value[] {
    return this.#values;
  }

  /** Declares an input, or finds the one of that name. Throws TensorError `bad-graph` when the two differ. */
  input(input: Input): Value {
    const known = this.#inputs.get(input.name);
    if (known === undefined) {
      const { name, role, dtype, shape } = input;
      const value = this.#keep({ kind: "input", input: { name, role, dtype, shape } }, { dtype, shape });
      this.#inputs.set(name, value);
      return value;
    }
    const origin = this.#origins[known.id] as { readonly input: Input };
    if (!sameType(known, input) || origin.input.role !== input.role)
      refuse(`input ${input.name}`, `it is already a ${origin.input.role} ${describeType(known)}`, "use another name");
    return known;
  }

  constant(constant: Constant): Value {
    const key = keyOf(constant);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    validateConstant("new constant", constant);
    const value = this.#keep({ kind: "constant", constant }, constantType(constant));
    this.#known.set(key, value);
    return value;
  }

  emit<K extends Op>(op: K, operands: readonly Value[], attributes: OperatorAttributes[K]): Value {
    const place = placeOf(this.#values.length, op).replace("node", "new value");
    for (const operand of operands) this.#check(place, operand);
    const key = `${op} ${operands.map(({ id }) => id)} ${keyOf(attributes)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    checkFields(place, attributes, OPERATORS[op].attributes);
    const type = inferOperator(place, operands, { op, attributes });
    const producer = { op, operands, attributes } as unknown as Producer;
    const value = this.#keep({ kind: "node", producer }, type);
    this.#known.set(key, value);
    return value;
  }

  producer(value: Value): Producer | undefined {
    this.#check("producer", value);
    const origin = this.#origins[value.id]!;
    return origin.kind === "node" ? origin.producer : undefined;
  }

  stopGradient(value: Value): Value {
    this.#check("stopGradient", value);
    this.#stopped.add(value.id);
    return value;
  }

  isStopped(value: Value): boolean {
    return this.#stopped.has(value.id);
  }

  /** Names an output. Throws TensorError `bad-graph` when the name is taken. */
  output(name: string, value: Value): void {
    this.#check(`output ${name}`, value);
    if (this.#outputs.has(name)) refuse(`output ${name}`, "it is there already", "give every output a name of its own");
    this.#outputs.set(name, value);
  }

  /** The graph of everything the outputs need, numbered and checked. Throws TensorError `bad-graph`. */
  finish(): Graph {
    const needed = this.#needed();
    const numbers = new Map<number, number>();
    for (const kind of ["input", "constant", "node"] as const)
      this.#origins.forEach((origin, id) => {
        if (origin.kind === kind && (kind === "input" || needed.has(id))) numbers.set(id, numbers.size);
      });
    const number = (value: Value) => numbers.get(value.id)!;
    const kept = this.#origins.filter((_, id) => numbers.has(id));
    return validateGraph({
      version: 1,
      numericsId: this.#numericsId,
      inputs: kept.flatMap((origin) => (origin.kind === "input" ? [origin.input] : [])),
      constants: kept.flatMap((origin) => (origin.kind === "constant" ? [origin.constant] : [])),
      nodes: kept.flatMap((origin) => (origin.kind === "node" ? [nodeOf(origin.producer, number)] : [])),
      outputs: Array.from(this.#outputs, ([name, value]): Output => ({ name, value: number(value) })),
    });
  }

  /** Ids that the outputs depend on. */
  #needed(): Set<number> {
    const needed = new Set(Array.from(this.#outputs.values(), ({ id }) => id));
    for (let id = this.#values.length - 1; id >= 0; id--) {
      const origin = this.#origins[id]!;
      if (needed.has(id) && origin.kind === "node")
        for (const operand of origin.producer.operands) needed.add(operand.id);
    }
    return needed;
  }

  #keep(origin: Origin, { dtype, shape }: Omit<Value, "id">): Value {
    if (this.#values.length >= GRAPH_LIMITS.written)
      refuse("graph", `it has more than ${GRAPH_LIMITS.written} values`, "use fewer layers, micro-batches or windows");
    const value: Value = { id: this.#values.length, dtype, shape };
    this.#values.push(value);
    this.#origins.push(origin);
    return value;
  }

  #check(place: string, value: Value): void {
    if (this.#values[value.id] !== value)
      refuse(place, "a value of another builder", "use values that this builder made");
  }
}

function nodeOf({ op, operands, attributes }: Producer, number: (value: Value) => number): Node {
  return { op, in: operands.map(number), ...attributes } as Node;
}
