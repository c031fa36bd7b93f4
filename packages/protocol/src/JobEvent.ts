// What a gateway tells its user about a job, one event per line (NDJSON), in order of `seq`. The same events feed the
// terminal, `--json`, and a re-attached client. Amounts are decimal text of integer stablecoin units (1e-6).
import { z } from "zod";
import { shapes as disputeShapes } from "./DisputeEvent.ts";
import { hexOf } from "./fields.ts";

const amount = z.string().regex(/^\d{1,39}$/);
const id = z.string().max(80);
const nodeId = hexOf(20);
const hash = hexOf(32);
const count = z.int().nonnegative();
const refusal = z.object({ nodeId, reasons: z.array(z.string()) });
const bidder = z.object({ nodeId, pricePerUnitSecond: amount });

export const shapes = {
  created: z.object({ jobId: id, name: z.string() }),
  order: z.object({
    orderHash: hash,
    budget: amount,
    maxPricePerUnitSecond: amount,
    mechanism: z.string(),
    tier: z.string(),
    payMode: z.string(),
    biddingEndsAt: count,
    offersKnown: count,
  }),
  bid: z.object({ nodeId, pricePerUnitSecond: amount, total: amount }),
  bidRefused: refusal,
  auction: z.object({ winner: bidder, runnerUp: bidder.optional(), bids: count, refused: z.array(refusal) }),
  /** `message` when there is not even an offer to give a reason for; `remedies`: what to change for the nearest misses. */
  unmatched: z.object({
    reasons: z.array(refusal),
    message: z.string().optional(),
    remedies: z.array(z.string()).max(8).optional(),
  }),
  lease: z.object({
    leaseId: hash,
    nodeId,
    transaction: hash,
    blockNumber: count,
    gasUsed: count,
    latencyMs: count,
    fill: count,
    bond: amount,
    reserved: amount,
  }),
  started: z.object({ leaseId: hash, transaction: hash.optional() }),
  progress: z.object({ step: count, totalSteps: count, bitsPerByte: z.number(), tokensPerSecond: count }),
  /** `segment` is the job's number; `leaseId`, here and in `audit`: whose it is, as the same number may be done again. */
  segment: z.object({
    segment: count,
    leaseId: hash.optional(),
    firstStep: count,
    lastStep: count,
    historyRoot: hash,
    checkpoint: hash,
    holders: z.array(nodeId),
  }),
  paid: z.object({ segment: count, cumulative: amount, nodeId }),
  unpaid: z.object({ segment: count, code: z.string(), message: z.string() }),
  audit: z.object({
    segment: count,
    leaseId: hash.optional(),
    auditor: nodeId.optional(),
    phase: z.enum(["drawn", "sealed", "ok", "accused", "confirmedFalse", "missed", "cleared"]),
  }),
  /** What happens in court to segments of the job's leases; `segment` is the job's number. */
  ...disputeShapes,
  failover: z.object({ fromNode: nodeId, reason: z.string(), fromStep: count, toNode: nodeId.optional() }),
  /** `finalInSeconds`: until the last claim has matured and the lease can settle, if nothing is disputed. */
  closing: z.object({ leaseId: hash, reason: z.string(), finalInSeconds: count.optional() }),
  evaluated: z.object({
    bitsPerByte: z.number(),
    baselineOneChar: z.number(),
    baselineTwoChar: z.number(),
    heldOutBytes: count,
  }),
  sample: z.object({ text: z.string() }),
  settled: z.object({ leaseId: hash, nodeId, paid: amount, refunded: amount, auditorsPaid: amount }),
  done: z.object({
    checkpointPath: z.string(),
    bytes: count,
    paid: z.array(z.object({ nodeId, role: z.enum(["provider", "auditor"]), amount })),
    gas: z.object({ byAction: z.record(z.string(), z.string()), total: z.string() }),
    seconds: z.number(),
  }),
  failed: z.object({ code: z.string(), message: z.string(), remedy: z.string().optional() }),
  cancelled: z.object({ message: z.string() }),
} as const;

export type JobEventKind = keyof typeof shapes;
export type JobEventBody<K extends JobEventKind> = z.infer<(typeof shapes)[K]>;
export type JobEvent = { [K in JobEventKind]: { seq: number; at: number; kind: K } & JobEventBody<K> }[JobEventKind];

/** Kinds after which no further event of the job follows. */
const finalKinds: readonly JobEventKind[] = ["done", "failed", "cancelled", "unmatched"];
export const isFinal = (event: { kind: JobEventKind }): boolean => finalKinds.includes(event.kind);
