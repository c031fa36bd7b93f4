// Shows two different commitments that one provider signed for the same segment; anyone may.
import type { SignedSegment } from "@weft/protocol/Segment";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** The lease is void from that segment on. */
export function reportEquivocation(
  client: ChainClient,
  options: { first: SignedSegment; second: SignedSegment },
): Intent {
  const { first, second } = options;
  return intentFor(client, {
    kind: "reportEquivocation",
    subject: `${first.commitment.leaseId}/${first.commitment.segment}`,
    contract: "audits",
    functionName: "reportEquivocation",
    args: [first.commitment as never, first.signature, second.commitment as never, second.signature],
  });
}
