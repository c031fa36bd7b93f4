// Moves the owner's free money to a node's bonds.
import type { NodeId } from "@weft/protocol/NodeId";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** Stablecoin units; sent by the node's owner. `id` distinguishes one move from the next. */
export function fundBonds(client: ChainClient, options: { nodeId: NodeId; amount: bigint; id: string }): Intent {
  return intentFor(client, {
    kind: "fundBonds",
    subject: `${options.nodeId}/${options.id}`,
    contract: "channels",
    functionName: "fundBonds",
    args: [options.nodeId, options.amount],
  });
}
