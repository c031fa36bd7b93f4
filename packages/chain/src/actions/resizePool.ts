// Changes the capacity of a pool, never below what is in use.
import type { NodeId } from "@weft/protocol/NodeId";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** `id` distinguishes one change from the next. */
export function resizePool(
  client: ChainClient,
  options: { nodeId: NodeId; poolId: bigint; capacity: bigint; id: string },
): Intent {
  return intentFor(client, {
    kind: "resizePool",
    subject: `${options.nodeId}/${options.poolId}/${options.id}`,
    contract: "registry",
    functionName: "resizePool",
    args: [options.nodeId, Number(options.poolId), Number(options.capacity)],
  });
}
