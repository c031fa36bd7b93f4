// The provider takes the job.
import type { Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** Without a signature the sender must be the node's operator or owner; with one (`signStart`) anyone may bring it. */
export function startLease(client: ChainClient, options: { leaseId: Hex; signature?: Hex }): Intent {
  return intentFor(client, {
    kind: "startLease",
    subject: options.leaseId,
    contract: "market",
    functionName: "start",
    args: [options.leaseId, options.signature ?? "0x"],
  });
}
