// What a drawn auditor does next about one sampled segment. Pure: the chain's case, the draw, what this node kept.
//
// Turns as contracts/src/verification/Audits.sol has them: the first unused auditor in the order of the draw goes alone
// until the deadline, then anyone unused. A sealed verdict must be opened by its deadline, whatever it says: silence is
// marked. An accusation gives the turn to the next one, a pass ends the case.
import type { NodeId } from "@weft/protocol/NodeId";
import type { AuditFacts, DrawFacts } from "../chain/NodeChain.ts";

export interface AuditInput {
  nodeId: NodeId;
  now: bigint;
  draw: DrawFacts;
  facts: AuditFacts;
  /** Unix seconds when the draw was first seen ready. */
  readySince: bigint;
  /** Verdict of this node, when it has one on disk. */
  verdict: { sealed: boolean } | undefined;
  commitSeconds: bigint;
  /** The segment is found false already, or its lease is settled. */
  over: boolean;
  /** Paid work is running and this node has no thread to spare for now. */
  busy: boolean;
  /** The lease is closed: it settles a release delay later, accused or not. */
  closed: boolean;
}

export type AuditAction =
  | { act: "replay" }
  | { act: "seal" }
  | { act: "reveal" }
  /** Starts the first auditor's clock, because it has not spoken. */
  | { act: "open" }
  | { act: "resolve" }
  | { act: "wait" }
  | { act: "drop"; why: "over" | "notSampled" | "notDrawn" | "used" };

export function decideAudit(input: AuditInput): AuditAction {
  const { draw, facts, nodeId, verdict } = input;
  if (input.over || isClosed(facts)) return { act: "drop", why: "over" };
  if (!draw.ready) return { act: "wait" };
  if (!draw.sampled) return { act: "drop", why: "notSampled" };
  const index = draw.auditors.indexOf(nodeId);
  if (index < 0) return { act: "drop", why: "notDrawn" };
  if (facts.state === "committed") return committedAction(input);
  if (facts.used.includes(nodeId)) return { act: "drop", why: "used" };
  if (!isMyTurn(input, index)) return notYet(input, index);
  if (verdict === undefined) return input.busy && !urgent(input) ? { act: "wait" } : { act: "replay" };
  return { act: "seal" };
}

const isClosed = ({ state }: AuditFacts): boolean => state === "passed" || state === "confirmed" || state === "lapsed";

function committedAction({ facts, nodeId, now, verdict }: AuditInput): AuditAction {
  if (facts.auditor === nodeId && verdict !== undefined && now <= facts.deadline) return { act: "reveal" };
  if (now > facts.deadline) return { act: "resolve" };
  return { act: "wait" };
}

/** Lower-indexed auditors are all used, or their time is up. */
function isMyTurn({ facts, now, draw }: AuditInput, index: number): boolean {
  if (draw.auditors.slice(0, index).every((auditor) => facts.used.includes(auditor))) return true;
  return facts.state === "waiting" && now > facts.deadline;
}

/** The case opens by itself when the first auditor seals; the others start its clock when that takes too long. */
function notYet(input: AuditInput, index: number): AuditAction {
  // Soon: a lease may settle a release delay after its end, and a second auditor needs its time within that.
  const patience = (input.commitSeconds * BigInt(index)) / 8n;
  return input.facts.state === "none" && input.now > input.readySince + patience ? { act: "open" } : { act: "wait" };
}

/** Half of the turn is over, or the lease: paid work or not, now it is due. */
const urgent = ({ facts, now, readySince, commitSeconds, closed }: AuditInput): boolean =>
  closed ||
  (facts.state === "waiting" ? now > facts.deadline - commitSeconds / 2n : now > readySince + commitSeconds / 2n);
