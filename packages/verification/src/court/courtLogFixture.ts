// For tests: what the chain's log would hold of a game that was played over the mirror of the contract.
import { type Hex, keccak256, toHex } from "viem";
import { applyMove } from "./applyMove.ts";
import type { CourtLogEntry } from "./CourtLog.ts";
import type { GameEvent } from "./followGame.ts";
import { type Game, levels } from "./Game.ts";
import { callOf, type Move } from "./Move.ts";
import { type Disputed, idOf, type Played, rules } from "./playFixture.ts";
import { decodeRecord } from "./records.ts";
import { firstWord } from "./wordMoves.ts";

/** What the contract says of a move that it took. */
export function eventOf(move: Move, after: Game): GameEvent | undefined {
  const { facts } = after.position;
  switch (move.call) {
    case "reveal":
      return { eventName: "Revealed", args: move };
    case "choose":
      return { eventName: "Chosen", args: move.choice };
    case "chooseStep":
      return { eventName: "StepChosen", args: { ...move.choice, claim: move.claim } };
    case "enterStep":
      return { eventName: "StepEntered", args: { ...move, before: facts.before } };
    case "chooseValue":
      return {
        eventName: "ValueChosen",
        args: { ...move.choice, value: move.choice.index, leavesRoot: move.leavesRoot },
      };
    case "enterValue":
      return { eventName: "ValueEntered", args: move };
    case "chooseWord": {
      const { element, defender, rival } = firstWord(decodeRecord(move.record).type, move.choice);
      return {
        eventName: "WordChosen",
        args: { element: BigInt(element), defender, rival, accsRoot: move.claim.root },
      };
    }
    case "enterFold":
      return { eventName: "FoldEntered", args: { accsRoot: move.claim.root, content: move.content } };
    default:
      return undefined;
  }
}

export const nodeId = idOf("node", 20);
export const sponsor = idOf("sponsor", 20);
export const leaseId = keccak256(toHex("lease"));
export const commitment = keccak256(toHex("commitment"));
/** Of every transaction of the log. */
export const gas = 50_000;

type Told = Pick<CourtLogEntry, "eventName" | "args" | "call">;

const opening = ({ start }: Played, { program, steps }: Disputed): Told[] => {
  const { facts, rival } = start.position;
  const committed = {
    ...{ firstStep: facts.firstStep, lastStep: facts.firstStep + BigInt(steps) - 1n },
    ...{ startRoot: facts.before, historyRoot: facts.history },
  };
  const call = { functionName: "challenge", args: [committed, { program }, rival, 900n] };
  const args = { commitment, game: start.id, sponsor, leaseId, segment: 3, ground: 3, rival, bond: 900n };
  return [
    { eventName: "Challenged", args, call },
    { eventName: "GameOpened", args: { game: start.id, level: 0, count: BigInt(steps) }, call },
    { eventName: "GameStarted", args: { game: start.id }, call },
  ];
};

function movesOf({ start, moves }: Played): Told[] {
  let game: Game = start;
  return moves.map(({ side, move }, turn) => {
    game = applyMove(game, move, { now: 2 + turn, by: side, rules });
    const event = eventOf(move, game);
    const call = callOf(game.id, move);
    if (event !== undefined) return { ...event, args: { ...event.args, game: game.id }, call } as Told;
    const args = { game: game.id, outcome: 2, level: levels.indexOf(game.level), silent: false };
    return { eventName: "GameEnded", args, call };
  });
}

/** The log from the challenge on, a second a transaction, the challenge in second 1. Told whole when the rival won. */
export function logOf(played: Played, disputed: Disputed): CourtLogEntry[] {
  const moves = movesOf(played);
  const { id } = played.start;
  const isOver = moves.at(-1)?.eventName === "GameEnded";
  const end: Told[] = isOver
    ? []
    : [{ eventName: "GameEnded", args: { game: id, outcome: 1, level: 0, silent: true }, call: undefined }];
  const conclusion: Told[] = isOver
    ? [
        {
          eventName: "CommitmentEliminated",
          args: { commitment, nodeId, sponsor, leaseId, segment: 3, ground: 3 },
          call: undefined,
        },
        {
          eventName: "Punished",
          args: { nodeId, bondToSponsor: 500n, bondToBuyer: 501n, stakeBurnt: 10n ** 19n, pattern: false },
          call: undefined,
        },
      ]
    : [{ eventName: "RivalEliminated", args: { commitment, game: id, lost: 400n }, call: undefined }];
  const transactions = [opening(played, disputed), ...[...moves, ...end].map((one) => [one]), conclusion];
  return transactions.flatMap((told, at) =>
    told.map((one) => ({ ...one, time: at + 1, transaction: hashAt(at), gas }) as CourtLogEntry),
  );
}

const hashAt = (at: number): Hex => `0x${at.toString(16).padStart(64, "0")}`;
