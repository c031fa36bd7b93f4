// Fixes the seed of a sampled segment and starts the first auditor's turn; anyone may.
import type { Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** commitAudit does this by itself when it comes first. */
export function openAudit(client: ChainClient, options: { leaseId: Hex; segment: bigint }): Intent {
  return intentFor(client, {
    kind: "openAudit",
    subject: `${options.leaseId}/${options.segment}`,
    contract: "audits",
    functionName: "openAudit",
    args: [options.leaseId, Number(options.segment)],
  });
}
