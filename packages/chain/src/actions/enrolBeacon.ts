// A node commits to the tip of its hash onion and takes part in the beacon from the next round.
import type { NodeId } from "@weft/protocol/NodeId";
import type { Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** Sent by the node's operator. `tip` = keccak256 of the first preimage it will reveal. */
export function enrolBeacon(client: ChainClient, options: { nodeId: NodeId; tip: Hex }): Intent {
  return intentFor(client, {
    kind: "enrolBeacon",
    subject: `${options.nodeId}/${options.tip}`,
    contract: "beacon",
    functionName: "enroll",
    args: [options.nodeId, options.tip],
  });
}
