// One side of a dispute before the court, from the rival that was named to its bond's end: the game's moves, and what the court
// has to be told when it is over, which the last move does in the same transaction. One look, at most one transaction a step;
// nothing is kept in between.
import { abis } from "@weft/chain/Abis";
import { concludeGame, type Pair } from "@weft/chain/actions/concludeGame";
import { endGame } from "@weft/chain/actions/endGame";
import { reclaimBond } from "@weft/chain/actions/reclaimBond";
import { showStart } from "@weft/chain/actions/showStart";
import { timeoutGame } from "@weft/chain/actions/timeoutGame";
import type { ChainClient } from "@weft/chain/ChainClient";
import { startRival } from "@weft/chain/courtGrounds";
import {
  readChallenges,
  readDispute,
  readGameLog,
  readGameView,
  readIsConvicted,
  readWaitingBond,
} from "@weft/chain/courtReads";
import type { Intent, IntentResult } from "@weft/chain/Intent";
import { readCommitment } from "@weft/chain/readCommitment";
import { chainTime } from "@weft/chain/reads";
import { WeftError } from "@weft/protocol/Errors";
import type { NodeId } from "@weft/protocol/NodeId";
import * as Segment from "@weft/protocol/Segment";
import { type Game, type Level, type Opening, type Side, turnOf } from "@weft/verification/court/Game";
import type { CourtStruct, Move } from "@weft/verification/court/Move";
import type { TraceOracle } from "@weft/verification/court/TraceOracle";
import { courtStructHash } from "@weft/verification/court/turns";
import type { Hex } from "viem";
import type { Turn } from "./decideTurn.ts";
import { intentOf, lookAtGame, type Table } from "./playTurn.ts";

/** A rival of a commitment; `rival` is its history root, or `startRival`. */
export interface Dispute extends Pair {
  /** 20 bytes, see `gameId`. */
  game: Hex;
  nodeId: NodeId;
}

/** What a defender shows against ground `start`. */
export interface StartShown {
  first: Segment.SegmentCommitment;
  earlier: Segment.SegmentCommitment;
  voidedFrom: bigint;
}

export interface DisputeSeat extends Dispute {
  side: Side;
  /** A block not after the one that opened the game. */
  fromBlock: bigint;
  /**
   * Asked for only where a move of this side is due: the chain alone knows whose turn it is. `deadline`: the last second, Unix
   * time, in which the move counts.
   */
  history(due: { deadline: number }): Promise<{ program: CourtStruct; oracle: TraceOracle }>;
  /** Of a defender against ground `start`; undefined: nothing to show. */
  shown?(): Promise<StartShown | undefined>;
}

export type DisputeTurn =
  | Exclude<Turn, { act: "over" }>
  | { readonly act: "show"; readonly shown: StartShown; readonly deadline: number }
  /** The court hasn't taken note of a game that is over. */
  | { readonly act: "conclude"; readonly pair: Pair }
  /** The live game, another rival's, is over by silence and nobody said so. */
  | { readonly act: "endLive"; readonly live: Hex }
  | { readonly act: "reclaim" }
  /** Nothing is left to do. `eliminated`: the commitment was found false, by this rival or another. */
  | { readonly act: "done"; readonly won: boolean; readonly eliminated: boolean };

export interface DisputeLook {
  turn: DisputeTurn;
  /** How deep the game is; absent where none is played. */
  level?: Level;
  /** Where the game's moves were looked at: at a move of this side's. */
  game?: Game;
}

/** What is due now, nothing sent. @throws WeftError of the chain, `game.other`, the oracle's */
export async function lookAtDispute(client: ChainClient, seat: DisputeSeat): Promise<DisputeLook> {
  const hash = Segment.hash(seat.commitment);
  const [view, dispute, now, isVoid] = await Promise.all([
    readGameView(client, seat.game),
    readDispute(client, hash),
    chainTime(client),
    readIsConvicted(client, seat.commitment),
  ]);
  if (dispute.eliminated) return { turn: await afterElimination(client, seat, { view, live: dispute.live }) };
  // An earlier segment was found false meanwhile: no move matters any more, and the sponsor has its bond back once that is said.
  if (isVoid) return { turn: seat.side === "rival" ? { act: "conclude", pair: seat } : waiting };
  if (view.outcome !== "none") {
    const won = view.outcome === seat.side;
    if (dispute.live !== seat.game) return { turn: { act: "done", won, eliminated: false } };
    return { turn: won ? { act: "conclude", pair: seat } : { act: "wait", until: undefined } };
  }
  if (view.since === 0) return { turn: await whileWaiting(client, { live: dispute.live, hash, now, seat }) };
  if (seat.rival === startRival) return { turn: await atStart(seat, { deadline: view.deadline, now }) };
  const { level, deadline } = view;
  const isOwn = turnOf(view) === seat.side;
  if (now > deadline) return { level, turn: { act: isOwn ? "late" : "timeout" } };
  if (!isOwn) return { level, turn: { act: "wait", until: deadline } };
  return atMove(client, seat, deadline);
}

const waiting: DisputeTurn = { act: "wait", until: undefined };

async function atMove(client: ChainClient, seat: DisputeSeat, deadline: number): Promise<DisputeLook> {
  const { program, oracle } = await seat.history({ deadline });
  const { side, game: id, fromBlock } = seat;
  const opening = openingOf(seat, program);
  const { game, turn } = await lookAtGame(client, { id, side, program, oracle, opening, fromBlock });
  const { level } = game;
  // Between two readings the game ended: the next look knows what that means.
  if (turn.act === "over") return { level, game, turn: { act: "wait", until: undefined } };
  return { level, game, turn };
}

/** What a game of ground `history` begins with. */
export function openingOf({ commitment, nodeId, sponsor, rival }: Dispute, program: CourtStruct): Opening {
  return {
    ...{ node: nodeId, sponsor, program: courtStructHash(program), rival },
    ...{ firstStep: commitment.firstStep, history: commitment.historyRoot, before: commitment.startRoot },
    steps: Number(commitment.lastStep - commitment.firstStep) + 1,
  };
}

type View = Awaited<ReturnType<typeof readGameView>>;

async function afterElimination(
  client: ChainClient,
  { side, game }: DisputeSeat,
  { view, live }: { view: View; live: Hex | undefined },
): Promise<DisputeTurn> {
  if (side === "defender") return { act: "done", won: false, eliminated: true };
  const isHeld = live === game || (await readWaitingBond(client, game)) !== 0n;
  return isHeld ? { act: "reclaim" } : { act: "done", won: view.outcome === "rival", eliminated: true };
}

/** Those that play the live game end it; when they don't for a while, whoever waits behind it does. */
async function whileWaiting(
  client: ChainClient,
  about: { live: Hex | undefined; hash: Hex; now: bigint; seat: DisputeSeat },
): Promise<DisputeTurn> {
  const { live, hash, seat } = about;
  const now = Number(about.now);
  const wait = { act: "wait", until: undefined } as const;
  if (live === undefined || live === seat.game || seat.side === "defender") return wait;
  const { params } = client;
  const grace = Number(params.courtExtensionSeconds + params.courtInclusionSeconds);
  const view = await readGameView(client, live);
  if (view.outcome === "none") return now > view.deadline + grace ? { act: "endLive", live } : wait;
  const { entries } = await readGameLog(client, { game: live, fromBlock: seat.fromBlock });
  if (now <= (entries.at(-1)?.at ?? now) + grace) return wait;
  const [found] = await readChallenges(client, { commitment: hash, game: live, fromBlock: seat.fromBlock });
  if (found === undefined) return wait;
  return { act: "conclude", pair: { commitment: seat.commitment, sponsor: found.sponsor, rival: found.rival } };
}

async function atStart(
  { side, shown }: DisputeSeat,
  { deadline, now }: { deadline: number; now: bigint },
): Promise<DisputeTurn> {
  if (now > deadline) return { act: side === "defender" ? "late" : "timeout" };
  if (side === "rival") return { act: "wait", until: deadline };
  const found = await shown?.();
  return found === undefined ? { act: "stuck", why: "StartNotShown" } : { act: "show", shown: found, deadline };
}

/** The transaction that a look calls for; undefined for none. */
export async function disputeIntent(
  table: Pick<Table, "client" | "claimant">,
  seat: DisputeSeat,
  { turn, game }: DisputeLook,
): Promise<Intent | undefined> {
  const { client } = table;
  switch (turn.act) {
    case "conclude":
      return concludeGame(client, turn.pair);
    case "reclaim":
      return reclaimBond(client, { ...seat, commitment: Segment.hash(seat.commitment) });
    case "endLive":
      return timeoutGame(client, { game: turn.live });
    case "timeout":
      return endGame(client, seat, timeoutGame(client, { game: seat.game }));
    case "show":
      return showStart(client, { game: seat.game, commitment: seat.commitment, ...turn.shown });
    case "move": {
      const intent = game && (await intentOf(table, { game, turn }));
      return intent && isProof(turn.move) ? endGame(client, seat, intent) : intent;
    }
    default:
      return undefined;
  }
}

/** What proves the defender wrong ends the game. */
const isProof = ({ call }: Move): boolean => call.startsWith("prove");

/** Looks, and sends what is due. @throws WeftError of the chain and the oracle; whoever calls it again looks anew */
export async function playDispute(
  table: Table,
  seat: DisputeSeat,
): Promise<DisputeLook & { result: IntentResult | undefined }> {
  const look = await lookAtDispute(table.client, seat);
  const intent = await disputeIntent(table, seat, look);
  return { ...look, result: intent && (await table.send(intent)) };
}

/**
 * The dispute that a game is about, from the chain alone.
 * @throws WeftError `game.unknown`, `segment.unknown` when the commitment named isn't the recorded one any more
 */
export async function readDisputeOf(
  client: ChainClient,
  { game, fromBlock }: { game: Hex; fromBlock: bigint },
): Promise<Dispute & { leaseId: Hex; segment: bigint; bond: bigint; block: bigint }> {
  const [found] = await readChallenges(client, { game, fromBlock });
  if (found === undefined)
    throw new WeftError("no court opened such a game", {
      code: "game.unknown",
      details: { game },
      remedy: "`weft dispute list` shows the games there are",
    });
  const { leaseId, segment, sponsor, rival, bond, block } = found;
  const commitment = await readCommitment(client, { leaseId, segment, fromBlock });
  if (Segment.hash(commitment) !== found.commitment)
    throw new WeftError("the segment was committed again since", { code: "segment.unknown", details: { game } });
  const nodeId = await nodeOf(client, leaseId);
  return { game, commitment, sponsor, rival, nodeId, leaseId, segment, bond, block };
}

async function nodeOf(client: ChainClient, leaseId: Hex): Promise<NodeId> {
  const [nodeId] = await client.rpc.readContract({
    ...{ address: client.network.contracts.channels, abi: abis.channels },
    ...{ functionName: "partiesOf", args: [leaseId] },
  });
  return nodeId.toLowerCase() as NodeId;
}
