// Which round this node asks for now, so that a segment is drawn whose own round ended with too few reveals: the first
// complete round after it decides, but only rounds that somebody asked for are revealed, and a job that waits for its draw
// commits nothing that would ask. One such round is enough for all segments before it. Pure.
import type { NodeId } from "@weft/protocol/NodeId";
import { encodePacked } from "viem";
import { type BeaconDuties, type BeaconFacts, roundAt } from "../chain/NodeChain.ts";
import { doublingTurn } from "./turns.ts";

export interface StandInState extends BeaconDuties {
  nodeId: NodeId;
  /** Chain time, Unix seconds. */
  now: bigint;
  beacon: Pick<BeaconFacts, "genesis" | "roundSeconds">;
  /** Rounds that standing segments of unsettled leases name, each with its provider, in any order. */
  named: readonly { round: bigint; provider: NodeId }[];
  /** The latest round that this node asked for itself: the snapshot may not show it yet. */
  asked: bigint | undefined;
  /** This round and all before it are known to be decided, whatever `rounds` still tells of them. */
  decidedTo: bigint;
  /** Reveals that make a round complete. */
  minReveals: bigint;
  /** How many rounds ahead a request is surely mined in time, at most `maxRoundsAhead`. */
  leadRounds: bigint;
  turnSeconds: bigint;
}

/** `waitingFor`: the newest named round that nothing decides. */
export interface StandIn {
  round: bigint;
  waitingFor: bigint;
}

/** Each round that fails doubles the pause before the next, to this many rounds: every round that is asked for costs whoever is away. */
const longestPauseRounds = 32n;

/** Undefined when nothing waits, a round is on its way, too few nodes are enrolled to complete one, or it is not this node's turn. */
export function dueStandIn(state: StandInState): StandIn | undefined {
  const { beacon, now, leadRounds } = state;
  const current = roundAt(beacon, now);
  const complete = state.rounds.filter(({ revealed }) => BigInt(revealed.length) >= state.minReveals);
  const decidedTo = complete.reduce((most, { round }) => later(most, round), state.decidedTo);
  const waiting = state.named.filter(({ round }) => round < current && round > decidedTo);
  if (waiting.length === 0 || !canComplete(state, current + leadRounds)) return undefined;
  const isSoon = (round: bigint) => round >= current && round <= current + leadRounds;
  const isComing =
    state.rounds.some(({ round }) => isSoon(round)) || (state.asked !== undefined && isSoon(state.asked));
  if (isComing || now < dueAt(state, { waiting, current })) return undefined;
  const newest = waiting.reduce((most, { round }) => later(most, round), 0n);
  return { round: current + leadRounds, waitingFor: newest };
}

const later = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const earlier = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** Where fewer owe a reveal than a round needs, asking would only cost them stake. */
function canComplete({ enrolments, minReveals }: StandInState, round: bigint): boolean {
  const owing = enrolments.filter(({ firstRound, lastRound }) => lastRound === undefined && firstRound <= round);
  return BigInt(owing.length) >= minReveals;
}

/** Chain time from which this node may ask. */
function dueAt(state: StandInState, tried: { waiting: StandInState["named"]; current: bigint }): bigint {
  const { genesis, roundSeconds } = state.beacon;
  const oldest = tried.waiting.reduce((least, { round }) => earlier(least, round), tried.current);
  // All of them ended incomplete. The first is the segment's own.
  const failed = state.rounds.filter(({ round }) => round >= oldest && round < tried.current);
  const last = [...failed, ...tried.waiting].reduce((most, { round }) => later(most, round), 0n);
  const doubled = failed.length < 2 ? 0n : 2n ** BigInt(Math.min(failed.length - 2, 16));
  const pause = doubled < longestPauseRounds ? doubled : longestPauseRounds;
  return genesis + (last + 1n + pause) * roundSeconds + turnOf(state, { waiting: tried.waiting, last });
}

/** Seconds: the waiting providers go at once, then one enrolled node, and twice as many with each turn. */
function turnOf(state: StandInState, about: { waiting: StandInState["named"]; last: bigint }): bigint {
  const { nodeId, enrolments, turnSeconds } = state;
  if (about.waiting.some(({ provider }) => provider === nodeId)) return 0n;
  const callers = enrolments.flatMap((one) => (one.lastRound === undefined ? [one.nodeId] : []));
  const what = encodePacked(["string", "uint64"], ["standIn", about.last]);
  return (1n + doublingTurn({ nodeId, what, callers })) * turnSeconds;
}
