// Asks the beacon for a round that has not started.
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** commitSegment does this by itself. */
export function requestRound(client: ChainClient, options: { round: bigint }): Intent {
  return intentFor(client, {
    kind: "requestRound",
    subject: `${options.round}`,
    contract: "beacon",
    functionName: "request",
    args: [options.round],
  });
}
