// What an order's details say of it alone. Where its work begins: the first order of a job starts at step 0; one that has to
// be signed anew, because the one before it can't be filled again, names the state it continues from. Auditors hold providers
// to that. And by which court program a dispute over it is judged, where the network has a court for its tier.
import { canonical, type Json } from "@weft/protocol/JobDetails";
import type { JobFile } from "@weft/protocol/JobFile";
import type { JobStart } from "@weft/protocol/JobStart";
import { decodeTrainProgram } from "@weft/tensor/train/Program";
import { type Hex, zeroHash } from "viem";
import type { GatewayContext } from "../GatewayContext.ts";
import { currentOrder, type JobRecord, type LeaseRecord, lastGood } from "./JobRecord.ts";
import { fieldsOf, type OrderFields, withFields } from "./prepareJob.ts";

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

const isSame = (one: Json, other: Json): boolean => canonical(one) === canonical(other);

/** The court of an order of the file, 32 zero bytes where it has none: no court hears of work that is not bit for bit. */
export const courtOf = ({ chain }: Pick<GatewayContext, "chain">, file: Pick<JobFile, "tier">): Hex =>
  file.tier === "exact" ? chain.courtId : zeroHash;

/**
 * Lets the details of the next order begin where the work stands, and name the court program of the work from there.
 * @throws WeftError of the court port
 */
export async function setFields(
  context: Pick<GatewayContext, "chain" | "blobs" | "courtProgram">,
  file: Pick<JobFile, "tier">,
  record: JobRecord,
): Promise<void> {
  const start = standing(record);
  const court = courtOf(context, file) === zeroHash ? null : await courtProgramFrom(context, record, start);
  commitTo(record, { start, court });
}

/** It takes a worker process and about a second: an order from the same start as the one before has the same one. */
async function courtProgramFrom(
  context: Pick<GatewayContext, "blobs" | "courtProgram">,
  record: JobRecord,
  start: JobStart,
): Promise<Hex> {
  const known = fieldsOf(record.details);
  if (known.court !== null && isSame(known.start, start)) return known.court;
  const program = decodeTrainProgram(record.program);
  const corpusPath = context.blobs.path(record.corpus.contentId);
  return context.courtProgram({ program, corpusPath, ...(start && { origin: start }) });
}

/** Details that an order was signed over stay to be had. */
export function commitTo(record: JobRecord, fields: OrderFields): void {
  if (isSame(fields, fieldsOf(record.details))) return;
  const { jobCommitment, details } = record;
  if (record.orders.some(({ order }) => order.jobCommitment === jobCommitment))
    record.pastDetails.push({ jobCommitment, details });
  Object.assign(record, withFields(details, fields));
}

/**
 * May the signed order's next lease go on where the work stands? Only from the order's own start, or from a segment of
 * one of its leases: when an audit takes back what the order started from, it takes a new order.
 */
export function mayContinue(record: JobRecord): boolean {
  const signed = currentOrder(record);
  const good = lastGood(record);
  if (signed === undefined || isSame(standing(record), startOf(record))) return true;
  return good === undefined
    ? startOf(record) === null
    : fillsOf(record, signed.orderHash).some(({ leaseId }) => leaseId === good.leaseId);
}

const startOf = ({ details }: JobRecord): JobStart => fieldsOf(details).start;

/** The openings of the order with this commitment. */
export const detailsOf = (record: JobRecord, jobCommitment: Hex | undefined): JobRecord["details"] =>
  record.pastDetails.find((past) => past.jobCommitment === jobCommitment)?.details ?? record.details;
