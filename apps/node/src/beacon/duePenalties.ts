// Whose missing reveals this node brings to the chain now. Nobody is paid for it and one caller is enough, so nodes take
// turns: for each miss they are ranked by their distance from its hash, and each waits its rank's turns for the ones
// before. Pure.
import type { NodeId } from "@weft/protocol/NodeId";
import { encodePacked } from "viem";
import type { BeaconDuties, BeaconFacts } from "../chain/NodeChain.ts";
import { rankOf } from "./turns.ts";

export interface PenaltyState extends BeaconDuties {
  nodeId: NodeId;
  /** Chain time, Unix seconds. */
  now: bigint;
  beacon: Pick<BeaconFacts, "genesis" | "roundSeconds">;
  /** Nodes that may take a turn. */
  callers: readonly NodeId[];
  /** More misses of one node than this are not punished: `maxMisses`. */
  mostMisses: bigint;
  /** Longer than a transaction takes to be mined and seen. */
  turnSeconds: bigint;
}

export interface Miss {
  nodeId: NodeId;
  round: bigint;
}

/** Brought at once; the others follow. */
const mostAtOnce = 4;
/** Older misses than this many rounds are forgiven, here and by the contract. */
const lookBackRounds = 256n;

export function duePenalties(state: PenaltyState): Miss[] {
  const { genesis, roundSeconds } = state.beacon;
  const due: Miss[] = [];
  for (const { round, revealed, penalised } of state.rounds) {
    const over = genesis + (round + 1n) * roundSeconds;
    if (state.now < over || state.now > over + lookBackRounds * roundSeconds) continue;
    for (const { nodeId, firstRound, lastRound, misses } of state.enrolments) {
      if (BigInt(misses) >= state.mostMisses) continue;
      const owed = round >= firstRound && (lastRound === undefined || round <= lastRound);
      if (!owed || nodeId === state.nodeId || revealed.includes(nodeId) || penalised.includes(nodeId)) continue;
      if (state.now >= over + turnOf(state, { nodeId, round }) * state.turnSeconds) due.push({ nodeId, round });
      if (due.length === mostAtOnce) return due;
    }
  }
  return due;
}

/** One node more with each turn. The one that missed has none. */
function turnOf({ nodeId, callers }: PenaltyState, miss: Miss): bigint {
  const others = callers.filter((id) => id !== miss.nodeId);
  return BigInt(rankOf(nodeId, encodePacked(["bytes20", "uint64"], [miss.nodeId, miss.round]), others));
}
