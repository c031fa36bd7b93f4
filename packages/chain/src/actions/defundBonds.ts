// Moves unlocked bond money back to the owner's free money.
import type { NodeId } from "@weft/protocol/NodeId";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** Stablecoin units; sent by the node's owner. `id` distinguishes one move from the next. */
export function defundBonds(client: ChainClient, options: { nodeId: NodeId; amount: bigint; id: string }): Intent {
  return intentFor(client, {
    kind: "defundBonds",
    subject: `${options.nodeId}/${options.id}`,
    contract: "channels",
    functionName: "defundBonds",
    args: [options.nodeId, options.amount],
  });
}
