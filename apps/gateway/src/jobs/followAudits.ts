// Tells the user what auditors do on a job's leases, once per change, from chain snapshots.
import type { SegmentFacts } from "@weft/chain/facts";
import type { AuditStateName } from "@weft/chain/Snapshot";
import type { JobEventBody } from "@weft/protocol/JobEvent";
import type { ProtocolParams } from "@weft/protocol/Params";
import { lastSealAt } from "@weft/verification/auditWindows";
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

type Case = Pick<SegmentFacts, "audit" | "auditOpenedAt" | "accusers">;

/**
 * What an audit's state is called. An accuser turns the wait for the next auditor into an accusation; a wait that has outlived
 * the last seal is over, though nobody has to say so on chain.
 */
export function phaseOf(
  { audit, auditOpenedAt = 0n, accusers }: Case,
  { now, params }: { now: bigint; params: ProtocolParams },
): Told | undefined {
  if (audit !== "waiting") return words[audit];
  if (accusers > 0) return "accused";
  return now > lastSealAt(auditOpenedAt, params) ? "missed" : "drawn";
}

export function followAudits(
  context: GatewayContext,
  job: { jobId: string; leases: () => readonly LeaseRecord[] },
): () => void {
  const told = new Map<string, Told>();
  return context.chain.onChange(() => {
    for (const lease of job.leases())
      for (const facts of context.chain.segments(lease.leaseId)) {
        const phase = phaseOf(facts, { now: context.chain.now(), params: context.chain.params });
        const key = `${lease.leaseId}/${facts.segment}`;
        if (phase === undefined || told.get(key) === phase) continue;
        told.set(key, phase);
        const auditor = facts.auditor === undefined ? {} : { auditor: facts.auditor };
        const { leaseId, firstSegment } = lease;
        tell(context, job.jobId, { segment: firstSegment + Number(facts.segment), leaseId, ...auditor, phase });
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
