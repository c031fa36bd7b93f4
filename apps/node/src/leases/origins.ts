// The states that a lease's first segment may begin from, found without asking anybody with an interest: the order's own
// start, and the committed ends of segments of earlier leases of the same order, all read from the chain. Auditors hold
// providers to them; a provider checks what its gateway says against them before it computes anything.

import type { LeaseFacts } from "@weft/chain/facts";
import type { SegmentCommitment } from "@weft/protocol/Segment";
import { startRootOf } from "@weft/tensor/train/startRoot";
import { isWhole, type Origin } from "@weft/verification/segmentStart";
import type { Hex } from "viem";
import type { NodeChain } from "../chain/NodeChain.ts";
import type { JobTerms } from "./checkOpen.ts";

/** The first step of the order's work. */
export const orderStep = ({ start }: Pick<JobTerms, "start">): bigint => BigInt(start?.step ?? 0);

/** Where the order's work begins. */
export async function orderOrigin({ start, program }: Pick<JobTerms, "start" | "program">): Promise<Origin> {
  if (start === null) return { step: 0n, stateRoot: await startRootOf(program) };
  return { step: BigInt(start.step), stateRoot: start.stateRoot, checkpoint: start.checkpoint };
}

type ProgramTerms = Pick<JobTerms, "program" | "programHash">;
type Reads = Pick<NodeChain, "fillsOf" | "commitment" | "stoodFor">;

/** An earlier lease of the order: its segments are whole, so at most one of each lease ends before `step`. */
export interface EarlierEnd extends Origin {
  leaseId: Hex;
  segment: bigint;
}

/**
 * Ends before `step` of earlier leases' segments that stood when the lease opened.
 * @throws WeftError `segment.unknown`, `lease.unknown`, or the chain's
 */
export async function earlierEnds(
  chain: Reads,
  query: { lease: Pick<LeaseFacts, "leaseId" | "orderHash">; step: bigint; terms: ProgramTerms },
): Promise<EarlierEnd[]> {
  const { step, terms } = query;
  const { leaseId: heir, orderHash } = query.lease;
  const fills = chain.fillsOf(orderHash);
  const size = BigInt(terms.program.stepsPerSegment);
  const ends: EarlierEnd[] = [];
  for (const earlier of fills) {
    if (earlier.leaseId === heir) break;
    if (earlier.segments === 0) continue;
    const { firstStep } = await chain.commitment(earlier.leaseId, 0n);
    const segment = (step - firstStep) / size - 1n;
    if (segment < 0n || segment >= BigInt(earlier.segments)) continue;
    const committed = await chain.commitment(earlier.leaseId, segment);
    if (committed.lastStep + 1n !== step || !isOfJob(committed, terms)) continue;
    const { endRoot: stateRoot, checkpoint } = committed;
    if (await chain.stoodFor({ leaseId: earlier.leaseId, segment, heir }))
      ends.push({ leaseId: earlier.leaseId, segment, step, stateRoot, checkpoint });
  }
  return ends;
}

const isOfJob = (committed: SegmentCommitment, { program, programHash }: ProgramTerms) =>
  committed.program === programHash && committed.dataRoot === program.dataRoot && isWhole(program, committed);
