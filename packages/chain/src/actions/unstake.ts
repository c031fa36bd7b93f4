// Takes unbonded stake out.
import type { NodeId } from "@weft/protocol/NodeId";
import type { Address } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** Sent by the node's owner, after the unbonding delay. */
export function unstake(client: ChainClient, options: { nodeId: NodeId; to: Address; id: string }): Intent {
  return intentFor(client, {
    kind: "unstake",
    subject: `${options.nodeId}/${options.id}`,
    contract: "registry",
    functionName: "unstake",
    args: [options.nodeId, options.to],
  });
}
