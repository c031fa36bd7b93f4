// What a record says of its value (spec/court-operators.md), read back as contracts/src/court/Records.sol reads it.

import { OPERATOR_RECORDS } from "@weft/tensor/commit/operatorRecords";
import type { NodeScope } from "@weft/tensor/commit/recomputeWord";
import type { Dtype, Node, Op, ValueType } from "@weft/tensor/graph/Graph";
import { bytesToHex, type Hex, hexToBytes } from "viem";
import { refuse } from "./refuse.ts";

const kinds = ["state", "batch", "scalar", "constant", "node"] as const;
const dtypes: readonly Dtype[] = ["f32", "i32", "i8"];
const mostRank = 6;
const mostOperands = 64;

/** A value that no operator computes. */
export type Given = {
  readonly kind: Exclude<(typeof kinds)[number], "node">;
  readonly type: ValueType;
  /** State: its place among the state inputs. Batch: 0 tokens, 1 targets. Scalar: 0 rate. */
  readonly source: number;
  /** Constants only. */
  readonly tensorRoot: Hex | undefined;
};
/** A value that an operator computes; `scope.node.in` are the operands' numbers. */
export type Computed = { readonly kind: "node"; readonly type: ValueType; readonly scope: NodeScope };

type Reader = { readonly view: DataView; at: number };

const invalid = (why: string): never => refuse("RecordInvalid", { why });

function number(reader: Reader, bytes: 1 | 4): number {
  const { view, at } = reader;
  if (at + bytes > view.byteLength) return invalid("too short");
  reader.at += bytes;
  return bytes === 1 ? view.getUint8(at) : view.getUint32(at);
}

const numbers = (reader: Reader, count: number): number[] => Array.from({ length: count }, () => number(reader, 4));

function typeAt(reader: Reader): ValueType {
  const dtype = dtypes[number(reader, 1)] ?? invalid("dtype");
  const rank = number(reader, 1);
  if (rank === 0 || rank > mostRank) return invalid("rank");
  return { dtype, shape: numbers(reader, rank) };
}

const operators = new Map(Object.entries(OPERATOR_RECORDS).map(([op, { code }]) => [code, op as Op]));

/** What the attributes and the types around an operator make of it. */
const NODES: { readonly [K in Op]?: (words: readonly number[], type: ValueType) => object } = {
  reduceSum: ([axis]) => ({ axis }),
  reduceMax: ([axis]) => ({ axis }),
  reshape: (_, { shape }) => ({ shape }),
  expand: (_, { shape }) => ({ shape }),
  transpose: (axes) => ({ axes }),
  slice: ([axis, start], { shape }) => ({ axis, start, length: shape[axis!] }),
  concat: ([axis]) => ({ axis }),
  gather: ([fill]) => ({ fill }),
  oneHot: (_, { shape }) => ({ size: shape.at(-1) }),
  scatterAdd: (_, { shape }) => ({ rows: shape[0] }),
};

function computed(reader: Reader): Computed {
  const op = operators.get(number(reader, 1)) ?? invalid("operator");
  const type = typeAt(reader);
  const count = number(reader, 1);
  if (count > mostRank) return invalid("attributes");
  const attributes = numbers(reader, count);
  const operands = number(reader, 1);
  if (operands === 0 || operands > mostOperands) return invalid("operands");
  const given = Array.from({ length: operands }, () => ({ value: number(reader, 4), type: typeAt(reader) }));
  const node = { op, in: given.map(({ value }) => value), ...NODES[op]?.(attributes, type) } as Node;
  return { kind: "node", type, scope: { node, type, operands: given.map((operand) => operand.type) } };
}

/** @throws WeftError `games.RecordInvalid` */
export function decodeRecord(record: Hex): Given | Computed {
  const bytes = hexToBytes(record);
  const reader: Reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), at: 0 };
  const kind = kinds[number(reader, 1)] ?? invalid("kind");
  const value = kind === "node" ? computed(reader) : givenAt(reader, kind);
  return reader.at === bytes.length ? value : invalid("too long");
}

function givenAt(reader: Reader, kind: Given["kind"]): Given {
  const type = typeAt(reader);
  if (kind !== "constant")
    return { kind, type, source: number(reader, kind === "state" ? 4 : 1), tensorRoot: undefined };
  const tensorRoot = bytesToHex(new Uint8Array(reader.view.buffer, reader.view.byteOffset + reader.at, 32));
  reader.at += 32;
  return { kind, type, source: 0, tensorRoot };
}
