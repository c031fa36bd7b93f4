// What a drawn auditor does next about one sampled segment. Pure: the chain's case, the draw, what this node kept.
//
// Turns as contracts/src/verification/AuditCases.sol has them: the first of the draw goes alone until the deadline or until
// it has spoken, then anyone unused. A sealed verdict must be opened by its deadline, whatever it says: silence is
// marked. After an accusation anyone else may speak, a pass ends the case.
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
  /** The node stops or drains: what is sealed is still opened, nothing more is begun. */
  leaving: boolean;
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
  | { act: "drop"; why: "over" | "notSampled" | "notDrawn" | "used" | "late" };

export function decideAudit(input: AuditInput): AuditAction {
  const { draw, facts, nodeId, verdict } = input;
  if (input.over || isClosed(facts)) return { act: "drop", why: "over" };
  if (!draw.ready) return { act: "wait" };
  if (!draw.sampled) return { act: "drop", why: "notSampled" };
  const index = draw.auditors.indexOf(nodeId);
  if (index < 0) return { act: "drop", why: "notDrawn" };
  if (facts.state === "committed") return committedAction(input);
  if (facts.used.includes(nodeId)) return { act: "drop", why: "used" };
  if (facts.state === "waiting" && input.now > facts.endsAt) return { act: "drop", why: "late" };
  if (!isMyTurn(input, index)) return notYet(input, index);
  if (verdict !== undefined) return { act: "seal" };
  return input.leaving || (input.busy && !urgent(input)) ? { act: "wait" } : { act: "replay" };
}

const isClosed = ({ state }: AuditFacts): boolean => state === "passed" || state === "confirmed" || state === "lapsed";

function committedAction({ facts, nodeId, now, verdict }: AuditInput): AuditAction {
  if (facts.auditor === nodeId && verdict !== undefined && now <= facts.deadline) return { act: "reveal" };
  if (now > facts.deadline) return { act: "resolve" };
  return { act: "wait" };
}

/** The first always; the others once it has spoken or its time is up. */
const isMyTurn = ({ facts, now }: AuditInput, index: number): boolean =>
  index === 0 || (facts.state === "waiting" && now > facts.deadline);

/** The case opens by itself when the first auditor seals; the others start its clock when that takes too long. */
function notYet(input: AuditInput, index: number): AuditAction {
  // At least half a turn for the first to replay in peace; less than a whole one, which the contract's window has room for.
  const patience = (input.commitSeconds * BigInt(8 + index)) / 16n;
  return input.facts.state === "none" && input.now > input.readySince + patience ? { act: "open" } : { act: "wait" };
}

/** Half of the turn is over, or the lease: paid work or not, now it is due. */
const urgent = ({ facts, now, readySince, commitSeconds, closed }: AuditInput): boolean =>
  closed ||
  (facts.state === "waiting" ? now > facts.deadline - commitSeconds / 2n : now > readySince + commitSeconds / 2n);
