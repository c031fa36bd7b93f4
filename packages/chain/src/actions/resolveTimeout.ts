// After a missed audit deadline: frees the turn, or ends the audit; anyone may.
import type { Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** `id` distinguishes one turn from the next. */
export function resolveTimeout(client: ChainClient, options: { leaseId: Hex; segment: bigint; id: string }): Intent {
  return intentFor(client, {
    kind: "resolveTimeout",
    subject: `${options.leaseId}/${options.segment}/${options.id}`,
    contract: "audits",
    functionName: "resolveTimeout",
    args: [options.leaseId, Number(options.segment)],
  });
}
