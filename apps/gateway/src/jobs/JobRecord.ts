// Everything the gateway must know of one job to go on after a kill -9. Stored as JSON; bigint as decimal text.
//
// A record only ever grows by whole facts (order signed, bids closed, lease opened, segment paid), each saved before the
// step that depends on it, so that every step can be run again.
import { WeftError } from "@weft/protocol/Errors";
import { hexOf, uintOf } from "@weft/protocol/fields";
import { streams } from "@weft/protocol/messages";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import { z } from "zod";

const hash = hexOf(32);
const blob = z.object({ contentId: hash, bytes: z.int().nonnegative() });
const details = streams["job.open"].shape.details;

const orderShape = z.object({
  ...Order.signedShape.shape,
  orderHash: hash,
  signedAtMs: z.int(),
  /** Bids or standing offers in ranked order, winner first. */
  ranked: z.array(Offer.signedShape).max(512).default([]),
  /** No further lease is opened under it. */
  ended: z.boolean().default(false),
});
export type OrderRecord = z.infer<typeof orderShape>;

/** Orders of one job at most. */
export const maxOrders = 64;

const leaseShape = z.object({
  leaseId: hash,
  orderHash: hash,
  fill: z.int().nonnegative(),
  nodeId: hexOf(20),
  offer: Offer.signedShape,
  /** Wei of gas and the transaction, once mined. */
  transaction: hash.optional(),
  pricePerUnitSecond: uintOf(96),
  pay: uintOf(128),
  auditPot: uintOf(128),
  /** Chain time of the start, once known. */
  startedAt: uintOf(64).optional(),
  /** Step the lease began at, and the segment number of the job that its segment 0 is. */
  firstStep: z.int().nonnegative(),
  firstSegment: z.int().nonnegative(),
  closed: z.string().optional(),
});
export type LeaseRecord = z.infer<typeof leaseShape>;

const segmentShape = z.object({
  leaseId: hash,
  /** Number within its lease. */
  segment: z.int().nonnegative(),
  firstStep: z.int().nonnegative(),
  lastStep: z.int().nonnegative(),
  commitmentHash: hash,
  startRoot: hash,
  endRoot: hash,
  historyRoot: hash,
  checkpoint: blob,
  meteredSeconds: z.int().nonnegative(),
  holders: z.array(hexOf(20)),
  cumulative: uintOf(128),
  /** Found false by audit, or built on a segment that was. */
  void: z.boolean().default(false),
});
export type SegmentRecord = z.infer<typeof segmentShape>;

const shape = z.object({
  /** The job file as it was sent, checked again when it is read. */
  file: z.unknown(),
  corpus: blob,
  /** Canonical JSON of the program. */
  program: z.string().max(65_536),
  totalSteps: z.int().positive(),
  details,
  jobCommitment: hash,
  /** Of earlier orders of the job, which their auditors still ask for. */
  pastDetails: z
    .array(z.object({ jobCommitment: hash, details }))
    .max(64)
    .default([]),
  /** Every order signed for the job, in turn; the last one is worked unless it ended. */
  orders: z.array(orderShape).max(maxOrders).default([]),
  leases: z.array(leaseShape).max(64).default([]),
  segments: z.array(segmentShape).max(65_536).default([]),
  cancelled: z.boolean().default(false),
});
export type JobRecord = z.infer<typeof shape>;

/** JSON text of a record. */
export const encode = (record: JobRecord): string =>
  JSON.stringify(record, (_, value) => (typeof value === "bigint" ? value.toString() : value));

export const decode = (text: string): JobRecord => shape.parse(JSON.parse(text));

/** The order that leases are opened under, if any. */
export const currentOrder = (record: JobRecord): OrderRecord | undefined => {
  const last = record.orders.at(-1);
  return last?.ended === false ? last : undefined;
};

/** The order a lease was opened under. @throws WeftError `job.record` when the record has no such order */
export function orderOf(record: JobRecord, { orderHash, leaseId }: LeaseRecord): OrderRecord {
  const found = record.orders.find((order) => order.orderHash === orderHash);
  if (found !== undefined) return found;
  throw new WeftError("a lease of the job belongs to no order", {
    code: "job.record",
    fault: "us",
    details: { leaseId, orderHash },
  });
}

/** Ends the current order: what is still to be done needs a new one. Its candidates are not needed any more. */
export function endOrder(record: JobRecord): void {
  const order = currentOrder(record);
  if (order === undefined) return;
  order.ended = true;
  order.ranked = [];
}

/** The lease that is being worked, if any. */
export const currentLease = (record: JobRecord): LeaseRecord | undefined => {
  const last = record.leases.at(-1);
  return last === undefined || last.closed !== undefined ? undefined : last;
};

/** The last segment that stands: available, paid, not void. Work continues after it. */
export const lastGood = (record: JobRecord): SegmentRecord | undefined =>
  record.segments.filter((segment) => !segment.void).at(-1);

/** The step a new lease starts from. */
export const nextStepOf = (record: JobRecord): number => (lastGood(record)?.lastStep ?? -1) + 1;
