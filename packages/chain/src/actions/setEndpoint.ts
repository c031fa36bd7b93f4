// Says where a node is reached now.
import type { NodeId } from "@weft/protocol/NodeId";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** `endpoint`: at most 256 bytes. `region`: H3 cell. `id`: distinguishes one change from the next. */
export function setEndpoint(
  client: ChainClient,
  options: { nodeId: NodeId; endpoint: string; region: bigint; id: string },
): Intent {
  return intentFor(client, {
    kind: "setEndpoint",
    subject: `${options.nodeId}/${options.id}`,
    contract: "registry",
    functionName: "setEndpoint",
    args: [options.nodeId, options.endpoint, options.region],
  });
}
