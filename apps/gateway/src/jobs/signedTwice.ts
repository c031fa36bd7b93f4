// Two contents that a provider signed for one segment: whoever holds both shows them to the chain, which voids the lease
// from there (spec/verification.md, Equivocation). This gateway holds what providers sent it; what the chain recorded is
// in the transaction that brought it. The second of the two may come from either side.
import * as Segment from "@weft/protocol/Segment";
import type { GatewayContext } from "../GatewayContext.ts";
import type { LeaseRecord } from "./JobRecord.ts";

/** Segments beyond those on chain that are kept: an honest provider stops long before. */
const mostAhead = 64n;

type Lease = Pick<LeaseRecord, "leaseId">;

/**
 * Keeps a commitment whose signature is the provider's, and reports it when another content was signed for its segment.
 * True when there is one. @throws WeftError the chain's, when the report could not be sent
 */
export async function reportTwin(
  context: GatewayContext,
  { leaseId }: Lease,
  signed: Segment.SignedSegment,
): Promise<boolean> {
  const { segment } = signed.commitment;
  if (signed.commitment.leaseId !== leaseId) return false;
  const count = BigInt(context.chain.segments(leaseId).length);
  if (segment < count + mostAhead) context.store.keepCommitment(signed);
  const kept = context.store.getCommitment(leaseId, segment);
  if (kept !== undefined && (await reportBoth(context, kept, signed))) return true;
  return await reportAnchored(context, signed);
}

/**
 * Looks at each segment that the chain records later than it was told to this gateway. Ends with the function it returns.
 */
export function watchTwins(context: GatewayContext, { leaseId }: Lease): () => void {
  const compared = new Map<bigint, string>();
  let busy = false;
  const look = async () => {
    for (const { segment, commitmentHash } of context.chain.segments(leaseId)) {
      if (compared.get(segment) === commitmentHash) continue;
      const kept = context.store.getCommitment(leaseId, segment);
      if (kept !== undefined) await reportAnchored(context, kept);
      compared.set(segment, commitmentHash);
    }
  };
  return context.chain.onChange(() => {
    if (busy) return;
    busy = true;
    look()
      // The next block brings the next try.
      .catch((error: unknown) => context.log.warn({ leaseId, err: error }, "a commitment could not be compared"))
      .finally(() => {
        busy = false;
      });
  });
}

/** The chain's commitment for the same segment against one that was signed for this gateway. */
async function reportAnchored(context: GatewayContext, signed: Segment.SignedSegment): Promise<boolean> {
  const { leaseId, segment } = signed.commitment;
  const anchored = context.chain.segments(leaseId).find((one) => one.segment === segment);
  if (anchored === undefined || anchored.commitmentHash === Segment.hash(signed.commitment)) return false;
  const recorded = await context.chain.signedCommitment(leaseId, segment);
  return recorded !== undefined && (await reportBoth(context, recorded, signed));
}

async function reportBoth(
  context: GatewayContext,
  first: Segment.SignedSegment,
  second: Segment.SignedSegment,
): Promise<boolean> {
  if (Segment.sameContent(first.commitment, second.commitment)) return false;
  const { leaseId, segment } = first.commitment;
  const mined = await context.chain.reportEquivocation(first, second);
  if (mined !== undefined)
    context.log.warn({ leaseId, segment: segment.toString(), transaction: mined.hash }, "two contents were signed");
  return true;
}
