// Ends a lease that was not started in time; anyone may.
import type { Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** The bond goes to the buyer when the inputs were ready, else the provider earns the start fee. */
export function closeUnstarted(client: ChainClient, options: { leaseId: Hex }): Intent {
  return intentFor(client, {
    kind: "closeUnstarted",
    subject: options.leaseId,
    contract: "market",
    functionName: "closeUnstarted",
    args: [options.leaseId],
  });
}
