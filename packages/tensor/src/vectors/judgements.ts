// Everything a judge can be asked about one element of an operator on given tensors, with what it has to say. For the
// shared vectors, and for tests that ask the contracts.
import { type FoldFrom, foldChunk, foldChunks, isFold } from "../commit/folds.ts";
import { scopeOf, type TypedGraph, typedGraph } from "../commit/OperatorsCommitment.ts";
import { type NodeScope, type ReadWord, recomputeWord } from "../commit/recomputeWord.ts";
import { recordOf } from "../commit/records.ts";
import { leafBytes, leafOf, wordOf } from "../commit/TensorLayout.ts";
import type { Graph, Node } from "../graph/Graph.ts";
import type { TensorValue } from "../graph/TensorValue.ts";

/** A node and the tensors of its operands; a tensor that comes twice is one value. */
export type OperatorOn = { readonly node: Node; readonly operands: readonly TensorValue[] };

export type JudgedOperator = { readonly scope: NodeScope; readonly record: Uint8Array; readonly chunks: number };

export type Judgement = {
  readonly element: number;
  /** Of a fold: the chunk, and the acc before it (0 for chunk 0). */
  readonly fold?: { readonly chunk: number; readonly before: number };
  /** The leaves that are read, each of the first operand that is its value. */
  readonly opened: readonly { readonly operand: number; readonly leaf: number; readonly bytes: Uint8Array }[];
  /** Undefined when an index is out of range. */
  readonly word: number | undefined;
};

/** The operator as the only node of a graph whose inputs are its operands. */
function graphOf({ node, operands }: OperatorOn): { readonly step: TypedGraph; readonly value: number } {
  const values = [...new Set(operands)];
  const inputs = values.map(({ dtype, shape }, i) => ({ name: `x${i}`, role: "batch", dtype, shape }) as const);
  const placed = { ...node, in: operands.map((operand) => values.indexOf(operand)) };
  const graph: Graph = {
    ...{ version: 1, numericsId: "fp32-seq-unfused", constants: [], outputs: [] },
    ...{ inputs, nodes: [placed] },
  };
  return { step: typedGraph(graph), value: inputs.length };
}

/** What is the same for every element. */
export function judgedOperator(operator: OperatorOn): JudgedOperator {
  const { step, value } = graphOf(operator);
  const scope = scopeOf(step, value)!;
  return { scope, record: recordOf(step, value), chunks: isFold(scope.node.op) ? foldChunks(scope) : 0 };
}

/** One judgement for an element of a direct operator, one for each chunk of a fold as far as its accs are defined. */
export function judgementsOf(operator: OperatorOn, judged: JudgedOperator, element: number): Judgement[] {
  const { operands } = operator;
  const { scope, chunks } = judged;
  if (chunks === 0) {
    const { result: word, opened } = openRead(operands, (read) => recomputeWord(scope, element, read));
    return [{ element, opened, word }];
  }
  const found: Judgement[] = [];
  for (let chunk = 0; chunk < chunks; chunk++) {
    const before = found.at(-1)?.word;
    const compute = (read: ReadWord) => foldChunk(scope, { element, chunk }, { before, read } satisfies FoldFrom);
    const { result: word, opened } = openRead(operands, compute);
    found.push({ element, fold: { chunk, before: before ?? 0 }, opened, word });
    if (word === undefined) break;
  }
  return found;
}

/** Runs a computation and opens the leaves that it reads. */
function openRead<T>(operands: readonly TensorValue[], compute: (read: ReadWord) => T) {
  const touched = new Map<string, { operand: number; leaf: number }>();
  const result = compute((operand, element) => {
    const tensor = operands[operand]!;
    const { leaf } = leafOf(tensor, element);
    const first = operands.indexOf(tensor);
    touched.set(`${first} ${leaf}`, { operand: first, leaf });
    return wordOf(tensor, element);
  });
  const opened = Array.from(touched.values(), ({ operand, leaf }) => ({
    ...{ operand, leaf },
    bytes: leafBytes(operands[operand]!, leaf),
  }));
  return { result, opened };
}
