// spec/vectors/court/games.json: whole games as calldata, with what each call makes of the game, or the error that refuses it. In
// columns, as contracts/test/CourtVectors.t.sol reads them, which sends the calls to the contract: one of games, one of the calls
// of all games in order, one of single bits of them that are flipped first.

import { WeftError } from "@weft/protocol/Errors";
import { seedWords, wordBelow } from "@weft/tensor/seedStream";
import { tinyMlpModel, tinyTrainProgram } from "@weft/tensor/train/tinyTrainProgram";
import { decodeFunctionData, encodeFunctionData, type Hex, sliceHex, toFunctionSelector } from "viem";
import { applyMove, timeout } from "./applyMove.ts";
import { forgeriesOf, liarsOf } from "./forgeriesFixture.ts";
import { deadlineOf, type Game, levels, placeHash, placeOf, type Side, stages, turnOf } from "./Game.ts";
import { gamesAbi, gamesErrors } from "./gamesAbiFixture.ts";
import { type Call, callOf, deepClaimOf, type Move, moveOf } from "./Move.ts";
import { nextMove } from "./nextMove.ts";
import { gameOf, idOf, rules, type Stage, stageOf } from "./playFixture.ts";
import { oracleOf, type TraceOracle } from "./TraceOracle.ts";

const steps = 3;
const secondsBetween = 17;
const offsetsTried = 12;

/** Undefined: somebody who is neither side. */
type Sent = { readonly move: Move | "timeout"; readonly now: number; readonly by: Side | undefined };

const dataOf = (game: Game, move: Sent["move"]): Hex => {
  if (move === "timeout") return encodeFunctionData({ abi: gamesAbi, functionName: "timeout", args: [game.id] });
  const { functionName, args } = callOf(game.id, move);
  return encodeFunctionData({ abi: gamesAbi, functionName, args } as never);
};

const senders: readonly Sent["by"][] = ["defender", "rival", undefined];

/** What IGames.game says. */
const viewOf = (game: Game) => ({
  level: levels.indexOf(game.level),
  stage: stages.indexOf(game.stage),
  outcome: ["none", "defender", "rival"].indexOf(game.outcome),
  ...{ height: game.height, shown: game.shown, index: game.index, count: game.count },
  ...{ defenderLeft: game.defenderLeft, rivalLeft: game.rivalLeft, since: game.since },
  place: placeHash(placeOf(game.position)),
});

const make = (game: Game, { move, now, by }: Sent): Game =>
  move === "timeout" ? timeout(game, rules, now) : applyMove(game, move, { now, by, rules });

/** The selector of the contract's error; 0 for a call that is taken. */
function refusalOf(game: Game, sent: Sent): number {
  try {
    make(game, sent);
    return 0;
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    const item = gamesErrors.find(({ name }) => `games.${name}` === error.code);
    if (item === undefined) throw error;
    return Number(toFunctionSelector(`${item.name}(${item.inputs.map(({ type }) => type).join(",")})`));
  }
}

type Bit = { readonly byte: number; readonly error: number };

/** Lowest bits of calldata that decide whether the move is taken, each with the error that refuses it flipped. */
function decisiveBits(game: Game, sent: Sent): Bit[] {
  const data = dataOf(game, sent.move);
  const size = (data.length - 2) / 2;
  const drawn = seedWords(new Uint8Array(32), `vectors/games/${game.level}/${game.stage}`, size, offsetsTried);
  return Array.from(drawn, (word) => 4 + wordBelow(word, size - 4)).flatMap((byte): Bit[] => {
    const digit = 2 + 2 * byte + 1;
    const flipped = `${data.slice(0, digit)}${(Number.parseInt(data[digit]!, 16) ^ 1).toString(16)}${data.slice(digit + 1)}`;
    try {
      const { functionName, args } = decodeFunctionData({ abi: gamesAbi, data: flipped as Hex });
      // Numbers out of their range, too, which viem's encoder refuses to write.
      if (args?.[0] !== game.id || encodeFunctionData({ abi: gamesAbi, functionName, args } as never) !== flipped)
        return [];
      const error = refusalOf(game, { ...sent, move: moveOf(functionName as Call, args) });
      return error === 0 ? [] : [{ byte, error }];
    } catch {
      // What viem can't read the contract reads differently, or not at all: not for vectors.
      return [];
    }
  });
}

type Sides = { readonly defender: TraceOracle; readonly rival: TraceOracle };
type Row = ReturnType<typeof viewOf> & {
  readonly calldata: Hex;
  readonly by: number;
  readonly now: number;
  readonly error: number;
  readonly bits: readonly Bit[];
};

/** A game on its way into rows. */
type Writing = { game: Game; readonly rows: Row[] };

/** Writes down what becomes of a call. */
function send(writing: Writing, sent: Sent, bits: readonly Bit[] = []): void {
  const { game, rows } = writing;
  const error = refusalOf(game, sent);
  if (error === 0) writing.game = make(game, sent);
  const { now, by } = sent;
  const call = { calldata: dataOf(game, sent.move), by: senders.indexOf(by), now, error, bits };
  rows.push({ ...call, ...viewOf(writing.game) });
}

/** What is tried before a move: the same too late, a clock called out too early, a deep claim by somebody else. */
function sendWrongly(writing: Writing, fair: Sent & { readonly move: Move }): void {
  const deadline = deadlineOf(writing.game, rules);
  send(writing, { ...fair, now: deadline + 1 });
  send(writing, { ...fair, move: "timeout", now: deadline });
  if (deepClaimOf(fair.move) !== undefined) send(writing, { ...fair, by: undefined });
}

/** A game played to its end; a side without a move that is taken is called out when its clock is over. */
async function gameVector(stage: Stage, sides: Sides, { name, isTried }: { name: string; isTried: boolean }) {
  const writing: Writing = { game: { ...(await gameOf(stage, sides)), id: idOf(name, 20) }, rows: [] };
  const { id, count, position } = writing.game;
  const facts = sliceHex(encodeFunctionData({ abi: gamesAbi, functionName: "facts", args: [position.facts] }), 4);
  const opening = { name, id, count, facts, defender: position.defender, rival: position.rival };
  while (writing.game.outcome === "none") {
    const { game, rows } = writing;
    const by = turnOf(game)!;
    const move = await nextMove(game, by, { oracle: sides[by], program: stage.program, rules });
    const before = rows.length;
    if (move !== undefined) {
      const fair = { move, by, now: game.since + secondsBetween };
      if (isTried) sendWrongly(writing, fair);
      for (const forged of await forgeriesOf(move, sides.rival)) send(writing, { ...fair, move: forged });
      send(writing, fair, decisiveBits(game, fair));
    }
    const isTaken = rows.length > before && rows.at(-1)!.error === 0;
    if (!isTaken) send(writing, { move: "timeout", by: undefined, now: deadlineOf(game, rules) + 1 });
    else if (writing.game.outcome !== "none") send(writing, { move: move!, by, now: game.since + secondsBetween });
  }
  return { opening, rows: writing.rows };
}

/** Rows as lists by name. */
const columns = (rows: readonly object[]) =>
  Object.fromEntries(Object.keys(rows[0]!).map((key) => [key, rows.map((row) => row[key as never])]));

/** One that opens nothing below its history. */
const speechless = (oracle: TraceOracle): TraceOracle => ({
  ...oracle,
  nodes: async (tree, at, height) => {
    const own = await oracle.nodes(tree, at, height);
    return tree.of === "entries" ? own.map(() => `0x${"00".repeat(32)}` as const) : own;
  },
});

/** A false commitment and a false rival for each proof, and a commitment that nobody can enter. */
export async function gameVectors() {
  const stage = await stageOf(tinyTrainProgram({ model: tinyMlpModel }), steps);
  const truth = oracleOf(stage.side());
  const made: Awaited<ReturnType<typeof gameVector>>[] = [];
  for (const [proof, liar] of Object.entries(liarsOf(stage))) {
    const lie = await liar();
    // This one has every kind of move.
    const isTried = proof === "proveFold";
    const sides = { defender: lie, rival: truth };
    made.push(await gameVector(stage, sides, { name: `a false commitment: ${proof}`, isTried }));
    const turned = { defender: truth, rival: lie };
    made.push(await gameVector(stage, turned, { name: `a false rival: ${proof}`, isTried: false }));
  }
  const lie = await liarsOf(stage).proveWord!();
  const silent = { defender: speechless(lie), rival: truth };
  made.push(await gameVector(stage, silent, { name: "silence", isTried: true }));
  const rows = made.flatMap((game) => game.rows);
  const bits = rows.flatMap((row) => row.bits);
  return {
    rules,
    games: columns(made.map(({ opening, rows: own }) => ({ ...opening, calls: own.length }))),
    calls: columns(rows.map((row) => ({ ...row, bits: row.bits.length }))),
    bits: columns(bits),
  };
}
