// A finished segment of the runtime becomes a signed commitment on disk. The number is taken on disk together with the
// carry of its metering; doing it again after a restart changes nothing.

import type { LeaseFacts } from "@weft/chain/facts";
import { meterSegment } from "@weft/compute/metering";
import type { SegmentEvent } from "@weft/compute/Runtime";
import { signNoun } from "@weft/protocol/Domain";
import * as Segment from "@weft/protocol/Segment";
import type { Hex } from "viem";
import { roundAt } from "../chain/NodeChain.ts";
import type { JobTerms } from "../leases/checkOpen.ts";
import type { LeaseBody } from "../leases/LeaseBody.ts";
import { leasePin, type NodeContext } from "../NodeContext.ts";
import { keepReceipt, listReceipts, replaceReceipt } from "../store/receipts.ts";
import { transaction } from "../store/Store.ts";
import { inclusionSeconds, roundToName, type SegmentWork } from "./decideSegment.ts";

export interface RecordingLease {
  facts: LeaseFacts;
  terms: JobTerms;
  /** The runtime's number of the lease's segment 0. */
  firstSegment: number;
  body: LeaseBody;
  /** Writes the body; called inside the transaction that takes the number. */
  save(body: LeaseBody): void;
}

/** A receipt's body: what can't be had from the chain or from others again. */
type KeptWork = Pick<SegmentWork, "commitment" | "signature" | "checkpointBytes">;

/** The segment, new or as it was recorded before. */
export async function recordSegment(
  context: NodeContext,
  lease: RecordingLease,
  event: SegmentEvent,
): Promise<SegmentWork> {
  const sequence = event.segment - lease.firstSegment;
  const { leaseId } = lease.facts;
  const [there] = listReceipts(context.store, { leaseId, from: sequence, limit: 1 });
  if (there?.sequence === sequence) return workOf(there);
  await keepCheckpoint(context, leaseId, event);
  const metered = meterSegment({ busyMs: event.meteredMs, wallMs: event.meteredMs, carryMs: lease.body.carryMs });
  const work = await signWork(
    context,
    {
      leaseId,
      segment: BigInt(sequence),
      firstStep: BigInt(event.firstStep),
      lastStep: BigInt(event.lastStep),
      orderHash: lease.facts.orderHash,
      program: lease.terms.programHash,
      dataRoot: lease.terms.program.dataRoot,
      ...event.trace,
      checkpoint: event.checkpoint.contentId,
      meteredSeconds: metered.seconds,
      tokens: BigInt(event.tokens),
      beaconRound: 0n,
    },
    event.checkpoint.bytes,
  );
  transaction(context.store, () => {
    keepReceipt(context.store, { receipt: receiptOf(work, event.segment), at: context.clock.now() });
    lease.save({ ...lease.body, carryMs: metered.carryMs });
  });
  return work;
}

/** A file that is gone leaves a segment nobody can hold: it stays unpaid, but the commitment is still due. */
async function keepCheckpoint(context: NodeContext, leaseId: Hex, { checkpoint }: SegmentEvent): Promise<void> {
  try {
    await context.blobs.adopt(checkpoint.path, checkpoint);
    context.blobs.pin(checkpoint.contentId, leasePin(leaseId));
  } catch (error) {
    if (
      (error as { code?: string }).code !== "ENOENT" &&
      (error as { cause?: { code?: string } }).cause?.code !== "ENOENT"
    )
      throw error;
    context.log.error({ leaseId, checkpoint: checkpoint.contentId }, "checkpoint file is missing");
  }
}

async function signWork(
  context: NodeContext,
  commitment: Segment.SegmentCommitment,
  checkpointBytes: number,
): Promise<SegmentWork> {
  const { chain } = context;
  const beacon = chain.beacon();
  const named = {
    ...commitment,
    beaconRound: roundToName(roundAt(beacon, chain.now()), {
      roundSeconds: beacon.roundSeconds,
      inclusionSeconds: inclusionSeconds(chain.blockSeconds),
      maxRoundsAhead: chain.params.maxRoundsAhead,
    }),
  };
  const signature = await signNoun(chain.network, Segment.schema, named, context.operator);
  return { commitment: named, hash: Segment.hash(named), signature, checkpointBytes, held: [] };
}

/**
 * Signs a commitment for a later round because the named one passed before it reached the chain. Only the round differs,
 * which is no equivocation (spec/verification.md); any other field that changed would be.
 */
export async function signAgain(context: NodeContext, work: SegmentWork): Promise<SegmentWork> {
  const { commitment, checkpointBytes } = work;
  const again = await signWork(context, commitment, checkpointBytes);
  const [there] = listReceipts(context.store, {
    leaseId: commitment.leaseId,
    from: Number(commitment.segment),
    limit: 1,
  });
  const receipt = receiptOf(again, there?.segment ?? Number(commitment.segment));
  replaceReceipt(context.store, { receipt, at: context.clock.now() });
  context.log.warn(
    {
      leaseId: commitment.leaseId,
      segment: commitment.segment.toString(),
      round: again.commitment.beaconRound.toString(),
    },
    "segment signed again: its beacon round passed before it was on chain",
  );
  return { ...again, held: [] };
}

/** Test fault only: the same segment with ten times the seconds, signed as well. */
export async function signInflated(context: NodeContext, work: SegmentWork): Promise<Segment.SignedSegment> {
  const commitment = { ...work.commitment, meteredSeconds: 10n * work.commitment.meteredSeconds };
  return { commitment, signature: await signNoun(context.chain.network, Segment.schema, commitment, context.operator) };
}

const receiptOf = (work: SegmentWork, segment: number) => ({
  leaseId: work.commitment.leaseId,
  sequence: Number(work.commitment.segment),
  segment,
  hash: work.hash,
  body: {
    commitment: work.commitment,
    signature: work.signature,
    checkpointBytes: work.checkpointBytes,
  } satisfies KeptWork,
});

/** The segment as a restarted node finds it. */
export function workOf(receipt: { hash: Hex; body: unknown; state: "sent" | "paid" | "refused" }): SegmentWork {
  const body = receipt.body as KeptWork;
  const work: SegmentWork = { ...body, hash: receipt.hash, held: [] };
  return receipt.state === "paid" ? { ...work, answer: { paid: true } } : work;
}
