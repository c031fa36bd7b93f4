// Offers of one slot with a lower seq no longer open leases.
import type { NodeId } from "@weft/protocol/NodeId";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** Sent by the node's operator or owner. */
export function cancelOffers(
  client: ChainClient,
  options: { nodeId: NodeId; poolId: bigint; slot: bigint; minSeq: bigint },
): Intent {
  return intentFor(client, {
    kind: "cancelOffers",
    subject: `${options.nodeId}/${options.poolId}/${options.slot}/${options.minSeq}`,
    contract: "market",
    functionName: "cancelOffers",
    args: [options.nodeId, Number(options.poolId), Number(options.slot), options.minSeq],
  });
}
