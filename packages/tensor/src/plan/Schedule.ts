// The order in which a graph is computed, as data: chains of elementwise operators that run as one command, single
// operators, and copies of views that no kernel reads in place. Chosen by fuse.ts; a pure function of the graph.
import type { Node, ValueType } from "../graph/Graph.ts";
import type { RowAccess, View } from "./View.ts";

/** Operators that a chain may hold. */
export type ChainOp =
  | ("add" | "sub" | "mul" | "div" | "max" | "min" | "gt" | "select")
  | ("neg" | "abs" | "sqrt" | "exp" | "log" | "tanh" | "toFloat" | "swapPairs" | "reduceSum" | "reduceMax");

/** What an operand of a chain's member is: another member, or elements read from a stored value. */
export type ChainOperand =
  | { readonly kind: "member"; readonly value: number }
  | { readonly kind: "stored"; readonly root: number; readonly perRow: boolean; readonly access: RowAccess }
  /** Rows of a one-hot that is made on the way, from its index. */
  | { readonly kind: "oneHot"; readonly node: number; readonly index: View };

export type ChainMember = {
  /** Number of the value. */
  readonly value: number;
  readonly op: ChainOp;
  /** One element per row, not a whole row. */
  readonly perRow: boolean;
  readonly operands: readonly ChainOperand[];
};

/** A chain that may still grow. Open chains read stored values only, so any two of one space may become one. */
export type OpenChain = {
  readonly rows: number;
  readonly columns: number;
  readonly members: Map<number, ChainMember>;
};

export type ChainStep = {
  readonly kind: "chain";
  readonly rows: number;
  readonly columns: number;
  /** In order; each reads earlier ones and stored values. */
  readonly members: readonly ChainMember[];
  /** Members that others than this chain read. */
  readonly stored: readonly number[];
};

export type NodeStep = {
  readonly kind: "node";
  readonly value: number;
  readonly node: Node;
  readonly operands: readonly View[];
};

/** The elements of a view, in order, as a value of their own. */
export type CopyStep = { readonly kind: "copy"; readonly value: number; readonly from: View };

export type Step = ChainStep | NodeStep | CopyStep;

export type Schedule = {
  readonly steps: readonly Step[];
  /** Types of the graph's values and, after them, of copies made on the way. */
  readonly types: readonly ValueType[];
  /** Where the elements of each value of the graph are; undefined for values that nothing needs. */
  readonly views: readonly (View | undefined)[];
};

/** `whole` keeps every value by itself, in number order: for traces. */
export type Fusion = "chains" | "whole";
