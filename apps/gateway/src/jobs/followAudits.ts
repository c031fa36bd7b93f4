// Tells the user what auditors do on a job's leases, once per change, from chain snapshots.
import type { SegmentFacts } from "@weft/chain/facts";
import type { AuditStateName } from "@weft/chain/Snapshot";
import type { JobEventBody } from "@weft/protocol/JobEvent";
import type { GatewayContext } from "../GatewayContext.ts";
import type { LeaseRecord } from "./JobRecord.ts";

type Told = "drawn" | "sealed" | "ok" | "accused" | "confirmedFalse" | "missed";

const words: Record<AuditStateName, Told | undefined> = {
  none: undefined,
  waiting: "drawn",
  committed: "sealed",
  passed: "ok",
  confirmed: "confirmedFalse",
  lapsed: "missed",
};

/** What an audit's state is called; an accuser turns the wait for the next auditor into an accusation. */
function phaseOf({ audit, accusers }: SegmentFacts): Told | undefined {
  return audit === "waiting" && accusers > 0 ? "accused" : words[audit];
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
        const auditor = facts.auditor === undefined ? {} : { auditor: facts.auditor };
        tell(context, job.jobId, { segment: lease.firstSegment + Number(facts.segment), ...auditor, phase });
      }
  });
}

/** A listener of the chain must not throw: one job whose events can't be kept would end the view of all of them. */
function tell(context: GatewayContext, jobId: string, body: JobEventBody<"audit">): void {
  try {
    context.emit(jobId, "audit", body);
  } catch (err) {
    context.log.error({ jobId, err }, "an audit could not be told");
  }
}
