// Ends a lease and says why.
import { type CloseReason, closeReasons } from "@weft/protocol/Lease";
import type { Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** Who may give which reason: IMarket.close. */
export function closeLease(client: ChainClient, options: { leaseId: Hex; reason: CloseReason }): Intent {
  return intentFor(client, {
    kind: "closeLease",
    subject: `${options.leaseId}/${options.reason}`,
    contract: "market",
    functionName: "close",
    args: [options.leaseId, closeReasons.indexOf(options.reason)],
  });
}
