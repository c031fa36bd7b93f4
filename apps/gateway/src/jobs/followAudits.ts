// Tells the user what auditors do on a job's leases, once per change, from chain snapshots.
import type { AuditPhase, GatewayContext, SegmentFacts } from "../GatewayContext.ts";
import type { LeaseRecord } from "./JobRecord.ts";

type Told = "drawn" | "sealed" | "ok" | "accused" | "confirmedFalse" | "missed";

const words: Record<AuditPhase, Told | undefined> = {
  none: undefined,
  waiting: "drawn",
  committed: "sealed",
  passed: "ok",
  confirmed: "confirmedFalse",
  lapsed: "missed",
};

/** What an audit's state is called; an accuser turns the wait for the next auditor into an accusation. */
function phaseOf({ audit }: SegmentFacts): Told | undefined {
  return audit.phase === "waiting" && audit.accusers > 0 ? "accused" : words[audit.phase];
}

export function followAudits(
  context: GatewayContext,
  job: { jobId: string; leases: () => readonly LeaseRecord[] },
): () => void {
  const told = new Map<string, Told>();
  return context.chain.onChange(() => {
    for (const lease of job.leases())
      for (const facts of context.chain.segments(lease.leaseId)) {
        const phase = phaseOf(facts);
        const key = `${lease.leaseId}/${facts.segment}`;
        if (phase === undefined || told.get(key) === phase) continue;
        told.set(key, phase);
        context.emit(job.jobId, "audit", {
          segment: lease.firstSegment + facts.segment,
          ...(facts.audit.auditor === undefined ? {} : { auditor: facts.audit.auditor }),
          phase,
        });
      }
  });
}
