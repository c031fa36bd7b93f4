// For benches and tests: a history of any size that costs only its disputed path. Trees are real on the way to the dispute; a
// subtree off it, the same on both sides, has a hash drawn from the seed. So a game over 10,000 steps of 400 values of 4 million
// elements, each a sum of 4,096 terms, is made in no time, and every hash, opening and sum that a contract sees is a real one.
import { type CourtProgram, courtProgramHash } from "@weft/tensor/commit/courtProgram";
import { foldChunk, foldChunks } from "@weft/tensor/commit/folds";
import { rootOf, treeHeight, treeWidth } from "@weft/tensor/commit/HashTree";
import { merkleTree } from "@weft/tensor/commit/MerkleTree";
import { scopeOf, type TypedGraph, typedGraph } from "@weft/tensor/commit/OperatorsCommitment";
import { recordOf } from "@weft/tensor/commit/records";
import { leafCount, leafOf, tensorRootFrom, wordsAsLeaf } from "@weft/tensor/commit/TensorLayout";
import type { LeafTree, StepAfter, TreeName, TreeSource } from "@weft/tensor/commit/TreeSource";
import type { Graph, Node } from "@weft/tensor/graph/Graph";
import { stateEntry, stateRootOver, stepRootFrom } from "@weft/tensor/HashLayout";
import { hashLeaf, hashNode } from "@weft/tensor/Merkle";
import { bitsOf } from "@weft/tensor/recipes";
import { sha256 } from "@weft/tensor/sha256";
import { bytesToHex } from "viem";
import type { Level } from "./Game.ts";
import { courtStruct } from "./Move.ts";
import { shownBelow } from "./narrowing.ts";
import { plant } from "./plantFixture.ts";
import { oracleOf } from "./TraceOracle.ts";

/** Of the games over it. */
const fanout = 32;

export type SyntheticShape = {
  readonly steps: number;
  /** Values of the step graph, at least 8. */
  readonly values: number;
  /** The disputed value is a product [rows, columns] over `terms` terms. */
  readonly rows: number;
  readonly columns: number;
  readonly terms: number;
};

/** Where the sides will differ. */
export type SyntheticPlace = { readonly step: number; readonly element: number; readonly chunk: number };

export type Synthetic = {
  readonly source: TreeSource;
  readonly program: CourtProgram;
  readonly hash: Uint8Array;
  readonly typed: TypedGraph;
  /** The product in dispute. */
  readonly value: number;
};

type Making = SyntheticShape & { readonly place: SyntheticPlace; readonly typed: TypedGraph; readonly value: number };

const hash32 = (...words: (string | number)[]): Uint8Array => sha256(new TextEncoder().encode(words.join("/")));

type Sparse = {
  /** Leaves that somebody will look at. */
  readonly wanted: readonly (readonly [first: number, end: number])[];
  readonly leaf: (index: number) => Uint8Array;
  /** The level whose reveals show nodes of the tree; absent where only paths are taken. */
  readonly level?: Level;
};

/** Heights at which a game shows nodes of a tree, every one below its place. */
function shownHeights(level: Level, leaves: number): Set<number> {
  const heights = new Set<number>();
  for (let height = treeHeight(leaves); height > 0; heights.add(height)) height = shownBelow(level, height, fanout);
  return heights;
}

/** A tree in which subtrees without a wanted leaf are drawn, as high up as nobody sees that they are. */
function sparseTree(name: string, leaves: number, { wanted, leaf, level }: Sparse): LeafTree {
  const shown = level && shownHeights(level, leaves);
  const made = new Map<string, Uint8Array>();
  const isWanted = (height: number, index: number) => {
    const [first, end] = [index * 2 ** height, (index + 1) * 2 ** height];
    return wanted.some(([low, high]) => low < end && first < high);
  };
  const node = (height: number, index: number): Uint8Array => {
    if (!isWanted(height, index) && (shown?.has(height) ?? true)) return hash32(name, height, index);
    const key = `${height}/${index}`;
    const hash = made.get(key) ?? below(height, index);
    made.set(key, hash);
    return hash;
  };
  const below = (height: number, index: number): Uint8Array => {
    if (height === 0) return hashLeaf(leaf(index));
    const left = node(height - 1, 2 * index);
    return 2 * index + 1 < treeWidth(leaves, height - 1) ? hashNode(left, node(height - 1, 2 * index + 1)) : left;
  };
  return { tree: { leaves, node }, leaf };
}

/** The aligned window of `size` leaves around one. */
const around = (leaf: number, size: number): [number, number] => {
  const first = Math.floor(leaf / size) * size;
  return [first, first + size];
};

/** 32 words of fp32 in [-1, 1). */
function drawnLeaf(name: string, leaf: number): Uint8Array {
  const words: number[] = [];
  for (let block = 0; block < 4; block++) {
    const view = new DataView(hash32(name, leaf, block).buffer);
    for (let i = 0; i < 8; i++) words.push(bitsOf((view.getUint32(4 * i) >>> 8) * 2 ** -23 - 1));
  }
  return wordsAsLeaf(words);
}

/** Signs flipped along the way to the product, its operands right before it, signs flipped after it. */
function graphOf({ values, rows, columns, terms }: SyntheticShape): Graph {
  const state = (name: string, shape: number[]) => ({ name, role: "state", dtype: "f32", shape }) as const;
  const inputs = [state("a", [rows, terms]), state("b", [columns, terms])];
  const nodes: Node[] = [];
  const product = Math.floor(values / 2);
  for (let value = inputs.length; value < values; value++)
    nodes.push(
      value === product ? { op: "matmul", in: [value - 1, 1] } : { op: "neg", in: [value - 1 === 1 ? 0 : value - 1] },
    );
  return { version: 1, numericsId: "fp32-seq-unfused", inputs, constants: [], nodes, outputs: [] };
}

/** Words of the product's operands. */
const reader =
  ({ typed, value }: Making) =>
  (operand: number, element: number): number => {
    const { node, operands } = scopeOf(typed, value)!;
    const { leaf, at } = leafOf(operands[operand]!, element);
    const bytes = drawnLeaf(`value/${node.in[operand]}`, leaf);
    return new DataView(bytes.buffer).getUint32(4 * at, true);
  };

function accsOf(making: Making): number[] {
  const { typed, value, place } = making;
  const scope = scopeOf(typed, value)!;
  const read = reader(making);
  const accs: number[] = [];
  for (let chunk = 0; chunk < foldChunks(scope); chunk++)
    accs.push(foldChunk(scope, { element: place.element, chunk }, { before: accs[chunk - 1], read })!);
  return accs;
}

/** Leaves of a value that are looked at: around the disputed word, and those of operands that its chunk is computed from. */
function leavesTree(making: Making, value: number, accs: readonly number[]): LeafTree {
  const { typed, place, columns, terms } = making;
  const type = typed.types[value]!;
  const name = `value/${value}`;
  if (value === making.value) {
    const { leaf: own, at } = leafOf(type, place.element);
    const leaf = (index: number) => {
      const bytes = drawnLeaf(name, index);
      if (index === own) new DataView(bytes.buffer).setUint32(4 * at, accs.at(-1)!, true);
      return bytes;
    };
    return sparseTree(name, leafCount(type), { wanted: [around(own, 8)], leaf, level: "leaves" });
  }
  const operands = scopeOf(typed, making.value)!.node.in;
  const row = [Math.floor(place.element / columns), place.element % columns][operands.indexOf(value)];
  const opened = row === undefined ? 0 : row * Math.ceil(terms / 32) + place.chunk;
  const leaf = (index: number) => drawnLeaf(name, index);
  return sparseTree(name, leafCount(type), { wanted: [[opened, opened + 1]], leaf });
}

const listTree = (leaves: readonly Uint8Array[]): LeafTree => ({
  tree: merkleTree(leaves.map(hashLeaf)),
  leaf: (index) => leaves[index]!,
});

const names = ["a", "b"];
const entriesAfter = (step: number): LeafTree =>
  listTree(names.map((name) => stateEntry(name, hash32("state", step, name))));

/** Each node's record, two entries that stay as they are, and rates and tokens that nobody looks at. */
function programOf({ typed, steps }: Making, records: LeafTree, schema: LeafTree): CourtProgram {
  return {
    ...{ programHash: hash32("program"), dataRoot: hash32("data"), numericsId: 0, totalSteps: steps },
    ...{ stepsPerSegment: steps, startStep: 0, startRoot: stateAfter(-1).stateRoot, values: typed.types.length },
    ...{ recordsRoot: rootOf(records.tree), inputs: names.length, entries: names.length },
    ...{ entriesRoot: rootOf(schema.tree), lossValue: 0, ratesRoot: hash32("rates"), tokens: 1_000_000 },
    ...{ tokensRoot: hash32("tokens"), context: 64, rows: 16, targets: 0, seed: hash32("seed") },
  };
}

function stateAfter(step: number): StepAfter {
  const lossWord = bitsOf(2 + 1 / (step + 2));
  return { lossWord, stateRoot: stateRootOver(step + 1, names.length, rootOf(entriesAfter(step).tree)) };
}

/** One side's true history; `plant` makes the other one's. */
export function syntheticTrace(shape: SyntheticShape, place: SyntheticPlace): Synthetic {
  const typed = typedGraph(graphOf(shape));
  const making: Making = { ...shape, place, typed, value: Math.floor(shape.values / 2) };
  const records = listTree(typed.types.map((_, value) => recordOf(typed, value)));
  const schema = listTree(
    names.map((name, value) => {
      const entry = stateEntry(name, new Uint8Array(4));
      entry[entry.length - 1] = value;
      return entry;
    }),
  );
  const program = programOf(making, records, schema);
  const accs = accsOf(making);
  const leavesOf = memo((value: number) => leavesTree(making, value, accs));
  const values = listTree(typed.types.map((type, value) => tensorRootFrom(type, rootOf(leavesOf(value).tree))));
  const steps = sparseTree("steps", shape.steps, {
    wanted: [around(place.step, 32), [Math.max(0, place.step - 1), place.step + 1]],
    leaf: (step) => stepRootFrom(program.programHash, step, stateAfter(step)),
    level: "steps",
  });
  const trees: { [K in TreeName["of"]]?: (name: Extract<TreeName, { of: K }>) => LeafTree } = {
    steps: () => steps,
    values: () => values,
    entries: ({ step }) => entriesAfter(step),
    leaves: ({ value }) => leavesOf(value),
    accs: () => listTree(accs.map((acc) => wordsAsLeaf([acc]).subarray(0, 4))),
    records: () => records,
    schema: () => schema,
  };
  const source: TreeSource = {
    after: async (step) => stateAfter(step),
    firstNan: async () => undefined,
    tree: async (name) => trees[name.of]!(name as never),
  };
  return { source, program, hash: courtProgramHash(program), typed, value: making.value };
}

/** Both sides of a dispute over that place: the truth, a lie planted there, and what a game over them is about. */
export async function syntheticDispute(shape: SyntheticShape, place: SyntheticPlace) {
  const { source, program, hash, typed, value } = syntheticTrace(shape, place);
  const type = typed.types[value]!;
  const fold = { scope: scopeOf(typed, value)!, element: place.element, chunk: place.chunk };
  const fault = { step: place.step, value, type, ...leafOf(type, place.element), flip: 1, fold };
  const lie = await plant(source, { programHash: program.programHash, firstStep: 0 }, fault);
  const court = { hash: bytesToHex(hash), program: courtStruct(program), steps: shape.steps };
  return { court, truth: oracleOf(source), lie: oracleOf(lie) };
}

function memo<T>(make: (key: number) => T): (key: number) => T {
  const known = new Map<number, T>();
  return (key) => {
    if (!known.has(key)) known.set(key, make(key));
    return known.get(key)!;
  };
}
