// What a player of a dispute must be able to show of its history: Merkle trees from the steps of a segment down to the partial
// sums of one element, and the trees under the court program, each with what its leaves hold.
import type { HashTree } from "./HashTree.ts";

/** Names a tree. Steps are those of the run, from 0; values, elements and the rest as in the step graph. */
export type TreeName =
  /** Step roots of the segment, first step first. */
  | { readonly of: "steps" }
  /** Tensor roots of all values of a step. */
  | { readonly of: "values"; readonly step: number }
  /** State entries after a step: name length ‖ name ‖ tensor root. */
  | { readonly of: "entries"; readonly step: number }
  /** The leaves of an entry of the state after a step, 128 bytes each. */
  | { readonly of: "entry"; readonly step: number; readonly entry: number }
  /** The leaves of a value, 128 bytes each. */
  | { readonly of: "leaves"; readonly step: number; readonly value: number }
  /** Acc words of an element that is a fold, 4 bytes little-endian each. */
  | { readonly of: "accs"; readonly step: number; readonly value: number; readonly element: number }
  /** Under the court program: records of values, schema of entries, rates, tokens. */
  | { readonly of: "records" | "schema" | "rates" | "tokens" };

/** A tree with what its leaves hold: the bytes that are hashed after the leaf tag. */
export type LeafTree = {
  readonly tree: HashTree;
  leaf(index: number): Uint8Array;
};

/** What is after a step: with program and step number, all of its step root. */
export type StepAfter = { readonly lossWord: number; readonly stateRoot: Uint8Array };

/** Where a history holds its first NaN: the run had ended there. No entry: in the loss. */
export type NanPlace = { readonly step: number; readonly entry?: number; readonly element?: number };

/** One side's history. Throws TensorError `bad-option` for what it does not have. */
export type TreeSource = {
  /** Of a step of the segment, and the state root before its first step under the number before that. */
  after(step: number): Promise<StepAfter>;
  tree(name: TreeName): Promise<LeafTree>;
  firstNan(): Promise<NanPlace | undefined>;
};
