// Where an order's work begins. The first order of a job starts at step 0; one that has to be signed anew, because the
// one before it can't be filled again, names in its details the state it continues from. Auditors hold providers to that.
import { canonical } from "@weft/protocol/JobDetails";
import type { JobStart } from "@weft/protocol/JobStart";
import type { Hex } from "viem";
import { currentOrder, type JobRecord, type LeaseRecord, lastGood } from "./JobRecord.ts";
import { startOf, withStart } from "./prepareJob.ts";

/** The job's leases under this order; an earlier order of the same job has its own. */
export const fillsOf = (record: JobRecord, orderHash: Hex): LeaseRecord[] =>
  record.leases.filter((lease) => lease.orderHash === orderHash);

/** The state after the last segment that stands. */
function standing(record: JobRecord): JobStart {
  const good = lastGood(record);
  if (good === undefined) return null;
  const { contentId: checkpoint, bytes } = good.checkpoint;
  return { step: good.lastStep + 1, stateRoot: good.endRoot, checkpoint, bytes };
}

const isSame = (one: JobStart, other: JobStart): boolean => canonical(one) === canonical(other);

/** Lets the details of the next order begin where the work stands. */
export function setStart(record: JobRecord): void {
  const start = standing(record);
  if (isSame(start, startOf(record.details))) return;
  record.pastDetails.push({ jobCommitment: record.jobCommitment, details: record.details });
  Object.assign(record, withStart(record.details, start));
}

/**
 * May the signed order's next lease go on where the work stands? Only from the order's own start, or from a segment of
 * one of its leases: when an audit takes back what the order started from, it takes a new order.
 */
export function mayContinue(record: JobRecord): boolean {
  const signed = currentOrder(record);
  const good = lastGood(record);
  if (signed === undefined || isSame(standing(record), startOf(record.details))) return true;
  return good === undefined
    ? startOf(record.details) === null
    : fillsOf(record, signed.orderHash).some(({ leaseId }) => leaseId === good.leaseId);
}

/** The openings of the order with this commitment. */
export const detailsOf = (record: JobRecord, jobCommitment: Hex | undefined): JobRecord["details"] =>
  record.pastDetails.find((past) => past.jobCommitment === jobCommitment)?.details ?? record.details;
