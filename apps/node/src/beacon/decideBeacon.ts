// What a node does for the beacon now: enrol, open a layer in a requested round, or nothing. Pure.
//
// A reveal must be mined inside its round, so only the round that runs counts. A round that was missed stays missed:
// the next reveal opens the next layer all the same, because the chain's tip did not move.
import type { Hex } from "viem";
import type { HashOnion } from "./HashOnion.ts";

export interface BeaconState {
  /** Round that runs. */
  round: bigint;
  /** Rounds asked for that this node has not revealed. */
  requested: readonly bigint[];
  /** Enrolment on chain; the tip is 0 when there is none. */
  tip: Hex;
  tipRound: bigint;
  /** The node's stake admits it. */
  admitted: boolean;
  /** The round it retired in, when it did. */
  retiredRound: bigint | undefined;
  /** Stopping begins no new duty; draining also ends the ones there are. */
  leaving: "stopping" | "draining" | undefined;
  onion: HashOnion;
}

export type BeaconAction =
  | { act: "enrol"; tip: Hex }
  | { act: "retire" }
  | { act: "reveal"; round: bigint; preimage: Hex }
  | { act: "wait"; for: "stake" | "request" | "leaving" | "rest" };

const nothing = /^0x0*$/;
/** CommitRevealBeacon.REST_ROUNDS: a retired node waits this long before it may enrol again. */
const restRounds = 256n;

export function decideBeacon(state: BeaconState): BeaconAction {
  const enrolled = !nothing.test(state.tip);
  const owed = enrolled && state.requested.includes(state.round) && state.round >= state.tipRound;
  const preimage = enrolled ? state.onion.below(state.tip) : undefined;
  if (owed && preimage !== undefined) return { act: "reveal", round: state.round, preimage };
  if (state.leaving === "draining" && enrolled) return { act: "retire" };
  if (state.leaving !== undefined) return { act: "wait", for: "leaving" };
  if (!state.admitted) return { act: "wait", for: "stake" };
  const rested = state.retiredRound === undefined || state.round + 1n >= state.retiredRound + restRounds;
  if (!enrolled && !rested) return { act: "wait", for: "rest" };
  // A foreign tip (the store was lost) or a used-up onion: commit to a new one, unless the running round is still owed.
  if (!enrolled || preimage === undefined) return { act: "enrol", tip: state.onion.tip };
  return { act: "wait", for: "request" };
}
