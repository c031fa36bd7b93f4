// Which rounds this node brings to the chain from the drand network now: those that committed segments name, that are
// over, and whose value nobody brought. One caller is enough and a round is waited for, so the nodes that may bring it
// double with each turn: 1, 2, 4, 8 of them, ranked by the round's hash. Pure.
import type { NodeId } from "@weft/protocol/NodeId";
import { numberToHex } from "viem";
import type { BeaconFacts } from "../chain/NodeChain.ts";
import { doublingTurn } from "./turns.ts";

export interface RoundsState {
  nodeId: NodeId;
  /** Chain time, Unix seconds. */
  now: bigint;
  beacon: Pick<BeaconFacts, "genesis" | "roundSeconds">;
  /** Rounds that segments of unsettled leases name, in any order. */
  named: Iterable<bigint>;
  /** Whether somebody brought it, as far as this node knows. */
  isKnown: (round: bigint) => boolean;
  /** Nodes that may take a turn. */
  callers: readonly NodeId[];
  turnSeconds: bigint;
}

/** Considered at once; the others follow. */
const mostAtOnce = 64;

/** Newest first: after an outage it is their audits that are still in time. */
export function dueRounds(state: RoundsState): bigint[] {
  const { genesis, roundSeconds } = state.beacon;
  const isDue = (round: bigint) => {
    const over = genesis + (round + 1n) * roundSeconds;
    return state.now >= over && !state.isKnown(round) && state.now >= over + turnOf(state, round) * state.turnSeconds;
  };
  return [...new Set(state.named)]
    .sort((a, b) => (a > b ? -1 : 1))
    .filter(isDue)
    .slice(0, mostAtOnce);
}

function turnOf({ nodeId, callers }: RoundsState, round: bigint): bigint {
  return doublingTurn({ nodeId, what: numberToHex(round, { size: 8 }), callers });
}
