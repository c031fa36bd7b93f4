// For tests and vectors: false rivals, one for each proof that ends a game, and what each could forge where its proof fails:
// leaves, entries, rates, tokens, records, partial sums, each with a root made to match.
import type { Cheat } from "@weft/tensor/commit/Cheat";
import * as cheats from "@weft/tensor/commit/cheats";
import { foldChunks, isFold } from "@weft/tensor/commit/folds";
import { scopeOf, typedGraph } from "@weft/tensor/commit/OperatorsCommitment";
import { leafCount, leafOf as placeOfElement } from "@weft/tensor/commit/TensorLayout";
import { elementCount } from "@weft/tensor/graph/Graph";
import { firstNodeValue } from "@weft/tensor/graph/inferTypes";
import { bitsView, type TensorValue } from "@weft/tensor/graph/TensorValue";
import { bitsOf } from "@weft/tensor/recipes";
import { trainingTokens } from "@weft/tensor/train/Trainer";
import { tinyCorpus } from "@weft/tensor/train/tinyTrainProgram";
import type { Hex } from "viem";
import { entryLeaf, leafOf, rootFrom } from "./hashes.ts";
import type { Call, LeafOpening, Move, MoveOf, TensorLeaf } from "./Move.ts";
import { plant } from "./plantFixture.ts";
import type { Stage } from "./playFixture.ts";
import { type Computed, decodeRecord, type Given } from "./records.ts";
import { oracleOf, type TraceOracle } from "./TraceOracle.ts";
import { firstWord, tokenPlace } from "./wordMoves.ts";

/** Another hash or other bytes of the same length. */
const other = (hex: Hex): Hex => `0x${hex.slice(2, -1)}${hex.endsWith("0") ? "1" : "0"}` as Hex;
/** All words other ones: whatever is read of a leaf is false. */
const otherLeaf = (data: Hex): Hex =>
  `0x${data.slice(2).replace(/[0-9a-f]{8}/g, (word) => `${other(`0x${word}`).slice(2)}`)}` as Hex;

function forgedLeaf(length: number, at: number, leaf: TensorLeaf): TensorLeaf {
  const data = otherLeaf(leaf.data);
  const root = rootFrom(Math.ceil(length / 32), Math.floor(at / 32), leafOf(data), leaf.path);
  return { ...leaf, data, leavesRoot: root };
}

function placeOf({ record, choice, position, program }: MoveOf<"proveToken">): number {
  const { type, source } = decodeRecord(record) as Given;
  const { element } = firstWord(type, choice);
  return tokenPlace(program, { step: Number(position.facts.step), source, element });
}

function forgedOpening(record: Hex, opening: LeafOpening): LeafOpening {
  const value = decodeRecord(record) as Computed;
  const type = value.scope.operands[opening.operand]!;
  const data = otherLeaf(opening.data);
  return { ...opening, data, leavesRoot: rootFrom(leafCount(type), Number(opening.leaf), leafOf(data), opening.path) };
}

/** None of them shows what it opens under what is agreed on. */
const FORGERIES: { readonly [C in Call]?: (move: MoveOf<C>, rival: TraceOracle) => Move[] | Promise<Move[]> } = {
  proveWord: (move) => [
    { ...move, openings: move.openings.map((one) => forgedOpening(move.record, one)) },
    { ...move, record: other(move.record) },
  ],
  proveFold: (move) => [
    { ...move, openings: move.openings.map((one) => forgedOpening(move.record, one)) },
    { ...move, before: { ...move.before, word: move.before.word ^ 1 } },
  ],
  proveToken: (move) => [
    { ...move, token: forgedLeaf(Number(move.program.tokens), placeOf(move), move.token) },
    { ...move, program: { ...move.program, tokensRoot: other(move.program.tokensRoot) } },
  ],
  proveRate: (move) => [
    { ...move, rate: forgedLeaf(Number(move.program.totalSteps), Number(move.position.facts.step), move.rate) },
  ],
  proveConstant: (move) => [{ ...move, record: { ...move.record, data: other(move.record.data) } }],
  proveState(move) {
    const { source } = decodeRecord(move.record.data) as Given;
    const tensorRoot = other(move.entry.tensorRoot);
    const leaf = entryLeaf(move.entry.name, tensorRoot);
    const entriesRoot = rootFrom(Number(move.program.inputs), source, leaf, move.entry.path);
    return [{ ...move, entry: { ...move.entry, tensorRoot, entriesRoot } }];
  },
  async proveEntry(move, rival) {
    // What another entry takes, opened truly: it is not this one's.
    const tree = { of: "values", step: 1 } as const;
    const [tensorRoot] = (await rival.leaves(tree, 0, 1)) as [Hex];
    const swapped = { tensorRoot, rule: { ...move.rule, value: 0 }, valuePath: await rival.path(tree, 0) };
    return [
      { ...move, ...swapped },
      { ...move, tensorRoot: other(move.tensorRoot) },
    ];
  },
  proveLoss: (move) => [{ ...move, leaf: otherLeaf(move.leaf) }],
};

/** Other versions of a proof. */
export async function forgeriesOf(move: Move, rival: TraceOracle): Promise<Move[]> {
  const forge = FORGERIES[move.call] as ((move: Move, rival: TraceOracle) => Promise<Move[]>) | undefined;
  return forge === undefined ? [] : forge(move, rival);
}

/** The calls that have forgeries. */
export const forgeable = Object.keys(FORGERIES) as Call[];

/** The history in which the last element of the last node of an operator is wrong, at step 1. */
export async function wrongWord({ open, side }: Stage, op: string): Promise<TraceOracle> {
  const typed = typedGraph(open.step.graph);
  const value = firstNodeValue(typed.graph) + typed.graph.nodes.findIndex((node) => node.op === op);
  const scope = scopeOf(typed, value)!;
  const type = typed.types[value]!;
  const element = elementCount(type.shape) - 1;
  const fold = isFold(scope.node.op) ? { scope, element, chunk: foldChunks(scope) - 1 } : undefined;
  const fault = { step: 1, value, type, ...placeOfElement(type, element), flip: 64, ...(fold && { fold }) };
  return oracleOf(await plant(side(), { programHash: open.hash, firstStep: 0 }, fault));
}

function changed(value: TensorValue, element: number): TensorValue {
  const copy = { ...value, data: value.data.slice() } as TensorValue;
  bitsView(copy)[element]! ^= 1 << 14;
  return copy;
}

const second = (step: number) => step === 1;

/** Another decay of the optimiser at step 1: a constant. */
function otherConstant({ open }: Stage): Cheat {
  const { inputs, constants } = open.step.graph;
  const constant = inputs.length + constants.findIndex((one) => one.kind === "scalar" && one.word === bitsOf(0.9));
  const flip = (own: TensorValue) => {
    bitsView(own)[0]! ^= 1 << 20;
  };
  return (step) => (second(step) ? { changeOf: (value) => (value === constant ? flip : undefined) } : undefined);
}

/** A history that is false at step 1 for each proof that shows it, of a tiny MLP's segment. */
export function liarsOf(stage: Stage): { readonly [C in Call]?: () => TraceOracle | Promise<TraceOracle> } {
  const { open } = stage;
  const tokens = trainingTokens(open, tinyCorpus);
  const side = (cheat: Cheat) => oracleOf(stage.side(cheat));
  const at =
    (meddling: ReturnType<Cheat>): Cheat =>
    (step) =>
      second(step) ? meddling : undefined;
  return {
    proveWord: () => wrongWord(stage, "tanh"),
    proveFold: () => wrongWord(stage, "scatterAdd"),
    proveToken: () => side(cheats.changeBatch(second, open, { tokens: tokens.map((token) => token ^ 1) })),
    proveRate: () => side(cheats.changeRate(second, 2)),
    proveConstant: () => side(otherConstant(stage)),
    proveState: () =>
      side(at({ inputs: (inputs) => ({ ...inputs, "hidden.bias": changed(inputs["hidden.bias"]!, 2) }) })),
    proveEntry: () => side(cheats.flipWeight(second, { name: "hidden.bias", element: 1, bit: 3 })),
    proveLoss: () => side(at({ lossWord: (word) => word ^ 1 })),
  };
}
