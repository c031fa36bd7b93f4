// Opens a node's next layer in the current, requested round; anyone may bring it.
import type { NodeId } from "@weft/protocol/NodeId";
import type { Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** `preimage` hashes to the tip on chain. */
export function revealBeacon(client: ChainClient, options: { nodeId: NodeId; round: bigint; preimage: Hex }): Intent {
  return intentFor(client, {
    kind: "revealBeacon",
    subject: `${options.nodeId}/${options.round}`,
    contract: "beacon",
    functionName: "reveal",
    args: [options.nodeId, options.round, options.preimage],
  });
}
