// The beacon: enrolled nodes, and rounds asked for and revealed, or brought from a drand network.
import type { NodeId } from "@weft/protocol/NodeId";
import type { EnrolmentState, RoundState, Snapshot } from "../Snapshot.ts";
import type { Reducers } from "./reducer.ts";

const roundsKept = 1024n;

export const beacon: Reducers<"beacon"> = {
  Enrolled: (state, { nodeId, tip, tipRound }) => {
    const before = state.enrolments.get(nodeId);
    const isNew = before === undefined || before.retiredRound !== undefined;
    const since = isNew
      ? { misses: 0, firstRound: tipRound }
      : { misses: before.misses, firstRound: before.firstRound };
    return {
      ...state,
      enrolments: state.enrolments.set(nodeId, { nodeId, tip, tipRound, ...since, retiredRound: undefined }),
    };
  },
  Retired: (state, { nodeId, lastRound }) => editEnrolment(state, nodeId, () => ({ retiredRound: lastRound })),
  // Asked for again and again where nothing is kept about it on chain.
  RoundRequested: (state, { round }, at) =>
    editRound(state, round, ({ requestedAt }) => ({ requestedAt: requestedAt ?? at.timestamp })),
  Brought: (state, { round }, at) => editRound(state, round, () => ({ broughtAt: at.timestamp })),
  Revealed: (state, { nodeId, round, preimage }) =>
    editRound(
      editEnrolment(state, nodeId, () => ({ tip: preimage })),
      round,
      ({ revealed }) => ({ revealed: [...revealed, nodeId] }),
    ),
  Penalised: (state, { nodeId, round, misses }) =>
    editRound(
      editEnrolment(state, nodeId, () => ({ misses })),
      round,
      ({ penalised }) => ({ penalised: [...penalised, nodeId] }),
    ),
};

function editEnrolment(
  state: Snapshot,
  nodeId: NodeId,
  edit: (before: EnrolmentState) => Partial<EnrolmentState>,
): Snapshot {
  const before = state.enrolments.get(nodeId);
  if (before === undefined) return state;
  return { ...state, enrolments: state.enrolments.set(nodeId, { ...before, ...edit(before) }) };
}

function editRound(state: Snapshot, round: bigint, edit: (before: RoundState) => Partial<RoundState>): Snapshot {
  const key = round.toString();
  const before = state.rounds.get(key) ?? emptyRound(round);
  const rounds = dropOld(state.rounds.set(key, { ...before, ...edit(before) }), round);
  return { ...state, rounds };
}

const emptyRound = (round: bigint): RoundState => ({
  ...{ round, requestedAt: undefined, broughtAt: undefined },
  ...{ revealed: [], penalised: [] },
});

/** Rounds are asked for out of order and with gaps, so the whole map is looked through, but only when it is full. */
function dropOld(rounds: Snapshot["rounds"], newest: bigint): Snapshot["rounds"] {
  if (BigInt(rounds.size) <= roundsKept) return rounds;
  let left = rounds;
  for (const [key, { round }] of rounds.entries()) if (round + roundsKept / 2n < newest) left = left.delete(key);
  return left;
}
