// Asks for a beacon round, so that enrolled nodes reveal in it; anyone may.
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** A round that has not started, at most `maxRoundsAhead` ahead; whoever commits a segment need not ask for its round. */
export function requestBeacon(client: ChainClient, options: { round: bigint }): Intent {
  return intentFor(client, {
    kind: "requestBeacon",
    subject: options.round.toString(),
    contract: "beacon",
    functionName: "request",
    args: [options.round],
  });
}
