// What a worker has answered about a history and may be asked again: the court program, the step roots with what is after each
// step, and the roots of the values and entries of the step that the game is about. A game whose worker ended goes on with them,
// down to the value in dispute, without a replay. In memory: a node that was killed replays once more.

import { nodesBelow, pathIn } from "@weft/tensor/commit/HashTree";
import { listTree } from "@weft/tensor/commit/listTrees";
import type { LeafTree, TreeName } from "@weft/tensor/commit/TreeSource";
import type { CourtStruct } from "@weft/verification/court/Move";
import type { TraceOracle } from "@weft/verification/court/TraceOracle";
import { bytesToHex, type Hex, hexToBytes } from "viem";

type After = Awaited<ReturnType<TraceOracle["after"]>>;

/** Leaves of a list that is kept; longer ones are asked for each time. */
const mostLeaves = 4096;
/** Lists of one history: a game has one step, its values, and the entries before and after it. */
const mostLists = 6;
/** Leaves of one answer (disputeMessages.ts). */
const mostAtOnce = 1024;

export interface Recall {
  program: CourtStruct | undefined;
  /** Step of the run that the segment begins with. */
  firstStep: number | undefined;
  /** By tree, the oldest first. */
  readonly lists: Map<string, LeafTree>;
  /** Of each step of the segment. */
  after: readonly After[] | undefined;
}

export const emptyRecall = (): Recall => ({
  ...{ program: undefined, firstStep: undefined, lists: new Map(), after: undefined },
});

const nameOf = (tree: TreeName): string => Object.values(tree).join("/");

/** Replaces what was known of a list. */
export function learn({ lists }: Recall, tree: TreeName, leaves: readonly Hex[]): LeafTree | undefined {
  if (leaves.length === 0 || leaves.length > mostLeaves) return undefined;
  const made = listTree(leaves.map((leaf) => hexToBytes(leaf)));
  lists.set(nameOf(tree), made);
  const [oldest] = [...lists.keys()].filter((name) => name !== "steps");
  if (lists.size > mostLists && oldest !== undefined) lists.delete(oldest);
  return made;
}

function stepsOf({ program, firstStep }: Recall): number | undefined {
  if (program === undefined || firstStep === undefined) return undefined;
  return Math.min(Number(program.stepsPerSegment), Number(program.totalSteps) - firstStep);
}

/** Leaves of a list that is worth keeping; undefined for another tree. */
function countOf(recall: Recall, tree: TreeName): number | undefined {
  const { program, firstStep } = recall;
  if (program === undefined || firstStep === undefined) return undefined;
  let count: number | undefined;
  if (tree.of === "steps") count = stepsOf(recall);
  else if (tree.of === "values") count = Number(program.values);
  else if (tree.of === "entries") count = Number(tree.step < firstStep ? program.inputs : program.entries);
  return count !== undefined && count > 0 && count <= mostLeaves ? count : undefined;
}

/** Answers from what is known, and asks the history itself for the rest; `source` opens it. */
export function recallingOracle(recall: Recall, source: () => Promise<TraceOracle>): TraceOracle {
  const list = (tree: TreeName) => listIn(recall, tree, source);
  return {
    after: (step) => afterIn(recall, step, source),
    firstNan: async () => (await source()).firstNan(),
    async nodes(tree, at, height) {
      const known = await list(tree);
      if (known === undefined) return (await source()).nodes(tree, at, height);
      return nodesBelow(known.tree, at, height).map((node) => bytesToHex(node));
    },
    async leaves(tree, first, count) {
      const known = await list(tree);
      if (known === undefined) return (await source()).leaves(tree, first, count);
      return Array.from({ length: count }, (_, i) => bytesToHex(known.leaf(first + i)));
    },
    async path(tree, leaf) {
      const known = await list(tree);
      if (known === undefined) return (await source()).path(tree, leaf);
      return pathIn(known.tree, { height: 0, index: leaf }).map((node) => bytesToHex(node));
    },
  };
}

async function listIn(
  recall: Recall,
  tree: TreeName,
  source: () => Promise<TraceOracle>,
): Promise<LeafTree | undefined> {
  const known = recall.lists.get(nameOf(tree));
  const count = countOf(recall, tree);
  if (known !== undefined || count === undefined) return known;
  const oracle = await source();
  const leaves: Hex[] = [];
  while (leaves.length < count)
    leaves.push(...(await oracle.leaves(tree, leaves.length, Math.min(mostAtOnce, count - leaves.length))));
  // The run that gave these gives what is after each step as well.
  if (tree.of === "steps") await allAfter(recall, oracle, count);
  return learn(recall, tree, leaves);
}

async function afterIn(recall: Recall, step: number, source: () => Promise<TraceOracle>): Promise<After> {
  const { firstStep } = recall;
  const count = countOf(recall, { of: "steps" });
  if (firstStep === undefined || count === undefined || step < firstStep || step >= firstStep + count)
    return (await source()).after(step);
  const all = recall.after ?? (await allAfter(recall, await source(), count));
  return all[step - firstStep] as After;
}

async function allAfter(recall: Recall, oracle: TraceOracle, count: number): Promise<readonly After[]> {
  const all: After[] = [];
  for (let i = 0; i < count; i++) all.push(await oracle.after((recall.firstStep ?? 0) + i));
  recall.after = all;
  return all;
}
