// Who reads what, with moves that only change the view looked through: the operators that read elements of a value.
import type { Graph, Node } from "../graph/Graph.ts";
import { firstNodeValue } from "../graph/inferTypes.ts";

const LOOKED_THROUGH = new Set<string>(["reshape", "transpose", "expand", "slice"]);
/** Wrong indices end the job, so these run even when nobody reads the result. */
const CHECKING = new Set<string>(["gather", "oneHot", "scatterAdd"]);

/** True for moves that views can stand for. */
export function isViewOp({ op }: Node): boolean {
  return LOOKED_THROUGH.has(op);
}

export type Uses = {
  /** Per value: the value whose elements it shows; itself unless it is a view. */
  readonly source: readonly number[];
  /** Per value: something needs it. */
  readonly needed: readonly boolean[];
  /** Per value that is no view: operators that read its elements, once for each. */
  readonly readers: readonly (readonly number[])[];
  /** Per value that is no view: an output reads its elements. */
  readonly isOutput: readonly boolean[];
};

/** Value numbers everywhere. */
export function usesOf(graph: Graph): Uses {
  const first = firstNodeValue(graph);
  const count = first + graph.nodes.length;
  const needed = new Array<boolean>(count).fill(false);
  const isOutput = new Array<boolean>(count).fill(false);
  const readers = Array.from({ length: count }, (): number[] => []);
  const source = Array.from({ length: count }, (_, value) => value);
  graph.nodes.forEach((node, i) => {
    if (isViewOp(node)) source[first + i] = source[node.in[0]!]!;
  });
  for (const { value } of graph.outputs) {
    needed[value] = true;
    isOutput[source[value]!] = true;
  }
  for (let value = count - 1; value >= first; value--) {
    const node = graph.nodes[value - first]!;
    if (CHECKING.has(node.op)) needed[value] = true;
    if (needed[value]) for (const operand of node.in) needed[operand] = true;
  }
  graph.nodes.forEach((node, i) => {
    if (!needed[first + i] || isViewOp(node)) return;
    for (const root of new Set(node.in.map((operand) => source[operand]!))) readers[root]!.push(first + i);
  });
  return { source, needed, readers, isOutput };
}
