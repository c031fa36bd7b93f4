// Commits all results of a node since its last epoch, with a bond out of its owner's deposit. The node's operator or owner.
import * as Epoch from "@weft/protocol/Epoch";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** `bond`: stablecoin units. A node commits each epoch number once. */
export function commitEpoch(client: ChainClient, commitment: Epoch.EpochCommitment, bond: bigint): Intent {
  return intentFor(client, {
    kind: "commitEpoch",
    subject: Epoch.hash(commitment),
    contract: "epochs",
    functionName: "commitEpoch",
    args: [commitment as never, bond],
  });
}
