// Lets a session key sign orders for the sender.
import type { NodeId } from "@weft/protocol/NodeId";
import type { Address } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/**
 * At most `dailyCap` is reserved per UTC day, until `expiresAt` (Unix seconds), with any node when `nodeIds` is absent.
 * Granting again replaces the list.
 */
export function grantSession(
  client: ChainClient,
  options: { key: Address; dailyCap: bigint; expiresAt: bigint; nodeIds?: readonly NodeId[] },
): Intent {
  return intentFor(client, {
    kind: "grantSession",
    subject: `${options.key}/${options.expiresAt}/${options.dailyCap}/${options.nodeIds?.join("+") ?? "any"}`,
    contract: "channels",
    functionName: "grantSession",
    args: [options.key, options.dailyCap, options.expiresAt, options.nodeIds === undefined, options.nodeIds ?? []],
  });
}
