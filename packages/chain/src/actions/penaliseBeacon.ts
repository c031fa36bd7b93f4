// Slashes a node that revealed nothing in a requested round; anyone may.
import type { NodeId } from "@weft/protocol/NodeId";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** After the round is over. */
export function penaliseBeacon(client: ChainClient, options: { nodeId: NodeId; round: bigint }): Intent {
  return intentFor(client, {
    kind: "penaliseBeacon",
    subject: `${options.nodeId}/${options.round}`,
    contract: "beacon",
    functionName: "penalise",
    args: [options.nodeId, options.round],
  });
}
