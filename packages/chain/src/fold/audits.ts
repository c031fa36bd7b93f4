// Segments: committed, held, available, audited.

import type { Hex } from "viem";
import { type AuditStateName, auditStates, type SegmentState, type Snapshot, segmentKey } from "../Snapshot.ts";
import { editLease, type Reducers, withEntry } from "./reducer.ts";

export const audits: Reducers<"audits"> = {
  SegmentCommitted: (state, args, at) => {
    const { leaseId, segment, nodeId, commitmentHash, commitment } = args;
    const { beaconRound, meteredSeconds, historyRoot, checkpoint } = commitment;
    const made: SegmentState = {
      ...{ leaseId, segment, nodeId, commitmentHash, beaconRound, historyRoot, checkpoint },
      ...{ meteredSeconds: BigInt(meteredSeconds), committedAt: at.timestamp, holders: [], availableAt: undefined },
      ...{ audit: "none", auditSeed: undefined, auditOpenedAt: undefined, sealed: new Map(), reveals: [] },
      ...{ marked: [], equivocated: false },
    };
    const segments = state.segments.set(segmentKey(leaseId, segment), made);
    return editLease({ ...state, segments }, leaseId, () => ({ segmentCount: segment + 1 }));
  },
  SegmentRetracted: (state, { leaseId, segment }) => {
    const segments = state.segments.delete(segmentKey(leaseId, segment));
    return editLease({ ...state, segments }, leaseId, () => ({ segmentCount: segment }));
  },
  HeldProved: (state, { leaseId, segment, holder }) =>
    editSegment(state, { leaseId, segment }, ({ holders }) => ({ holders: [...holders, holder] })),
  SegmentAvailable: (state, { leaseId, segment }, at) =>
    editSegment(state, { leaseId, segment }, () => ({ availableAt: at.timestamp })),
  AuditOpened: (state, { leaseId, segment, seed }, at) =>
    editSegment(state, { leaseId, segment }, () => ({
      audit: "waiting",
      auditSeed: seed,
      auditOpenedAt: at.timestamp,
    })),
  AuditCommitted: (state, { leaseId, segment, auditor, commitment }, at) =>
    editSegment(state, { leaseId, segment }, ({ sealed }) => ({
      audit: "committed",
      sealed: withEntry(sealed, auditor, { commitment, at: at.timestamp }),
    })),
  AuditRevealed: (state, { leaseId, segment, auditor, ok, step, stepRoot, altHistoryRoot }, at) =>
    editSegment(state, { leaseId, segment }, ({ sealed, reveals }) => {
      const left = new Map(sealed);
      left.delete(auditor);
      const reveal = { auditor, ok, step, stepRoot, altHistoryRoot, at: at.timestamp };
      return { audit: "waiting", sealed: left, reveals: [...reveals, reveal] };
    }),
  AuditClosed: (state, { leaseId, segment, state: index }) => {
    const audit = auditStates[index] as AuditStateName;
    const closed = editSegment(state, { leaseId, segment }, () => ({ audit }));
    return audit === "confirmed" ? voidFrom(closed, { leaseId, segment }) : closed;
  },
  AuditorMarked: (state, { leaseId, segment, auditor }) =>
    editSegment(state, { leaseId, segment }, ({ marked, sealed }) => {
      const left = new Map(sealed);
      left.delete(auditor);
      return { marked: [...marked, auditor], sealed: left };
    }),
  Equivocated: (state, { leaseId, segment }) =>
    voidFrom(
      editSegment(state, { leaseId, segment }, () => ({ equivocated: true })),
      { leaseId, segment },
    ),
  CourtVoided: (state, { leaseId, segment }) => voidFrom(state, { leaseId, segment }),
};

function editSegment(
  state: Snapshot,
  which: { leaseId: Hex; segment: number },
  edit: (before: SegmentState) => Partial<SegmentState>,
): Snapshot {
  const key = segmentKey(which.leaseId, which.segment);
  const segment = state.segments.get(key);
  if (segment === undefined) return state;
  return { ...state, segments: state.segments.set(key, { ...segment, ...edit(segment) }) };
}

const voidFrom = (state: Snapshot, which: { leaseId: Hex; segment: number }): Snapshot =>
  editLease(state, which.leaseId, ({ voidedFrom }) => ({
    voidedFrom: Math.min(voidedFrom ?? which.segment, which.segment),
  }));
