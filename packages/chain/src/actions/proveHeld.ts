// Brings drawn holders' words that they keep a checkpoint; with enough of them the segment is available.
import type { SignedHeld } from "@weft/protocol/Held";
import * as Segment from "@weft/protocol/Segment";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** Those already on chain must not be in the list. */
export function proveHeld(
  client: ChainClient,
  options: { commitment: Segment.SegmentCommitment; held: readonly SignedHeld[] },
): Intent {
  const { commitment, held } = options;
  const holders = held.map((one) => one.held.holder);
  return intentFor(client, {
    kind: "proveHeld",
    subject: `${Segment.hash(commitment)}/${[...holders].sort().join("+")}`,
    contract: "audits",
    functionName: "proveHeld",
    args: [commitment as never, holders, held.map((one) => one.signature)],
  });
}
