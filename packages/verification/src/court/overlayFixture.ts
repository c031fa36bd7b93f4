// For tests, benches and attack galleries: a history that is another one but for some leaves. Trees are hashed anew only on the
// way from a changed leaf to the root.
import type { HashTree } from "@weft/tensor/commit/HashTree";
import { rootOf, treeWidth } from "@weft/tensor/commit/HashTree";
import type { LeafTree, StepAfter, TreeName, TreeSource } from "@weft/tensor/commit/TreeSource";
import { stepRootFrom } from "@weft/tensor/HashLayout";
import { hashLeaf, hashNode } from "@weft/tensor/Merkle";

/** Other contents of leaves, by index. */
export type Leaves = ReadonlyMap<number, Uint8Array>;

/** The tree with other contents of some leaves. */
export function overlayTree(base: LeafTree, leaves: Leaves): LeafTree {
  const { leaves: count } = base.tree;
  const known = new Map<string, Uint8Array>();
  const isChanged = (height: number, index: number) =>
    [...leaves.keys()].some((leaf) => Math.floor(leaf / 2 ** height) === index);
  const node = (height: number, index: number): Uint8Array => {
    if (!isChanged(height, index)) return base.tree.node(height, index);
    const key = `${height}/${index}`;
    const hash = known.get(key) ?? made(height, index);
    known.set(key, hash);
    return hash;
  };
  const made = (height: number, index: number): Uint8Array => {
    if (height === 0) return hashLeaf(leaves.get(index)!);
    const left = node(height - 1, 2 * index);
    if (2 * index + 1 === treeWidth(count, height - 1)) return left;
    return hashNode(left, node(height - 1, 2 * index + 1));
  };
  const tree: HashTree = { leaves: count, node };
  return { tree, leaf: (index) => leaves.get(index) ?? base.leaf(index) };
}

export const keyOf = (name: TreeName): string => Object.values(name).join("/");

/** What is different about a history. */
export type Difference = {
  /** Loss and state after steps; their step roots follow. */
  readonly after?: ReadonlyMap<number, StepAfter>;
  /** Leaves of trees, by `keyOf` the tree's name. */
  readonly trees?: ReadonlyMap<string, Leaves>;
};

export type Run = { readonly programHash: Uint8Array; readonly firstStep: number };

export function overlay(base: TreeSource, { programHash, firstStep }: Run, { after, trees }: Difference): TreeSource {
  const roots = new Map(
    Array.from(after ?? [], ([step, one]) => [step - firstStep, stepRootFrom(programHash, step, one)] as const),
  );
  const all = new Map([...(trees ?? []), ["steps", roots] as const]);
  return {
    firstNan: () => base.firstNan(),
    after: async (step) => after?.get(step) ?? base.after(step),
    async tree(name) {
      const leaves = all.get(keyOf(name));
      const tree = await base.tree(name);
      return leaves === undefined || leaves.size === 0 ? tree : overlayTree(tree, leaves);
    },
  };
}

/** The root of a source's tree. */
export const sourceRoot = async (source: TreeSource, name: TreeName): Promise<Uint8Array> =>
  rootOf((await source.tree(name)).tree);
