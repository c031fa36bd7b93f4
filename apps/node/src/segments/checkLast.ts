// A node that starts again after it was killed looks at the last segment that it committed: what killed it may have spoilt what
// it computed. While the beacon round that the commitment names hasn't begun, a false one can be taken back: it is unpaid then,
// and nobody's fault. Costs one segment's replay, and only where there is something to take back.
import type { LeaseFacts, SegmentFacts } from "@weft/chain/facts";
import { verdictOf } from "@weft/verification/verdict";
import { roundAt } from "../chain/NodeChain.ts";
import type { JobTerms } from "../leases/checkOpen.ts";
import type { OpenedJob } from "../leases/LeaseBody.ts";
import type { NodeContext } from "../NodeContext.ts";
import type { SegmentPipeline } from "./SegmentPipeline.ts";

export interface LastSegment {
  lease: LeaseFacts;
  job: OpenedJob;
  terms: JobTerms;
  pipeline: SegmentPipeline;
  signal: AbortSignal;
}

/** The lease's last segment on chain while it can be taken back. */
export function retractable({ chain }: NodeContext, { leaseId, state }: LeaseFacts): SegmentFacts | undefined {
  const last = chain.segments(leaseId).at(-1);
  if (state !== "running" || last === undefined) return undefined;
  return roundAt(chain.beacon(), chain.now()) < last.beaconRound ? last : undefined;
}

/** The number of the last segment where a replay says that it is false. @throws WeftError of the runtime */
export async function lastIfFalse(context: NodeContext, last: LastSegment): Promise<number | undefined> {
  const { lease, job, terms, pipeline, signal } = last;
  const { blobs, settings } = context;
  const segment = Number(retractable(context, lease)?.segment ?? -1);
  const commitment = pipeline.at(segment)?.commitment;
  const known = context.chain.segments(lease.leaseId).at(-1)?.commitmentHash;
  if (commitment === undefined || pipeline.at(segment)?.hash !== known) return undefined;
  const contentId = segment === 0 ? job.resume?.contentId : pipeline.at(segment - 1)?.commitment.checkpoint;
  if (!blobs.has(terms.corpus.contentId) || (contentId !== undefined && !blobs.has(contentId))) return undefined;
  const { threads, memoryMiB } = settings.caps;
  const number = Number(commitment.firstStep) / terms.program.stepsPerSegment;
  const replayed = await context.replay({
    ...{ program: terms.program, corpusPath: blobs.path(terms.corpus.contentId), segment: number },
    ...(contentId && { start: { checkpointPath: blobs.path(contentId), contentId, segment: number } }),
    ...{ limits: { threads, memoryMiB, nice: 0 }, signal },
  });
  const { dataRoot } = terms.program;
  return verdictOf(commitment, replayed, { index: 0, program: terms.programHash, dataRoot }).ok ? undefined : segment;
}

/** Takes the lease's segments from this one on back, the last one first. @throws WeftError of the chain */
export async function retractFrom(context: NodeContext, lease: LeaseFacts, segment: number): Promise<void> {
  const { chain, log } = context;
  const last = retractable(context, lease);
  if (last === undefined || last.segment < BigInt(segment)) return;
  const commitment = await chain.commitment(lease.leaseId, last.segment);
  const before = last.segment === 0n ? undefined : await chain.commitment(lease.leaseId, last.segment - 1n);
  await chain.retract({ commitment, ...(before && { before }) });
  log.warn({ leaseId: lease.leaseId, segment: last.segment.toString() }, "a segment of this node's was taken back");
}
