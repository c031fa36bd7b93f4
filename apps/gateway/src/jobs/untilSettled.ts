// The end of a lease's money: paid out, the rest back, unless an audit that ended late says that some work was false.
import { WeftError } from "@weft/protocol/Errors";
import type { Hex } from "viem";
import type { GatewayContext } from "../GatewayContext.ts";
import type { JobRecord, SegmentRecord } from "./JobRecord.ts";

/** Beyond the windows that the parameters set. */
const slackMs = 60_000;
const lookMs = 500;

/** A segment that an audit found false after it was paid, and that the record still counts. */
export function isFoundFalse({ chain }: Pick<GatewayContext, "chain">, segment: SegmentRecord): boolean {
  const from = chain.lease(segment.leaseId)?.voidedFrom;
  return !segment.void && from !== undefined && BigInt(segment.segment) >= from;
}

/**
 * Waits until the lease's money is where it belongs; anyone may send the settling transaction, so this does.
 * @throws WeftError `job.unsettled` when all windows are over by far
 */
export async function untilSettled(
  context: Pick<GatewayContext, "chain" | "clock" | "emit">,
  work: { jobId: string; record: Pick<JobRecord, "segments">; signal: AbortSignal },
  leaseId: Hex,
): Promise<"settled" | "falseSegment"> {
  const { chain, clock } = context;
  const { params } = chain;
  const windows = params.claimWindowSeconds + 2n * params.releaseDelaySeconds + params.auditCommitSeconds;
  const patienceMs = Number(windows) * 1000 + slackMs;
  let until = clock.now() + patienceMs;
  for (;;) {
    if (work.record.segments.some((segment) => isFoundFalse(context, segment))) return "falseSegment";
    const facts = chain.lease(leaseId);
    if (facts?.state === "settled") {
      context.emit(work.jobId, "settled", {
        leaseId,
        nodeId: facts.nodeId,
        paid: facts.paid.toString(),
        refunded: facts.refunded.toString(),
        auditorsPaid: facts.auditPaid.toString(),
      });
      return "settled";
    }
    // While an audit or a court holds the money back nothing can settle. For how long they may is for the contracts to say.
    if (facts?.frozen === true) until = clock.now() + patienceMs;
    if (clock.now() > until)
      throw new WeftError("the lease has not settled in time", {
        code: "job.unsettled",
        fault: "network",
        retryable: true,
        details: { leaseId },
        remedy: "the money stays reserved and can be settled later by anyone: weft leases",
      });
    await chain.settle(leaseId);
    await clock.sleep(lookMs, work.signal);
  }
}
