// The sender's order with this nonce opens no lease and no further fill.
import type { Address } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** Sent by the buyer itself. */
export function cancelOrder(client: ChainClient, options: { buyer: Address; nonce: bigint }): Intent {
  return intentFor(client, {
    kind: "cancelOrder",
    subject: `${options.buyer}/${options.nonce}`,
    contract: "market",
    functionName: "cancelOrder",
    args: [options.nonce],
  });
}
