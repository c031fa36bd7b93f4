// Takes the last segment of a lease back, before the beacon round that it names begins and while the lease runs.
import * as Segment from "@weft/protocol/Segment";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

export interface RetractOptions {
  commitment: Segment.SegmentCommitment;
  /** The segment before it; absent for segment 0. */
  before?: Segment.SegmentCommitment;
}

/** What is committed in its place names a later round. */
export function retract(client: ChainClient, { commitment, before = commitment }: RetractOptions): Intent {
  return intentFor(client, {
    kind: "retract",
    subject: Segment.hash(commitment),
    contract: "audits",
    functionName: "retract",
    args: [commitment, before] as never,
  });
}
