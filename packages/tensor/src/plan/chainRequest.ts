// Whether an operator can be part of a chain, over which rows and columns, and how its operands are read there.
import { elementCount, type Node, type ValueType } from "../graph/Graph.ts";
import type { ChainOp, ChainOperand, OpenChain } from "./Schedule.ts";
import { broadcast, isEveryRow, rowAccess, type View } from "./View.ts";

/** Terms of a row's place that kernels compute. */
const MOST_TERMS = 5;
/** Longest row that is folded inside a chain: longer ones would leave the caches between its operators. */
export const LONGEST_ROW = 8192;

/** An operator that could run in a chain of `rows` x `columns`. */
export type ChainRequest = {
  readonly value: number;
  readonly op: ChainOp;
  readonly rows: number;
  readonly columns: number;
  /** With the shape that is computed over: broadcast, or the shape that is folded. */
  readonly operands: readonly View[];
};

const ELEMENTWISE = new Set<string>([
  ...["add", "sub", "mul", "div", "max", "min", "gt", "select", "neg", "abs", "sqrt", "exp", "log", "tanh", "toFloat"],
]);

type Given = { readonly value: number; readonly types: readonly ValueType[]; readonly operands: readonly View[] };

/** Undefined for operators that run alone. */
export function chainRequest(node: Node, { value, types, operands }: Given): ChainRequest | undefined {
  const { shape } = types[value]!;
  const { op } = node;
  if (node.op === "reduceSum" || node.op === "reduceMax") {
    const view = operands[0]!;
    const columns = view.shape[node.axis]!;
    if (view.shape.slice(node.axis + 1).some((size) => size > 1) || columns > LONGEST_ROW || columns === 1)
      return undefined;
    return { value, op: node.op, rows: elementCount(view.shape) / columns, columns, operands };
  }
  const swaps = op === "swapPairs" && types[value]!.dtype === "f32";
  if (!swaps && !ELEMENTWISE.has(op)) return undefined;
  // A last axis of one entry means nothing: kernels would walk along the one before it.
  const columns = shape.findLast((size) => size > 1) ?? 1;
  return {
    value,
    op: op as ChainOp,
    rows: elementCount(shape) / columns,
    columns,
    operands: operands.map((view) => broadcast(view, shape)),
  };
}

type Reader = {
  readonly chain: OpenChain;
  /** The reader computes one element per row. */
  readonly perRow: boolean;
  /** If the view's root is a one-hot that is not stored. */
  readonly oneHot: WaitingOneHot | undefined;
};

/** A one-hot that chains may make on the way: its rows have `size` entries. */
export type WaitingOneHot = { readonly index: View; readonly size: number };

/** How a chain reads a view: its own member in place, or a stored value. Undefined when it cannot. */
export function chainOperand(view: View, { chain, perRow, oneHot }: Reader): ChainOperand | undefined {
  const { rows } = chain;
  const columns = perRow ? 1 : chain.columns;
  const access = rowAccess(view, rows, columns);
  if (access === undefined) return undefined;
  const member = chain.members.get(view.root);
  if (oneHot !== undefined && oneHot.size !== columns) return undefined;
  if (member !== undefined || oneHot !== undefined) {
    const memberPerRow = member?.perRow ?? false;
    const own = memberPerRow ? 1 : chain.columns;
    const walks = columns === 1 || chain.columns === 1 || access.along === (memberPerRow ? 0 : 1);
    const same = access.offset === 0 && walks && isEveryRow(access.terms, rows, own) && (!perRow || memberPerRow);
    if (!same) return undefined;
    if (member !== undefined) return { kind: "member", value: view.root };
    return { kind: "oneHot", node: view.root, index: oneHot!.index };
  }
  if (access.terms.length > MOST_TERMS) return undefined;
  return { kind: "stored", root: view.root, perRow: perRow || access.along === 0, access };
}
