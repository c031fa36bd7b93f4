// A graph as plain data (spec/tensor.md §5): what a program computes, in operators and constants only. Types and limits.
// Checking is validateGraph.ts, text and hash encodeGraph.ts, shapes of nodes inferTypes.ts.

export type Dtype = "f32" | "i32" | "i8";
/** 1 to 6 dimensions, row-major. */
export type Shape = readonly number[];
export type ValueType = { readonly dtype: Dtype; readonly shape: Shape };

export const NUMERICS_IDS = ["fp32-seq-unfused", "int8-int32"] as const;
export type NumericsId = (typeof NUMERICS_IDS)[number];

/** `state` lives from step to step, `batch` comes from the data, `scalar` (f32 [1]) from the step number. */
export type Role = "state" | "batch" | "scalar";
export type Input = ValueType & { readonly name: string; readonly role: Role };

type Pair = readonly [number, number];
type Quad = readonly [number, number, number, number];

/** Attributes per kind of constant; a `word` is 32 bits of an fp32 as an unsigned integer. */
export type ConstantAttributes = {
  scalar: { readonly word: number };
  fill: { readonly shape: Shape; readonly word: number };
  causal: { readonly size: number };
  rope: {
    readonly positions: number;
    readonly dim: number;
    readonly theta: number;
    readonly part: "cos" | "sin";
  };
  window: {
    readonly batch: number;
    readonly height: number;
    readonly width: number;
    readonly kernel: Pair;
    readonly stride: Pair;
    /** top, left, bottom, right. */
    readonly pads: Quad;
    readonly dilation: Pair;
  };
  iota: { readonly size: number };
  data: { readonly name: string; readonly dtype: Dtype; readonly shape: Shape; readonly sha256: string };
};
export type ConstantKind = keyof ConstantAttributes;
export type ConstantOf<K extends ConstantKind> = { readonly kind: K } & ConstantAttributes[K];
export type Constant = { [K in ConstantKind]: ConstantOf<K> }[ConstantKind];

type None = Readonly<Record<never, never>>;
type Axis = { readonly axis: number };

/** Every operator with its attributes. What each does is in `operators/`, one definition per line here. */
export type OperatorAttributes = {
  matmul: None;
  matmulInt8: None;
  toFloat: None;
  toInt8: None;
  add: None;
  sub: None;
  mul: None;
  div: None;
  max: None;
  min: None;
  gt: None;
  select: None;
  neg: None;
  abs: None;
  sqrt: None;
  exp: None;
  log: None;
  tanh: None;
  reduceSum: Axis;
  reduceMax: Axis;
  reshape: { readonly shape: Shape };
  expand: { readonly shape: Shape };
  transpose: { readonly axes: readonly number[] };
  slice: Axis & { readonly start: number; readonly length: number };
  concat: Axis;
  swapPairs: None;
  gather: { readonly fill: number };
  oneHot: { readonly size: number };
  scatterAdd: { readonly rows: number };
};
export type Op = keyof OperatorAttributes;
/** `in` holds value numbers, all smaller than the node's own. */
export type NodeOf<K extends Op> = { readonly op: K; readonly in: readonly number[] } & OperatorAttributes[K];
export type Node = { [K in Op]: NodeOf<K> }[Op];

export type Output = { readonly name: string; readonly value: number };

/** Values are numbered: inputs, then constants, then nodes. */
export type Graph = {
  readonly version: 1;
  readonly numericsId: NumericsId;
  readonly inputs: readonly Input[];
  readonly constants: readonly Constant[];
  readonly nodes: readonly Node[];
  readonly outputs: readonly Output[];
};

/** What any implementation accepts at least and ours at most. */
export const GRAPH_LIMITS = {
  nodes: 65_536,
  /** Values of a graph while it is written, before what no output needs is dropped: bounds the work of an expansion. */
  written: 131_072,
  inputs: 4_096,
  constants: 4_096,
  outputs: 8_192,
  textCharacters: 4 * 2 ** 20,
  rank: 6,
  dimension: 2 ** 24,
  elements: 2 ** 28,
  operands: 64,
  nameCharacters: 255,
} as const;

/** Bytes of one element. */
export const DTYPE_BYTES: Record<Dtype, number> = { f32: 4, i32: 4, i8: 1 };

export function elementCount(shape: Shape): number {
  return shape.reduce((count, size) => count * size, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

export function sameType(a: ValueType, b: ValueType): boolean {
  return a.dtype === b.dtype && sameShape(a.shape, b.shape);
}

/** `f32 [4,3]`, for messages. */
export function describeType({ dtype, shape }: ValueType): string {
  return `${dtype} [${shape.join(",")}]`;
}
