// What a player asks about its own history. Whoever plays for a provider or an auditor answers from a replay of the segment, a
// bench from a synthetic one; a cheat's answers are its own.
import { type NodeAt, nodesBelow, pathIn } from "@weft/tensor/commit/HashTree";
import type { NanPlace, TreeName, TreeSource } from "@weft/tensor/commit/TreeSource";
import { bytesToHex, type Hex } from "viem";

export type { NodeAt } from "@weft/tensor/commit/HashTree";
export type { NanPlace, TreeName } from "@weft/tensor/commit/TreeSource";

export interface TraceOracle {
  /** Loss word and state root after a step of the segment. */
  after(step: number): Promise<{ loss: number; state: Hex }>;
  /** The nodes at `height` below a node, left to right. */
  nodes(tree: TreeName, at: NodeAt, height: number): Promise<Hex[]>;
  /** What `count` leaves hold from `first` on. */
  leaves(tree: TreeName, first: number, count: number): Promise<Hex[]>;
  /** Where the history holds its first NaN. */
  firstNan(): Promise<NanPlace | undefined>;
  /** Siblings of a leaf up to the root, none where the node is carried up. */
  path(tree: TreeName, leaf: number): Promise<Hex[]>;
}

/** An oracle over trees at hand. */
export function oracleOf(source: TreeSource): TraceOracle {
  return {
    async after(step) {
      const { lossWord, stateRoot } = await source.after(step);
      return { loss: lossWord, state: bytesToHex(stateRoot) };
    },
    async nodes(name, at, height) {
      const { tree } = await source.tree(name);
      return nodesBelow(tree, at, height).map((node) => bytesToHex(node));
    },
    async leaves(name, first, count) {
      const { leaf } = await source.tree(name);
      return Array.from({ length: count }, (_, i) => bytesToHex(leaf(first + i)));
    },
    firstNan: () => source.firstNan(),
    async path(name, leaf) {
      const { tree } = await source.tree(name);
      return pathIn(tree, { height: 0, index: leaf }).map((node) => bytesToHex(node));
    },
  };
}
