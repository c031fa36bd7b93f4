// Records a provider's signed segment; anyone may bring it.
import * as Segment from "@weft/protocol/Segment";
import type { Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** `offerHash` is the other half of the leaseId. A commitment signed anew, for a later round, is another intent. */
export function commitSegment(
  client: ChainClient,
  options: { segment: Segment.SignedSegment; offerHash: Hex },
): Intent {
  const { commitment, signature } = options.segment;
  return intentFor(client, {
    kind: "commitSegment",
    subject: `${commitment.leaseId}/${commitment.segment}/${Segment.hash(commitment)}`,
    contract: "audits",
    functionName: "commitSegment",
    // The noun holds every integer as bigint; the encoder takes either.
    args: [commitment as never, options.offerHash, signature],
  });
}
