// The constants of a graph (spec/tensor.md §5.2): made from a few integers, never shipped; `data` alone is bytes kept
// beside the program. One definition per kind: fields, type, elements.
import { sha256, toHex } from "../sha256.ts";
import { TensorError } from "../TensorError.ts";
import { checkFields, checkKeys, type FieldName, isShape, show } from "./fields.ts";
import {
  type Constant,
  type ConstantAttributes,
  type ConstantKind,
  type ConstantOf,
  DTYPE_BYTES,
  describeType,
  elementCount,
  type ValueType,
} from "./Graph.ts";
import { refuse } from "./refuse.ts";
import { fillRope, ropeType } from "./ropeTable.ts";
import { bitsView, createTensor, type TensorValue } from "./TensorValue.ts";
import { fillWindow, windowType } from "./windowTable.ts";

/** Bytes of a `data` constant by its SHA-256, `0x` hex. */
export type ConstantData = ReadonlyMap<string, Uint8Array>;

type ConstantDefinition<K extends ConstantKind> = {
  readonly fields: { readonly [A in keyof ConstantAttributes[K]]: FieldName };
  /** Type of the value. Throws TensorError `bad-graph` for fields that don't fit each other. */
  type(place: string, constant: ConstantOf<K>): ValueType;
  fill(constant: ConstantOf<K>, into: TensorValue, data: ConstantData): void;
};

const CONSTANTS: { readonly [K in ConstantKind]: ConstantDefinition<K> } = {
  scalar: {
    fields: { word: "word" },
    type: () => ({ dtype: "f32", shape: [1] }),
    fill: ({ word }, into) => bitsView(into).fill(word),
  },
  fill: {
    fields: { shape: "shape", word: "word" },
    type: (_, { shape }) => ({ dtype: "f32", shape }),
    fill: ({ word }, into) => bitsView(into).fill(word),
  },
  causal: {
    fields: { size: "natural" },
    type: (_, { size }) => ({ dtype: "f32", shape: [size, size] }),
    fill: ({ size }, { data }) => {
      for (let row = 0; row < size; row++) data.fill(Number.NEGATIVE_INFINITY, row * size + row + 1, (row + 1) * size);
    },
  },
  rope: {
    fields: { positions: "natural", dim: "natural", theta: "theta", part: "part" },
    type: ropeType,
    fill: fillRope,
  },
  window: {
    fields: {
      batch: "natural",
      height: "natural",
      width: "natural",
      kernel: "pair",
      stride: "pair",
      pads: "quad",
      dilation: "pair",
    },
    type: windowType,
    fill: fillWindow,
  },
  iota: {
    fields: { size: "natural" },
    type: (_, { size }) => ({ dtype: "i32", shape: [size] }),
    fill: ({ size }, { data }) => {
      for (let i = 0; i < size; i++) data[i] = i;
    },
  },
  data: {
    fields: { name: "name", dtype: "dtype", shape: "shape", sha256: "hash" },
    type: (_, { dtype, shape }) => ({ dtype, shape }),
    fill: fillData,
  },
};

/** Checks untrusted data and returns it as a constant. Throws TensorError `bad-graph`. */
export function validateConstant(place: string, value: unknown): Constant {
  const kind = typeof value === "object" && value !== null && "kind" in value ? value.kind : undefined;
  if (typeof kind !== "string" || !Object.hasOwn(CONSTANTS, kind))
    refuse(place, `kind is ${show(kind)}`, `use one of ${Object.keys(CONSTANTS).join(", ")}`);
  const { fields } = CONSTANTS[kind as ConstantKind];
  const record = checkKeys(`${place} ${kind}`, value, ["kind", ...Object.keys(fields)]);
  const { kind: _, ...rest } = record;
  checkFields(`${place} ${kind}`, rest, fields);
  const constant = value as Constant;
  const type = constantType(constant, place);
  if (!isShape(type.shape))
    refuse(`${place} ${kind}`, `it would be ${describeType(type)}`, "stay within the limits of a tensor");
  return constant;
}

/** dtype and shape of a checked constant. Throws TensorError `bad-graph`. */
export function constantType<K extends ConstantKind>(constant: ConstantOf<K>, place = "constant"): ValueType {
  const definition: ConstantDefinition<K> = CONSTANTS[constant.kind];
  return definition.type(`${place} ${constant.kind}`, constant);
}

/** The elements of a checked constant. Throws TensorError `bad-tensor` when bytes of `data` are missing or wrong. */
export function constantValue<K extends ConstantKind>(
  constant: ConstantOf<K>,
  data: ConstantData = new Map(),
): TensorValue {
  const into = createTensor(constantType(constant));
  const definition: ConstantDefinition<K> = CONSTANTS[constant.kind];
  definition.fill(constant, into, data);
  return into;
}

function fillData(constant: ConstantOf<"data">, into: TensorValue, data: ConstantData): void {
  const { name, sha256: wanted, dtype, shape } = constant;
  const bytes = data.get(wanted);
  const length = elementCount(shape) * DTYPE_BYTES[dtype];
  if (bytes === undefined)
    throw new TensorError("bad-tensor", `the bytes of constant ${name} are missing`, `pass the bytes of ${wanted}`);
  if (bytes.length !== length || toHex(sha256(bytes)) !== wanted)
    throw new TensorError(
      "bad-tensor",
      `constant ${name} has ${bytes.length} bytes, or other ones than its hash says`,
      `pass the ${length} bytes whose SHA-256 is ${wanted}`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const bits = bitsView(into);
  for (let i = 0; i < bits.length; i++) bits[i] = dtype === "i8" ? view.getUint8(i) : view.getUint32(4 * i, true);
}
