// What a node keeps on disk about a lease it provides, besides its segments (receipts) and vouchers. With this and the
// chain, a restarted node goes on by itself: nothing of it has to be asked again.
import type { Opening, Peer } from "@weft/protocol/messages";
import type { Order } from "@weft/protocol/Order";
import type { Hex } from "viem";

/**
 * How far this node's own work is; the chain's state of the lease is another matter.
 * waiting: nobody opened the job yet · inputs: being fetched · ready: inputs are here · running: started on chain ·
 * finished: the runtime is done · failed: it gave up.
 */
export type LeasePhase = "waiting" | "inputs" | "ready" | "running" | "finished" | "failed";

export interface BlobRef {
  contentId: Hex;
  bytes: number;
}

/** The job as the gateway opened it, checked against the order's commitment. */
export interface OpenedJob {
  order: Order;
  details: Opening[];
  corpus: BlobRef;
  resume?: BlobRef & { nextStep: number };
  gateway: Peer;
}

export interface LeaseBody {
  orderHash: Hex;
  offerHash: Hex;
  job?: OpenedJob;
  /** Milliseconds of metered work not billed yet, 0..999. */
  carryMs: number;
  /** The last segment's checkpoint, once the runtime is done. */
  finished?: { segments: number; checkpoint: Hex };
  failed?: { code: string; message: string; retryable: boolean };
  /** Segments from this one on were found false by this node itself: taken back, and never committed again. */
  takenBack?: number;
}
