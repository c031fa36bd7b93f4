// spec/vectors/court/games.json: whole games as calldata, with what each move makes of the game, and bytes of it that may not be
// others. In columns, as contracts/test/CourtVectors.t.sol reads them, which sends the moves to the contract: one of games, one
// of the moves of all games in order, one of bytes of all moves.

import { WeftError } from "@weft/protocol/Errors";
import type { Cheat } from "@weft/tensor/commit/Cheat";
import * as cheats from "@weft/tensor/commit/cheats";
import { foldChunks, isFold } from "@weft/tensor/commit/folds";
import { scopeOf, typedGraph } from "@weft/tensor/commit/OperatorsCommitment";
import { leafOf } from "@weft/tensor/commit/TensorLayout";
import { elementCount } from "@weft/tensor/graph/Graph";
import { firstNodeValue } from "@weft/tensor/graph/inferTypes";
import { bitsView, type TensorValue } from "@weft/tensor/graph/TensorValue";
import { bitsOf } from "@weft/tensor/recipes";
import { seedWords, wordBelow } from "@weft/tensor/seedStream";
import { trainingTokens } from "@weft/tensor/train/Trainer";
import { tinyCorpus, tinyMlpModel, tinyTrainProgram } from "@weft/tensor/train/tinyTrainProgram";
import { decodeFunctionData, encodeFunctionData, type Hex, sliceHex } from "viem";
import { applyMove } from "./applyMove.ts";
import { type Game, levels, placeHash, placeOf, stages, turnOf } from "./Game.ts";
import { gamesAbi } from "./gamesAbiFixture.ts";
import { type Call, callOf, type Move, moveOf } from "./Move.ts";
import { nextMove } from "./nextMove.ts";
import { plant } from "./plantFixture.ts";
import { gameOf, idOf, rules, type Stage, stageOf } from "./playFixture.ts";
import { oracleOf, type TraceOracle } from "./TraceOracle.ts";

const steps = 3;
const secondsBetween = 17;

const dataOf = (game: Game, move: Move): Hex => {
  const { functionName, args } = callOf(game.id, move);
  return encodeFunctionData({ abi: gamesAbi, functionName, args } as never);
};

/** What IGames.game says. */
const viewOf = (game: Game) => ({
  level: levels.indexOf(game.level),
  stage: stages.indexOf(game.stage),
  outcome: ["none", "defender", "rival"].indexOf(game.outcome),
  ...{ height: game.height, shown: game.shown, index: game.index, count: game.count },
  ...{ defenderLeft: game.defenderLeft, rivalLeft: game.rivalLeft, since: game.since },
  place: placeHash(placeOf(game.position)),
});

/** The refusal's name; undefined for a move that is taken. */
function refusalOf(game: Game, move: Move, now: number): string | undefined {
  try {
    applyMove(game, move, { now, by: turnOf(game), rules });
    return undefined;
  } catch (error) {
    if (error instanceof WeftError) return error.code.slice("games.".length);
    throw error;
  }
}

const offsetsTried = 12;

/** Bytes of the calldata of which the lowest bit decides whether the move is taken: the contract must refuse it flipped. */
function decisive(game: Game, data: Hex, now: number): number[] {
  const size = (data.length - 2) / 2;
  const drawn = seedWords(new Uint8Array(32), `vectors/games/${game.level}/${game.stage}`, size, offsetsTried);
  return Array.from(drawn, (word) => 4 + wordBelow(word, size - 4)).filter((at) => {
    const digit = 2 + 2 * at + 1;
    const flipped = `${data.slice(0, digit)}${(Number.parseInt(data[digit]!, 16) ^ 1).toString(16)}${data.slice(digit + 1)}`;
    try {
      const { functionName, args } = decodeFunctionData({ abi: gamesAbi, data: flipped as Hex });
      return args[0] === game.id && refusalOf(game, moveOf(functionName as Call, args), now) !== undefined;
    } catch {
      // What viem can't read the contract reads differently, or not at all: not for vectors.
      return false;
    }
  });
}

type Sides = { readonly defender: TraceOracle; readonly rival: TraceOracle };

async function gameVector(name: string, stage: Stage, sides: Sides) {
  let game: Game = { ...(await gameOf(stage, sides)), id: idOf(name, 20) };
  const facts = encodeFunctionData({ abi: gamesAbi, functionName: "facts", args: [game.position.facts] });
  const { defender, rival } = game.position;
  const opening = { name, id: game.id, count: game.count, facts: sliceHex(facts, 4), defender, rival };
  const moves: (ReturnType<typeof viewOf> & { decisive: number[] })[] = [];
  for (let isOver = false; !isOver; ) {
    const side = turnOf(game);
    const move = side && (await nextMove(game, side, { oracle: sides[side], program: stage.program, rules }));
    if (side === undefined || move === undefined) break;
    const now = game.since + secondsBetween;
    const calldata = dataOf(game, move);
    const refused = refusalOf(game, move, now);
    isOver = refused !== undefined;
    // The only refusal that a fair game ends in is that the defender is right.
    const sent = {
      call: move.call,
      by: side === "rival" ? 1 : 0,
      now,
      calldata,
      refused: refused === undefined ? 0 : 1,
    };
    const bytes = decisive(game, calldata, now);
    if (!isOver) game = applyMove(game, move, { now, by: side, rules });
    moves.push({ ...sent, decisive: bytes, ...viewOf(game) });
  }
  return { opening, moves };
}

/** Rows as lists by name. */
const columns = (rows: readonly object[]) =>
  Object.fromEntries(Object.keys(rows[0]!).map((key) => [key, rows.map((row) => row[key as never])]));

/** A wrong word in the last element of the first node of an operator. */
async function wrongWord(stage: Stage, op: string): Promise<TraceOracle> {
  const typed = typedGraph(stage.open.step.graph);
  const value = firstNodeValue(typed.graph) + typed.graph.nodes.findIndex((node) => node.op === op);
  const scope = scopeOf(typed, value)!;
  const type = typed.types[value]!;
  const element = elementCount(type.shape) - 1;
  const fold = isFold(scope.node.op) ? { scope, element, chunk: foldChunks(scope) - 1 } : undefined;
  const fault = { step: 1, value, type, ...leafOf(type, element), flip: 64, ...(fold && { fold }) };
  return oracleOf(await plant(stage.side(), { programHash: stage.open.hash, firstStep: 0 }, fault));
}

/** Another decay of the optimiser: a constant. */
function otherConstant({ open }: Stage): Cheat {
  const { inputs, constants } = open.step.graph;
  const constant = inputs.length + constants.findIndex((one) => one.kind === "scalar" && one.word === bitsOf(0.9));
  const flip = (own: TensorValue) => {
    bitsView(own)[0]! ^= 1 << 20;
  };
  return (step) => (step === 0 ? { changeOf: (value) => (value === constant ? flip : undefined) } : undefined);
}

/** One game for each way that ends, and one in which the false side is the rival. */
export async function gameVectors() {
  const stage = await stageOf(tinyTrainProgram({ model: tinyMlpModel }), steps);
  const { open } = stage;
  const truth = oracleOf(stage.side());
  const tokens = trainingTokens(open, tinyCorpus);
  const [first, second] = [(step: number) => step === 0, (step: number) => step === 1];
  const side = (cheat: Cheat) => oracleOf(stage.side(cheat));
  const bias = { name: "hidden.bias", element: 3, bit: 4 };
  const games: [name: string, defender: TraceOracle, rival: TraceOracle][] = [
    ["a false sum", await wrongWord(stage, "matmul"), truth],
    ["a false word", await wrongWord(stage, "tanh"), truth],
    ["a false word of a true history", truth, await wrongWord(stage, "tanh")],
    ["other tokens", side(cheats.changeBatch(second, open, { tokens, seed: `0x${"5e".repeat(32)}` })), truth],
    ["another rate", side(cheats.changeRate(second, 2)), truth],
    ["another constant", side(otherConstant(stage)), truth],
    ["another state after the step", side(cheats.flipWeight(first, bias)), truth],
    ["another loss", side((step) => (second(step) ? { lossWord: (word) => word ^ 1 } : undefined)), truth],
  ];
  const made: Awaited<ReturnType<typeof gameVector>>[] = [];
  for (const [name, defender, rival] of games) made.push(await gameVector(name, stage, { defender, rival }));
  const moves = made.flatMap((game) => game.moves);
  return {
    rules,
    games: columns(made.map((game) => ({ ...game.opening, moves: game.moves.length }))),
    moves: columns(moves.map((move) => ({ ...move, decisive: move.decisive.length }))),
    bytes: moves.flatMap((move) => move.decisive),
  };
}
