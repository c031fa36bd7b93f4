// One cheat from its commitment to its punishment: an auditor replays the segment, accuses on the ground that fits, plays, and
// takes its verdict. The chain says what was lost.
import assert from "node:assert/strict";
import { accuse } from "@weft/chain/actions/accuse";
import { playMove } from "@weft/chain/actions/playMove";
import { accountOf } from "@weft/chain/chainFixture";
import { startRival } from "@weft/chain/courtGrounds";
import { readGameView } from "@weft/chain/courtReads";
import type { Intent } from "@weft/chain/Intent";
import { chainTime } from "@weft/chain/reads";
import {
  type Cost,
  type CourtRoom,
  costOf,
  type Made,
  type Meddle,
  newLease,
  playersOf,
  playToEnd,
  sponsored,
} from "@weft/court/courtRoomFixture";
import { type CourtLease, commit, commitmentOf } from "@weft/court/disputeFixture";
import { type DisputeSeat, openingOf } from "@weft/court/playDispute";
import { readGame } from "@weft/court/readGame";
import { WeftError } from "@weft/protocol/Errors";
import type { SegmentCommitment } from "@weft/protocol/Segment";
import { type Accusation, accusationOf } from "@weft/verification/court/grounds";
import type { Move, MoveOf } from "@weft/verification/court/Move";
import { oracleOf } from "@weft/verification/court/TraceOracle";
import type { Hex } from "viem";
import type { Lie } from "./cheats.ts";
import { depthOf, gasOf, lastMove, type Outcome, slashedIn, standing } from "./Outcome.ts";

/** Who replays and accuses, in all cases. */
export const auditor = "auditor";

/** A lease of a new node, or of the owner that is named, that commits to the lie. */
export async function committed(
  room: CourtRoom,
  lie: Lie,
  owner?: string,
): Promise<{ lease: CourtLease; commitment: SegmentCommitment }> {
  const { stage, history, firstStep = 0, startRoot = stage.program.startRoot } = lie;
  const lease = await newLease(room, stage.program, owner);
  const steps = { firstStep: BigInt(firstStep), lastStep: BigInt(firstStep + stage.steps - 1) };
  const said = await commitmentOf(lease, { oracle: history, ...steps, startRoot });
  return { lease, commitment: await commit(room.network, lease, { ...said, ...lie.said }) };
}

/** What an honest auditor accuses it of. */
export async function accusationIn({ stage, startRoot }: Lie, commitment: SegmentCommitment): Promise<Accusation> {
  const accusation = await accusationOf(commitment, {
    ...{ program: stage.program, oracle: oracleOf(stage.side()), begunRightly: startRoot === undefined },
    shapes: stage.open.step.state.map(({ shape }) => shape),
  });
  assert.ok(accusation !== undefined, "the lie is one");
  return accusation;
}

export async function catchLie(room: CourtRoom, lie: Lie): Promise<Outcome> {
  const { owner, outcome } = await catchOnce(room, lie);
  assert.equal(outcome.slashed.isPattern, false, "one fault is no pattern");
  if (lie.repeats === undefined) return outcome;
  const again = await catchOnce(room, lie, owner);
  assert.equal(again.outcome.slashed.isPattern, true, "a second lease's is one");
  return again.outcome;
}

async function catchOnce(room: CourtRoom, lie: Lie, by?: string): Promise<{ owner: string; outcome: Outcome }> {
  const { lease, commitment } = await committed(room, lie, by);
  const accusation = await accusationIn(lie, commitment);
  const before = await standing(room, lease);
  const trial = accusation.call.startsWith("prove")
    ? await provenAtOnce(room, { lease, commitment, accusation })
    : await played(room, { lie, lease, commitment, accusation });
  const after = await standing(room, lease);
  const { slashed } = trial;
  assert.equal(after.bondSlashed - before.bondSlashed, slashed.toSponsor + slashed.toBuyer, "the bond is gone");
  assert.ok(slashed.toSponsor > 0n && slashed.toBuyer >= slashed.toSponsor, "half to who found it, half to the buyer");
  assert.equal(before.stake - after.stake, slashed.stakeBurnt);
  assert.ok(slashed.stakeBurnt > 0n, "stake is burnt");
  assert.equal(trial.end, lie.end, `${lie.name} ends with ${trial.end}: ${trial.depth}`);
  return { owner: lease.owner, outcome: { name: lie.name, how: lie.how, ...trial } };
}

type Case = { readonly lease: CourtLease; readonly commitment: SegmentCommitment; readonly accusation: Accusation };
type Trial = Omit<Outcome, "name" | "how">;

async function provenAtOnce({ network }: CourtRoom, { lease, commitment, accusation }: Case): Promise<Trial> {
  const from = accountOf(auditor);
  const sponsor = from.address;
  const intent = accuse(network.client, {
    ...{ commitment, first: commitment, opening: lease.opening, accusation, bond: 0n, sponsor },
  });
  const result = await network.senderOf(from).send(intent);
  const cost = costOf("rival", intent, result);
  const slashed = slashedIn(result.receipt);
  return { end: accusation.call, depth: "the commitment itself", moves: 1, gas: gasOf([cost]), slashed, refused: [] };
}

async function played(room: CourtRoom, { lie, ...about }: Case & { lie: Lie }): Promise<Trial> {
  const { lease, commitment, accusation } = about;
  const { opened, costs } = await sponsored(room, { lease, commitment, accusation, sponsor: auditor });
  const truth = oracleOf(lie.stage.side());
  const players = playersOf(room, opened, { lease, sponsor: auditor, defender: lie.history, rival: truth });
  const refused: string[] = [];
  const made = await playToEnd(room, players, manners(room, { lie, lease, refused }));
  const { outcome } = await readGameView(room.network.client, opened.game);
  assert.equal(outcome, "rival");
  const end = lastOf(made);
  const move = lastMove(made);
  const depth =
    end === "timeout" || move === undefined ? await silentAt(room, players.rival.seat) : await depthOf(move, truth);
  const gas = gasOf([...costs, ...made.map(({ cost }) => cost)]);
  return { end, depth, moves: movesOf(made), gas, refused, slashed: slashedIn(made.at(-1)!.result.receipt) };
}

/** Where the clock ran out. */
async function silentAt({ network }: CourtRoom, seat: DisputeSeat): Promise<string> {
  if (seat.rival === startRival) return "the start";
  const { program, oracle } = await seat.history({ deadline: 0 });
  const { game: id, fromBlock } = seat;
  const opening = openingOf(seat, program);
  const { level, position } = await readGame(network.client, { id, opening, program, oracle, fromBlock });
  return level === "steps" ? "steps" : `${level} · step ${position.facts.step}`;
}

export const movesOf = (made: readonly Made[]): number => made.filter(({ look }) => look.turn.act === "move").length;

/** The last call before the verdict. */
export const lastOf = (made: readonly Made[]): string =>
  made.findLast(({ cost }) => cost.call !== "concludeGame")!.cost.call.replace("timeoutGame", "timeout");

export const sumOf = (costs: readonly Cost[]): number => costs.reduce((all, { gas }) => all + gas, 0);

// ---- manners ---------------------------------------------------------------------------------------------------------

type Trying = { readonly lie: Lie; readonly lease: CourtLease; readonly refused: string[] };

function manners(room: CourtRoom, trying: Trying): Meddle {
  const { manner } = trying.lie;
  const tried = { done: false };
  return async (side, { turn, game }) => {
    if (side !== "defender" || manner === undefined) return undefined;
    if (manner === "silent" || tried.done) return "silent";
    if (turn.act !== "move" || game === undefined) return undefined;
    const send = (move: Move) => attempt(room, trying, playMove(room.network.client, { game, move }));
    if (manner === "forges") {
      if (turn.move.call !== "enterStep") return undefined;
      tried.done = true;
      for (const move of forgedBefore(turn.move)) await send(move);
      return "silent";
    }
    tried.done = true;
    await room.network.pass(turn.deadline - Number(await chainTime(room.network.client)) + 1);
    await send(turn.move);
    return "silent";
  };
}

/** Sends what the chain must not take. */
async function attempt(room: CourtRoom, { lease, refused }: Trying, intent: Intent): Promise<void> {
  const sender = room.network.senderOf(accountOf(`${lease.owner} operator`));
  const error = await sender.send(intent).then(
    () => undefined,
    (problem: unknown) => problem,
  );
  assert.ok(error instanceof WeftError, "the chain refuses it");
  refused.push(error.code);
}

const other = (hash: Hex): Hex => `0x${hash.slice(2, -1)}${hash.endsWith("0") ? "1" : "0"}`;

/** A state before the step that isn't in the history, as it is and with a path of its own. */
function forgedBefore(move: MoveOf<"enterStep">): Move[] {
  const { before } = move;
  const state = other(before.state);
  const [first, ...rest] = before.path;
  return [
    { ...move, before: { ...before, state } },
    { ...move, before: { ...before, state, path: [other(first!), ...rest] } },
    { ...move, before: { ...before, path: [...before.path, other(first!)] } },
  ];
}
