// A false rival whose proof fails forges what it opens: leaves, entries, rates, tokens, records, partial sums, each with a root
// made to match. What is agreed on stands above it, and the forgery is refused there.
import assert from "node:assert/strict";
import { test } from "node:test";
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
import { tinyCorpus, tinyMlpModel, tinyTrainProgram } from "@weft/tensor/train/tinyTrainProgram";
import type { Hex } from "viem";
import { applyMove } from "./applyMove.ts";
import { entryLeaf, leafOf, rootFrom } from "./hashes.ts";
import type { LeafOpening, Move, TensorLeaf } from "./Move.ts";
import { nextMove } from "./nextMove.ts";
import { plant } from "./plantFixture.ts";
import { contest, rules, stageOf } from "./playFixture.ts";
import { decodeRecord, type Given } from "./records.ts";
import { oracleOf, type TraceOracle } from "./TraceOracle.ts";
import { firstWord, tokenPlace } from "./wordMoves.ts";

const stage = await stageOf(tinyTrainProgram({ model: tinyMlpModel }), 3);
const { open, program } = stage;
const truth = oracleOf(stage.side());
const typed = typedGraph(open.step.graph);
const second = (step: number) => step === 1;
const tokens = trainingTokens(open, tinyCorpus);

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

function placeOf({ record, choice, position }: Proof<"proveToken">): number {
  const { type, source } = decodeRecord(record) as Given;
  const { element } = firstWord(type, choice);
  return tokenPlace(program, { step: Number(position.facts.step), source, element });
}

function forgedOpening(record: Hex, opening: LeafOpening): LeafOpening {
  const value = decodeRecord(record);
  assert.equal(value.kind, "node");
  const type = (value as Extract<typeof value, { kind: "node" }>).scope.operands[opening.operand]!;
  const data = otherLeaf(opening.data);
  return { ...opening, data, leavesRoot: rootFrom(leafCount(type), Number(opening.leaf), leafOf(data), opening.path) };
}

type Proof<C extends Move["call"]> = Extract<Move, { call: C }>;

/** Forgeries of each proof, none of which shows what it opens under what is agreed on. */
const forgeries: { readonly [C in Move["call"]]?: (move: Proof<C>, rival: TraceOracle) => Move[] | Promise<Move[]> } = {
  proveWord: (move) => [
    { ...move, openings: move.openings.map((one) => forgedOpening(move.record, one)) },
    { ...move, record: other(move.record) },
  ],
  proveFold: (move) => [
    { ...move, openings: move.openings.map((one) => forgedOpening(move.record, one)) },
    { ...move, before: { ...move.before, word: move.before.word ^ 1 } },
  ],
  proveToken: (move) => [
    { ...move, token: forgedLeaf(tokens.length, placeOf(move), move.token) },
    { ...move, program: { ...move.program, tokensRoot: other(move.program.tokensRoot) } },
  ],
  proveRate: (move) => [
    { ...move, rate: forgedLeaf(Number(program.totalSteps), Number(move.position.facts.step), move.rate) },
  ],
  proveConstant: (move) => [{ ...move, record: { ...move.record, data: other(move.record.data) } }],
  proveState(move) {
    const { source } = decodeRecord(move.record.data) as Given;
    const tensorRoot = other(move.entry.tensorRoot);
    const leaf = entryLeaf(move.entry.name, tensorRoot);
    const entriesRoot = rootFrom(Number(program.inputs), source, leaf, move.entry.path);
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

async function wrongWord(op: string): Promise<TraceOracle> {
  const value = firstNodeValue(typed.graph) + typed.graph.nodes.findIndex((node) => node.op === op);
  const scope = scopeOf(typed, value)!;
  const type = typed.types[value]!;
  const element = elementCount(type.shape) - 1;
  const fold = isFold(scope.node.op) ? { scope, element, chunk: foldChunks(scope) - 1 } : undefined;
  const fault = { step: 1, value, type, ...placeOfElement(type, element), flip: 64, ...(fold && { fold }) };
  return oracleOf(await plant(stage.side(), { programHash: open.hash, firstStep: 0 }, fault));
}

function changed(value: TensorValue, element: number): TensorValue {
  const copy = { ...value, data: value.data.slice() } as TensorValue;
  bitsView(copy)[element]! ^= 1 << 14;
  return copy;
}

const side = (cheat: Cheat) => oracleOf(stage.side(cheat));
const constant = open.step.graph.constants.findIndex((one) => one.kind === "scalar" && one.word === bitsOf(0.9));
const liars: { readonly [C in keyof typeof forgeries]: () => TraceOracle | Promise<TraceOracle> } = {
  proveWord: () => wrongWord("tanh"),
  proveFold: () => wrongWord("scatterAdd"),
  proveToken: () => side(cheats.changeBatch(second, open, { tokens: tokens.map((token) => token ^ 1) })),
  proveRate: () => side(cheats.changeRate(second, 2)),
  proveConstant: () =>
    side((step) =>
      second(step)
        ? {
            changeOf: (value) =>
              value === constant + open.step.graph.inputs.length
                ? (own) => {
                    bitsView(own)[0]! ^= 1 << 20;
                  }
                : undefined,
          }
        : undefined,
    ),
  proveState: () =>
    side((step) =>
      second(step)
        ? { inputs: (inputs) => ({ ...inputs, "hidden.bias": changed(inputs["hidden.bias"]!, 2) }) }
        : undefined,
    ),
  proveEntry: () => side(cheats.flipWeight(second, { name: "hidden.bias", element: 1, bit: 3 })),
  proveLoss: () => side((step) => (second(step) ? { lossWord: (word) => word ^ 1 } : undefined)),
};

for (const [call, liar] of Object.entries(liars))
  test(`${call}: a true defender is refuted by no forgery`, async () => {
    const rival = await liar();
    const { start, moves } = await contest(stage, { defender: truth, rival });
    let game = start;
    let now = 2;
    for (const { side: by, move } of moves) game = applyMove(game, move, { now: now++, by, rules });
    const proof = await nextMove(game, "rival", { oracle: rival, program, rules });
    assert.equal(proof?.call, call);
    const sent = { now, by: "rival", rules } as const;
    assert.throws(() => applyMove(game, proof, sent), { code: "games.DefenderRight" });
    const forge = forgeries[proof.call] as (move: Move, rival: TraceOracle) => Promise<Move[]>;
    for (const forged of await forge(proof, rival)) {
      assert.notDeepEqual(forged, proof);
      assert.throws(() => applyMove(game, forged, sent), {
        code: /^games\.(HashMismatch|ProgramMismatch|RecordInvalid)$/,
      });
    }
  });
