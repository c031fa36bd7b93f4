// Brings a staked third node's word that it holds a job's inputs: from now the provider must start.
import type { SignedHeld } from "@weft/protocol/Held";
import type { Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** `held.signature` is over Held(leaseId, inputsSegment, jobCommitment, holder). */
export function markInputsReady(
  client: ChainClient,
  options: { leaseId: Hex; jobCommitment: Hex; held: SignedHeld },
): Intent {
  return intentFor(client, {
    kind: "markInputsReady",
    subject: options.leaseId,
    contract: "market",
    functionName: "markInputsReady",
    args: [options.leaseId, options.jobCommitment, options.held.held.holder, options.held.signature],
  });
}
