// Every message that crosses the network between nodes, by kind. The envelope adds the version; see spec/transport.md.
//
// Gossip carries offers and funded orders. Streams carry bids, job sessions, holding and audit requests, and the pull
// sync of late joiners. Bulk bytes (corpora, checkpoints) travel by content id over the blob protocol.
import { z } from "zod";
import { hexOf, uintOf } from "./fields.ts";
import * as Held from "./Held.ts";
import * as Offer from "./Offer.ts";
import * as Order from "./Order.ts";
import * as Segment from "./Segment.ts";
import * as Voucher from "./Voucher.ts";

export const protocols = {
  bid: "/weft/bid/1",
  sync: "/weft/sync/1",
  job: "/weft/job/1",
  hold: "/weft/hold/1",
  details: "/weft/details/1",
  blob: "/weft/blob/1",
} as const;

export const topics = (networkId: string) => ({
  offers: `weft/${networkId}/offers/1`,
  orders: `weft/${networkId}/orders/1`,
});

const peer = z.strictObject({ peerId: z.string().min(8).max(128), addresses: z.array(z.string().max(256)).max(8) });
const text = (limit: number) => z.string().max(limit);
/** Where a run continues: the checkpoint it starts from and its next step. */
const resume = z.strictObject({
  checkpoint: hexOf(32),
  bytes: z.int().nonnegative(),
  nextStep: z.int().nonnegative(),
});
const code = z.string().regex(/^[a-z][a-zA-Z0-9.-]{0,63}$/);

/** One salted field of a job's details: opens by itself against the order's jobCommitment. */
const opening = z.strictObject({
  field: z.string().max(64),
  salt: hexOf(32),
  /** Canonical JSON text of the value. */
  value: text(65_536),
  path: z.array(hexOf(32)).max(8),
});

export const gossip = {
  offer: z.strictObject({ ...Offer.signedShape.shape, peer }),
  order: z.strictObject({ ...Order.signedShape.shape, reply: peer }),
} as const;

export const streams = {
  // bid: provider → the order's reply address
  bid: z.strictObject({ ...Offer.signedShape.shape, peer }),
  "bid.result": z.strictObject({ accepted: z.boolean(), reasons: z.array(text(256)).max(16) }),

  // sync: late joiner → anyone
  "sync.request": z.strictObject({ limit: z.int().min(1).max(1024) }),
  "sync.book": z.strictObject({
    offers: z.array(gossip.offer).max(64),
    orders: z.array(gossip.order).max(64),
    more: z.boolean(),
  }),

  // job session: buyer's gateway ↔ provider of the lease
  "job.open": z.strictObject({
    leaseId: hexOf(32),
    order: Order.shape,
    details: z.array(opening).max(32),
    corpus: z.strictObject({ contentId: hexOf(32), bytes: z.int().nonnegative() }),
    /** Absent for a fresh start. */
    resume: resume.optional(),
    gateway: peer,
  }),
  "job.accepted": z.strictObject({ leaseId: hexOf(32) }),
  "job.progress": z.strictObject({
    step: z.int().nonnegative(),
    totalSteps: z.int().positive(),
    /** Mean training loss in bits per byte × 1e6, an integer: floats never cross a trust boundary. */
    lossMicroBits: z.int().nonnegative(),
    tokensPerSecond: z.int().nonnegative(),
  }),
  "job.segment": z.strictObject({
    ...Segment.signedShape.shape,
    checkpointBytes: z.int().nonnegative(),
    holders: z.array(Held.signedShape).max(8),
  }),
  "job.voucher": Voucher.signedShape,
  /** The gateway's refusal to pay for a segment, with the reason. */
  "job.unpaid": z.strictObject({ segment: z.int().nonnegative(), code, message: text(512) }),
  "job.done": z.strictObject({ segments: z.int().nonnegative(), checkpoint: hexOf(32) }),
  "job.stop": z.strictObject({ code, message: text(512) }),
  "job.failed": z.strictObject({ code, message: text(512), retryable: z.boolean() }),

  // hold: provider or gateway → drawn holder
  "hold.request": z.strictObject({
    leaseId: hexOf(32),
    segment: uintOf(32),
    checkpoint: hexOf(32),
    bytes: z.int().nonnegative(),
    sources: z.array(peer).min(1).max(4),
  }),
  /** The same for a job's inputs: buyer's gateway → any staked node of neither party. The openings name the corpus. */
  "hold.inputs": z.strictObject({
    leaseId: hexOf(32),
    details: z.array(opening).max(32),
    resume: resume.optional(),
    sources: z.array(peer).min(1).max(4),
  }),
  "hold.ack": Held.signedShape,

  // details: drawn auditor → gateway, provider or holder
  "details.request": z.strictObject({ leaseId: hexOf(32), segment: uintOf(32) }),
  details: z.strictObject({
    leaseId: hexOf(32),
    details: z.array(opening).max(32),
    corpus: z.strictObject({ contentId: hexOf(32), bytes: z.int().nonnegative() }),
    /** The checkpoint the segment starts from; absent when it starts from the program's own start state. */
    start: z.strictObject({ checkpoint: hexOf(32), bytes: z.int().nonnegative() }).optional(),
  }),

  // any request can be refused
  refused: z.strictObject({ code, message: text(512), retryable: z.boolean() }),
} as const;

export type GossipKind = keyof typeof gossip;
export type StreamKind = keyof typeof streams;
export type GossipMessage<K extends GossipKind> = z.infer<(typeof gossip)[K]>;
export type StreamMessage<K extends StreamKind> = z.infer<(typeof streams)[K]>;
export type Peer = z.infer<typeof peer>;
export type Opening = z.infer<typeof opening>;
