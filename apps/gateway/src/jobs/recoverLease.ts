// Pay mode accrue: what a lease did while this gateway was away. The chain paid for its anchored segments without the
// gateway, so their checkpoints are the buyer's: they are read from the chain's log and fetched from the provider or the
// nodes that were drawn to hold them.
import type { LeaseFacts } from "@weft/chain/facts";
import { least } from "@weft/protocol/Amount";
import { maxCheckpointBytes } from "@weft/protocol/generated/params";
import type { Peer } from "@weft/protocol/messages";
import * as Order from "@weft/protocol/Order";
import type { SegmentCommitment } from "@weft/protocol/Segment";
import { startRootOf } from "@weft/tensor/train/startRoot";
import type { GatewayContext } from "../GatewayContext.ts";
import { type CommittedWork, differsFrom } from "./checkSegment.ts";
import { type JobRecord, lastGood, orderOf } from "./JobRecord.ts";
import { obtainCheckpoint } from "./obtainCheckpoint.ts";
import { recordSegment } from "./recordSegment.ts";

export interface RecoverWork extends CommittedWork {
  jobId: string;
  record: JobRecord;
  save(record: JobRecord): void;
  signal: AbortSignal;
}

/** Records the paid segments of a closed lease that this gateway has not seen, up to the last one it can get hold of. */
export async function recoverLease(context: GatewayContext, work: RecoverWork): Promise<void> {
  const { record, lease } = work;
  const facts = context.chain.lease(lease.leaseId);
  const closed = facts !== undefined && ["closing", "settling", "settled"].includes(facts.state);
  if (!closed || orderOf(record, lease).order.payMode !== Order.payMode.accrue) return;
  const missed = await missedBy(context, work, facts);
  const sizes = new Map<bigint, number>();
  for (const commitment of missed) {
    const sources = await sourcesOf(context, work, commitment);
    const wish = { jobId: work.jobId, program: work.program, commitment, sources, signal: work.signal };
    const obtained = await obtainCheckpoint(context, { ...wish, maxBytes: maxCheckpointBytes });
    if (obtained?.fits === true) sizes.set(commitment.segment, obtained.bytes);
  }
  const rate = lease.pricePerUnitSecond * orderOf(record, lease).order.units;
  const before = record.segments.filter(({ leaseId }) => leaseId === lease.leaseId);
  let metered = before.reduce((sum, { meteredSeconds }) => sum + BigInt(meteredSeconds), 0n);
  const last = missed.findLastIndex(({ segment }) => sizes.has(segment));
  for (const commitment of missed.slice(0, last + 1)) {
    metered += commitment.meteredSeconds;
    const checkpointBytes = sizes.get(commitment.segment) ?? 0;
    recordSegment(context, work, {
      commitment,
      checkpointBytes,
      holders: [],
      cumulative: least(rate * metered, lease.pay),
    });
  }
}

/** Commitments after the record's last segment that continue it, are not void, and whose pay is anchored. */
async function missedBy(context: GatewayContext, work: RecoverWork, facts: LeaseFacts): Promise<SegmentCommitment[]> {
  const { record, lease, program } = work;
  const rate = lease.pricePerUnitSecond * orderOf(record, lease).order.units;
  const commitments = await context.chain.commitments(lease.leaseId);
  let startRoot = lastGood(record)?.endRoot ?? (await startRootOf(program));
  let next = record.segments.filter(({ leaseId }) => leaseId === lease.leaseId).length;
  let metered = commitments.slice(0, next).reduce((sum, { meteredSeconds }) => sum + meteredSeconds, 0n);
  const missed: SegmentCommitment[] = [];
  for (const commitment of commitments.slice(next)) {
    metered += commitment.meteredSeconds;
    const isVoid = facts.voidedFrom !== undefined && BigInt(next) >= facts.voidedFrom;
    const follows =
      commitment.segment === BigInt(next) && differsFrom({ ...work, startRoot }, commitment) === undefined;
    if (isVoid || !follows || rate * metered > facts.anchored) break;
    missed.push(commitment);
    startRoot = commitment.endRoot;
    next += 1;
  }
  return missed;
}

async function sourcesOf(context: GatewayContext, work: RecoverWork, commitment: SegmentCommitment): Promise<Peer[]> {
  const { leaseId, nodeId } = work.lease;
  const draw = await context.chain.draw(leaseId, commitment.segment).catch(() => undefined);
  return [nodeId, ...(draw?.holders ?? [])].flatMap((one) => context.chain.endpointOf(one) ?? []);
}
