// Starts the unbonding of a node's stake.
import type { NodeId } from "@weft/protocol/NodeId";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** WEFT units of 1e-18; asking again restarts the delay for all that unbonds. */
export function requestUnstake(client: ChainClient, options: { nodeId: NodeId; amount: bigint; id: string }): Intent {
  return intentFor(client, {
    kind: "requestUnstake",
    subject: `${options.nodeId}/${options.id}`,
    contract: "registry",
    functionName: "requestUnstake",
    args: [options.nodeId, options.amount],
  });
}
