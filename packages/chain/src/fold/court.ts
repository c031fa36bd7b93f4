// Disputes: rivals named, and what became of them and of the commitments.
import type { Hex } from "viem";
import { grounds } from "../courtGrounds.ts";
import type { EventArgs } from "../Events.ts";
import type { DisputeState, RivalState, Snapshot } from "../Snapshot.ts";
import type { Reducers } from "./reducer.ts";

export const court: Reducers<"court"> = {
  Challenged: (state, args, at) => {
    const { game, sponsor, ground, rival, bond } = args;
    const named: RivalState = {
      ...{ game, sponsor, ground: grounds[ground]!, rival, bond, at: at.timestamp, block: at.block },
      ...{ end: "in", lost: 0n },
    };
    return editDispute(state, args, ({ rivals, live }) => ({ rivals: [...rivals, named], live: live ?? game }));
  },
  RivalEliminated: (state, { commitment, game, lost }) =>
    playNext(
      editRival(state, { commitment, game }, () => ({ end: "eliminated", lost })),
      commitment,
    ),
  Reclaimed: (state, { commitment, game }) => editRival(state, { commitment, game }, () => ({ end: "reclaimed" })),
  CommitmentEliminated: (state, args, at) => {
    const { sponsor } = args;
    const ground = grounds[args.ground]!;
    // What is proven at once has no rival, and one that was void already no winner; else it is the live one's game that was won.
    const isProven = ground === "fields" || ground === "nan" || ground === "convicted";
    return editDispute(state, args, ({ rivals, live }) => ({
      ...{ eliminated: { sponsor, ground, at: at.timestamp }, live: undefined },
      rivals: rivals.map((rival) => (rival.game === live && !isProven ? { ...rival, end: "won" } : rival)),
    }));
  },
  // Of the elimination right before it: nothing else punishes, and the two come in one transaction.
  Punished: (state, args, at) => {
    const { bondToSponsor, bondToBuyer, stakeBurnt, pattern } = args;
    const found = [...state.disputes.values()].find(
      ({ leaseId, eliminated, punished }) =>
        punished === undefined && eliminated?.at === at.timestamp && state.leases.get(leaseId)?.nodeId === args.nodeId,
    );
    if (found === undefined) return state;
    const punished = { bondToSponsor, bondToBuyer, stakeBurnt, pattern };
    return { ...state, disputes: state.disputes.set(found.commitmentHash, { ...found, punished }) };
  },
};

/** The highest bond plays next, then the earliest. */
function playNext(state: Snapshot, commitment: Hex): Snapshot {
  const dispute = state.disputes.get(commitment);
  if (dispute === undefined) return state;
  const [first] = dispute.rivals.filter(({ end }) => end === "in").toSorted((a, b) => Number(b.bond - a.bond));
  return { ...state, disputes: state.disputes.set(commitment, { ...dispute, live: first?.game }) };
}

function editDispute(
  state: Snapshot,
  args: Pick<EventArgs<"court", "Challenged">, "commitment" | "leaseId" | "segment">,
  edit: (before: DisputeState) => Partial<DisputeState>,
): Snapshot {
  const { commitment: commitmentHash, leaseId, segment } = args;
  const none: DisputeState = {
    ...{ commitmentHash, leaseId, segment, rivals: [], live: undefined, eliminated: undefined, punished: undefined },
  };
  const before = state.disputes.get(commitmentHash) ?? none;
  return { ...state, disputes: state.disputes.set(commitmentHash, { ...before, ...edit(before) }) };
}

function editRival(
  state: Snapshot,
  { commitment, game }: { commitment: Hex; game: Hex },
  edit: (before: RivalState) => Partial<RivalState>,
): Snapshot {
  const dispute = state.disputes.get(commitment);
  if (dispute === undefined) return state;
  const rivals = dispute.rivals.map((rival) => (rival.game === game ? { ...rival, ...edit(rival) } : rival));
  return { ...state, disputes: state.disputes.set(commitment, { ...dispute, rivals }) };
}
