// Pays out and refunds what a closed lease still holds; anyone may, after claim window and release delay.
import type { Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** @throws when sent: `market.SettleTooEarly` with the time it is due. */
export function settle(client: ChainClient, options: { leaseId: Hex }): Intent {
  return intentFor(client, {
    kind: "settle",
    subject: options.leaseId,
    contract: "market",
    functionName: "settle",
    args: [options.leaseId],
  });
}
