// The operators' numbers and attributes in records (spec/court-operators.md §1), whose numbers
// contracts/src/court/OperatorCodes.sol repeats. A new operator gets the next number; none is ever given to another.
import type { NodeOf, Op } from "../graph/Graph.ts";

type OperatorRecord<K extends Op> = {
  readonly code: number;
  /** What the types around the operator do not say, as 32-bit words. */
  readonly attributes: (node: NodeOf<K>) => readonly number[];
};

const plain = (code: number) => ({ code, attributes: () => [] });
const axis = (node: { readonly axis: number }) => [node.axis];

export const OPERATOR_RECORDS: { readonly [K in Op]: OperatorRecord<K> } = {
  matmul: plain(0),
  matmulInt8: plain(1),
  toFloat: plain(2),
  toInt8: plain(3),
  add: plain(4),
  sub: plain(5),
  mul: plain(6),
  div: plain(7),
  max: plain(8),
  min: plain(9),
  gt: plain(10),
  select: plain(11),
  neg: plain(12),
  abs: plain(13),
  sqrt: plain(14),
  exp: plain(15),
  log: plain(16),
  tanh: plain(17),
  reduceSum: { code: 18, attributes: axis },
  reduceMax: { code: 19, attributes: axis },
  reshape: plain(20),
  expand: plain(21),
  transpose: { code: 22, attributes: ({ axes }) => axes },
  slice: { code: 23, attributes: ({ axis, start }) => [axis, start] },
  concat: { code: 24, attributes: axis },
  swapPairs: plain(25),
  gather: { code: 26, attributes: ({ fill }) => [fill >>> 0] },
  oneHot: plain(27),
  scatterAdd: plain(28),
};
