// Frees the bond of an epoch that is final: its window is over and no rival is left. Anyone may.
import * as Epoch from "@weft/protocol/Epoch";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

export function closeEpoch(client: ChainClient, commitment: Epoch.EpochCommitment): Intent {
  return intentFor(client, {
    kind: "closeEpoch",
    subject: Epoch.hash(commitment),
    contract: "epochs",
    functionName: "closeEpoch",
    args: [commitment as never],
  });
}
