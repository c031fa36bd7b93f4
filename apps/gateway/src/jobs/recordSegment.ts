// Writes a paid segment into the job's record and tells the user of it.
import * as Segment from "@weft/protocol/Segment";
import type { GatewayContext } from "../GatewayContext.ts";
import type { JobRecord, LeaseRecord, SegmentRecord } from "./JobRecord.ts";

export interface PaidSegment {
  commitment: Segment.SegmentCommitment;
  checkpointBytes: number;
  holders: SegmentRecord["holders"];
  /** What the lease has earned with it. */
  cumulative: bigint;
}

export function recordSegment(
  context: GatewayContext,
  work: { jobId: string; record: JobRecord; lease: LeaseRecord; save(record: JobRecord): void },
  { commitment, checkpointBytes, holders, cumulative }: PaidSegment,
): void {
  const { jobId, record, lease } = work;
  const segment: SegmentRecord = {
    leaseId: lease.leaseId,
    segment: Number(commitment.segment),
    firstStep: Number(commitment.firstStep),
    lastStep: Number(commitment.lastStep),
    commitmentHash: Segment.hash(commitment),
    startRoot: commitment.startRoot,
    endRoot: commitment.endRoot,
    historyRoot: commitment.historyRoot,
    checkpoint: { contentId: commitment.checkpoint, bytes: checkpointBytes },
    meteredSeconds: Number(commitment.meteredSeconds),
    holders,
    cumulative,
    void: false,
  };
  context.store.link(jobId, "content", commitment.checkpoint);
  record.segments.push(segment);
  work.save(record);
  const number = lease.firstSegment + segment.segment;
  const { firstStep, lastStep, historyRoot } = segment;
  const { leaseId, checkpoint } = commitment;
  context.emit(jobId, "segment", { segment: number, leaseId, firstStep, lastStep, historyRoot, checkpoint, holders });
  context.emit(jobId, "paid", { segment: number, cumulative: cumulative.toString(), nodeId: lease.nodeId });
}
