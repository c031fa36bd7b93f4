// The messages of ONNX files that this package needs (onnx/onnx: onnx/onnx.proto3), field by field: number, kind, and
// whether it repeats. A field not named here is skipped, subgraphs among them, so that no message holds itself.
// Names are those of the file in camel case.

/** `int` is any integer of up to 64 bits as a number: exact up to 2^53, nearest beyond. */
export type ScalarKind = "int" | "float" | "string" | "bytes";

const one = <N extends number, K extends string>(number: N, kind: K) => ({ number, kind, many: false }) as const;
const many = <N extends number, K extends string>(number: N, kind: K) => ({ number, kind, many: true }) as const;

export const MESSAGES = {
  Model: {
    irVersion: one(1, "int"),
    producerName: one(2, "string"),
    graph: one(7, "Graph"),
    opsetImport: many(8, "OperatorSet"),
  },
  OperatorSet: { domain: one(1, "string"), version: one(2, "int") },
  Graph: {
    node: many(1, "Node"),
    name: one(2, "string"),
    initializer: many(5, "Tensor"),
    input: many(11, "ValueInfo"),
    output: many(12, "ValueInfo"),
  },
  Node: {
    input: many(1, "string"),
    output: many(2, "string"),
    name: one(3, "string"),
    opType: one(4, "string"),
    attribute: many(5, "Attribute"),
    domain: one(7, "string"),
  },
  Attribute: {
    name: one(1, "string"),
    f: one(2, "float"),
    i: one(3, "int"),
    s: one(4, "bytes"),
    t: one(5, "Tensor"),
    floats: many(7, "float"),
    ints: many(8, "int"),
    type: one(20, "int"),
  },
  Tensor: {
    dims: many(1, "int"),
    dataType: one(2, "int"),
    floatData: many(4, "float"),
    int32Data: many(5, "int"),
    int64Data: many(7, "int"),
    name: one(8, "string"),
    rawData: one(9, "bytes"),
    dataLocation: one(14, "int"),
  },
  ValueInfo: { name: one(1, "string"), type: one(2, "Type") },
  Type: { tensorType: one(1, "TensorType") },
  TensorType: { elemType: one(1, "int"), shape: one(2, "TensorShape") },
  TensorShape: { dim: many(1, "Dimension") },
  Dimension: { dimValue: one(1, "int"), dimParam: one(2, "string") },
} as const;

export type MessageName = keyof typeof MESSAGES;

type ScalarOf = { int: number; float: number; string: string; bytes: Uint8Array };
type KindOf<K> = K extends ScalarKind ? ScalarOf[K] : K extends MessageName ? Message<K> : never;
type FieldOf<F> = F extends { kind: infer K; many: true }
  ? readonly KindOf<K>[]
  : F extends { kind: infer K }
    ? KindOf<K> | undefined
    : never;

/** A decoded message: lists are always there, other fields only when the file had them. */
export type Message<M extends MessageName> = {
  readonly [F in keyof (typeof MESSAGES)[M]]: FieldOf<(typeof MESSAGES)[M][F]>;
};

type Partly<T> = T extends Uint8Array
  ? T
  : T extends readonly (infer E)[]
    ? readonly Partly<E>[]
    : T extends object
      ? { readonly [F in keyof T]?: Partly<T[F]> }
      : T;
/** A message to be written: what is left out is not in the file. */
export type MessageToWrite<M extends MessageName> = Partly<Message<M>>;

/** Numbers of TensorProto.DataType. */
export const DATA_TYPES = {
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  INT32: 6,
  INT64: 7,
  BOOL: 9,
} as const;

/** Numbers of AttributeProto.AttributeType. */
export const ATTRIBUTE_TYPES = { FLOAT: 1, INT: 2, STRING: 3, TENSOR: 4, FLOATS: 6, INTS: 7 } as const;
