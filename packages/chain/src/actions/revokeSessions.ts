// Ends every session of the sender and every unused signed grant.
import type { Address } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** `sessionEpoch`: the current one, which this ends. */
export function revokeSessions(client: ChainClient, options: { buyer: Address; sessionEpoch: bigint }): Intent {
  return intentFor(client, {
    kind: "revokeSessions",
    subject: `${options.buyer}/${options.sessionEpoch}`,
    contract: "channels",
    functionName: "revokeAll",
    args: [],
  });
}
