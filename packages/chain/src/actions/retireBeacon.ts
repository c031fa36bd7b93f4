// A node owes the beacon nothing from the next round on.
import type { NodeId } from "@weft/protocol/NodeId";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** `id` distinguishes one retirement from the next. */
export function retireBeacon(client: ChainClient, options: { nodeId: NodeId; id: string }): Intent {
  return intentFor(client, {
    kind: "retireBeacon",
    subject: `${options.nodeId}/${options.id}`,
    contract: "beacon",
    functionName: "retire",
    args: [options.nodeId],
  });
}
