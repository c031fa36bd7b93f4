// The commitment to every value of one step (spec/tensor.md §6, tag 06), openings of single leaves under it, and their
// check. Pure; a judge needs the graph and what is opened, nothing else.

import type { Graph, ValueType } from "../graph/Graph.ts";
import { firstNodeValue, inferTypes } from "../graph/inferTypes.ts";
import { LEAF_BYTES } from "../HashLayout.ts";
import { hashLeaf, verifyMerklePath } from "../Merkle.ts";
import { sha256, uint64Bytes } from "../sha256.ts";
import type { NodeScope } from "./recomputeWord.ts";
import { leafCount, tensorRootFrom } from "./TensorLayout.ts";

const OPERATORS_TAG = Uint8Array.of(6);

export type OperatorsCommitment = {
  readonly step: number;
  readonly graphHash: Uint8Array;
  /** Inputs, constants and nodes of the graph. */
  readonly values: number;
  /** Merkle root over the leaves 00 ‖ tensor root of value v. */
  readonly valuesRoot: Uint8Array;
};

/** SHA-256(06 ‖ step u64 ‖ graphHash ‖ values u64 ‖ Merkle root of the values). */
export function operatorsRoot({ step, graphHash, values, valuesRoot }: OperatorsCommitment): Uint8Array {
  return sha256(OPERATORS_TAG, uint64Bytes(step), graphHash, uint64Bytes(values), valuesRoot);
}

/** A graph with the types of its values. */
export type TypedGraph = { readonly graph: Graph; readonly types: readonly ValueType[] };

export function typedGraph(graph: Graph): TypedGraph {
  return { graph, types: inferTypes(graph) };
}

/** The operator behind a value with the types around it; undefined for inputs and constants. */
export function scopeOf({ graph, types }: TypedGraph, value: number): NodeScope | undefined {
  const node = graph.nodes[value - firstNodeValue(graph)];
  if (node === undefined) return undefined;
  return { node, type: types[value]!, operands: node.in.map((operand) => types[operand]!) };
}

/** A tensor root under the commitment. */
export type ValueOpening = {
  readonly value: number;
  readonly tensorRoot: Uint8Array;
  readonly valuePath: readonly Uint8Array[];
};

/** One leaf of a value, up to the commitment. */
export type LeafOpening = {
  readonly value: number;
  readonly leaf: number;
  /** 128 bytes. */
  readonly bytes: Uint8Array;
  readonly leafPath: readonly Uint8Array[];
  /** Merkle root of the value's leaves. */
  readonly leavesRoot: Uint8Array;
  readonly valuePath: readonly Uint8Array[];
};

/** True when a value has that tensor root under the commitment. */
export function verifyValue(commitment: OperatorsCommitment, { value, tensorRoot, valuePath }: ValueOpening): boolean {
  const { valuesRoot, values } = commitment;
  return tensorRoot.length === 32 && verifyMerklePath(valuesRoot, values, value, hashLeaf(tensorRoot), valuePath);
}

/** True when the leaf has these bytes under the commitment. Never throws for data that does not fit. */
export function verifyLeaf({ types }: TypedGraph, commitment: OperatorsCommitment, opening: LeafOpening): boolean {
  const { value, leaf, bytes, leafPath, leavesRoot, valuePath } = opening;
  const type = types[value];
  if (type === undefined || commitment.values !== types.length || bytes.length !== LEAF_BYTES) return false;
  if (leavesRoot.length !== 32) return false;
  if (!verifyMerklePath(leavesRoot, leafCount(type), leaf, hashLeaf(bytes), leafPath)) return false;
  return verifyValue(commitment, { value, tensorRoot: tensorRootFrom(type, leavesRoot), valuePath });
}
