// Adds a capacity pool to a node.
import type { NodeId } from "@weft/protocol/NodeId";
import type { Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** Pools are numbered from 0 in the order they are added; `poolId` is the number this one is expected to get. */
export function addPool(
  client: ChainClient,
  options: { nodeId: NodeId; poolId: bigint; class: Hex; capacity: bigint; attributes: bigint },
): Intent {
  return intentFor(client, {
    kind: "addPool",
    subject: `${options.nodeId}/${options.poolId}`,
    contract: "registry",
    functionName: "addPool",
    args: [options.nodeId, options.class, Number(options.capacity), options.attributes],
  });
}
