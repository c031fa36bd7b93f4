// A history of `count` leaves of which only the first few are known and the others are 32 zero bytes: what an auditor
// says instead of a commitment that claims more steps than there are. Same tree as HashLayout.historyRoot, in time and
// memory of the known leaves plus the depth, so that a claim of 2^24 steps costs a checker nothing.
import { hashLeaf, hashNode } from "./Merkle.ts";
import { TensorError } from "./TensorError.ts";

/** One level: explicit nodes, then `filler` up to the last place, which a carried-up node may make different. */
interface Level {
  width: number;
  known: Uint8Array[];
  filler: Uint8Array;
  last: Uint8Array;
}

const nodeAt = ({ width, known, filler, last }: Level, index: number): Uint8Array =>
  known[index] ?? (index === width - 1 ? last : filler);

function parentAt(level: Level, index: number): Uint8Array {
  const left = nodeAt(level, 2 * index);
  return 2 * index + 1 < level.width ? hashNode(left, nodeAt(level, 2 * index + 1)) : left;
}

function above(level: Level): Level {
  const width = Math.ceil(level.width / 2);
  return {
    width,
    known: Array.from({ length: Math.ceil(level.known.length / 2) }, (_, index) => parentAt(level, index)),
    filler: hashNode(level.filler, level.filler),
    last: parentAt(level, width - 1),
  };
}

/**
 * Root and the path of leaf `index`.
 * @param roots 32 bytes each, at most `count`
 * @throws TensorError `bad-proof-request` when `index` or `count` do not fit
 */
export function paddedHistory(
  roots: readonly Uint8Array[],
  { count, index }: { count: number; index: number },
): { root: Uint8Array; path: Uint8Array[] } {
  if (!Number.isInteger(index) || index < 0 || index >= count || roots.length > count)
    throw new TensorError("bad-proof-request", `leaf ${index} of ${count}`, "pass a leaf within the tree");
  const zero = hashLeaf(new Uint8Array(32));
  const path: Uint8Array[] = [];
  let level: Level = { width: count, known: roots.map((root) => hashLeaf(root)), filler: zero, last: zero };
  for (let at = index; level.width > 1; at = Math.floor(at / 2)) {
    const sibling = at % 2 === 0 ? at + 1 : at - 1;
    if (sibling < level.width) path.push(nodeAt(level, sibling));
    level = above(level);
  }
  return { root: nodeAt(level, 0), path };
}
