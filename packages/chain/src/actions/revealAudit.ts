// Opens a sealed verdict.
import type { SegmentCommitment } from "@weft/protocol/Segment";
import type { Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { sealOf, type Verdict } from "./commitAudit.ts";
import { intentFor } from "./intentFor.ts";

/** `path`: Merkle path of the step in the history that the verdict names. */
export function revealAudit(
  client: ChainClient,
  options: { commitment: SegmentCommitment; verdict: Verdict; path: readonly Hex[] },
): Intent {
  const { commitment, verdict, path } = options;
  return intentFor(client, {
    kind: "revealAudit",
    subject: sealOf(verdict),
    contract: "audits",
    functionName: "revealAudit",
    args: [commitment as never, verdict.ok, verdict.stepRoot, path, verdict.altHistoryRoot, verdict.salt],
  });
}
