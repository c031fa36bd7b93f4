// One audit from its opening to its end: the rules of Audits.sol as a pure state machine over times and auditors.
//
// The first unused auditor in the order of the draw goes alone until the deadline, then any unused one. A sealed verdict
// is opened before its deadline or its author is marked. One pass ends the case and marks earlier accusers; one
// accusation only pauses pay; a second one with the same rival history confirms. Nothing here slashes.
import type { NodeId } from "@weft/protocol/NodeId";
import type { ProtocolParams } from "@weft/protocol/Params";
import type { Hex } from "viem";

export type AuditState = "waiting" | "committed" | "passed" | "confirmed" | "lapsed";

export interface AuditCase {
  state: AuditState;
  /** Drawn auditors, in order. */
  drawn: readonly NodeId[];
  used: readonly NodeId[];
  /** Whose sealed verdict waits to be opened. */
  auditor?: NodeId;
  seal?: Hex;
  /** Unix seconds: of the first auditor's turn while waiting, of the opening while committed. */
  deadline: bigint;
  endsAt: bigint;
  accusations: readonly { auditor: NodeId; altHistoryRoot: Hex }[];
  /** Spoke wrongly or not at all: unpaid. */
  marked: readonly NodeId[];
  paid: readonly NodeId[];
}

export type CaseRefusal =
  | { code: "audit.state"; state: AuditState }
  | { code: "audit.notDrawn" }
  | { code: "audit.used" }
  | { code: "audit.notYourTurn"; from: bigint }
  | { code: "audit.late"; until: bigint }
  | { code: "audit.early"; due: bigint };

export type CaseStep = { ok: true; next: AuditCase } | { ok: false; refusal: CaseRefusal };

const refused = (refusal: CaseRefusal): CaseStep => ({ ok: false, refusal });

export const isOver = ({ state }: AuditCase): boolean => state !== "waiting" && state !== "committed";

export function openCase(drawn: readonly NodeId[], params: ProtocolParams, now: bigint): AuditCase {
  return {
    state: "waiting",
    drawn,
    used: [],
    deadline: now + params.auditCommitSeconds,
    endsAt: now + params.maxAuditors * (params.auditCommitSeconds + params.auditRevealSeconds),
    accusations: [],
    marked: [],
    paid: [],
  };
}

/** When `auditor` may seal: from now on (0), from a time on, or never. */
export function turnOf(audit: AuditCase, auditor: NodeId): bigint | CaseRefusal {
  const index = audit.drawn.indexOf(auditor);
  if (audit.state !== "waiting") return { code: "audit.state", state: audit.state };
  if (index < 0) return { code: "audit.notDrawn" };
  if (audit.used.includes(auditor)) return { code: "audit.used" };
  const isFirst = audit.drawn.slice(0, index).every((earlier) => audit.used.includes(earlier));
  return isFirst ? 0n : audit.deadline + 1n;
}

export function seal(
  audit: AuditCase,
  sealing: { auditor: NodeId; seal: Hex; now: bigint },
  params: ProtocolParams,
): CaseStep {
  const { auditor, now } = sealing;
  const from = turnOf(audit, auditor);
  if (typeof from !== "bigint") return refused(from);
  if (now > audit.endsAt) return refused({ code: "audit.late", until: audit.endsAt });
  if (now < from) return refused({ code: "audit.notYourTurn", from });
  return {
    ok: true,
    next: {
      ...audit,
      state: "committed",
      used: [...audit.used, auditor],
      auditor,
      seal: sealing.seal,
      deadline: now + params.auditRevealSeconds,
    },
  };
}

/** Opens the sealed verdict; `verdict.ts` has checked that it fits the seal and the history. */
export function reveal(
  audit: AuditCase,
  verdict: { ok: boolean; altHistoryRoot: Hex; now: bigint },
  params: ProtocolParams,
): CaseStep {
  const { auditor, ...rest } = audit;
  if (audit.state !== "committed" || auditor === undefined) return refused({ code: "audit.state", state: audit.state });
  if (verdict.now > audit.deadline) return refused({ code: "audit.late", until: audit.deadline });
  if (verdict.ok) {
    const marked = [...audit.marked, ...audit.accusations.map((accusation) => accusation.auditor)];
    return { ok: true, next: { ...rest, state: "passed", marked, paid: [auditor] } };
  }
  const { altHistoryRoot } = verdict;
  const accusations = [...audit.accusations, { auditor, altHistoryRoot }];
  const earlier = audit.accusations.find((accusation) => accusation.altHistoryRoot === altHistoryRoot);
  if (earlier !== undefined)
    return { ok: true, next: { ...rest, state: "confirmed", accusations, paid: [earlier.auditor, auditor] } };
  return { ok: true, next: waiting({ ...rest, accusations }, params, verdict.now) };
}

/** After a missed deadline: frees the turn, or ends the case when nobody is left or its time is up. */
export function timeOut(audit: AuditCase, params: ProtocolParams, now: bigint): CaseStep {
  if (isOver(audit)) return refused({ code: "audit.state", state: audit.state });
  const missed = audit.state === "committed";
  if (missed && now <= audit.deadline) return refused({ code: "audit.early", due: audit.deadline });
  const { auditor, ...rest } = audit;
  const freed =
    missed && auditor !== undefined ? waiting({ ...rest, marked: [...audit.marked, auditor] }, params, now) : audit;
  const somebodyLeft = freed.used.length < freed.drawn.length && now <= freed.endsAt;
  if (!somebodyLeft) return { ok: true, next: { ...freed, state: "lapsed" } };
  return missed ? { ok: true, next: freed } : refused({ code: "audit.early", due: audit.endsAt });
}

/** True while the lease's pay is paused by this case. */
export const isPaused = (audit: AuditCase): boolean => !isOver(audit) && audit.accusations.length > 0;

const waiting = (audit: Omit<AuditCase, "auditor">, params: ProtocolParams, now: bigint): AuditCase => ({
  ...audit,
  state: "waiting",
  deadline: now + params.auditCommitSeconds,
});
