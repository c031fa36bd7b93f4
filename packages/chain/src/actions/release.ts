// Moves what has matured of a channel to the node owner's earned money; anyone may.
import type { Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/**
 * `released`, what was released before, and `releasable`, as the channel was read: the first grows with every release that
 * moves anything, so that no two are one intent, and one that moved nothing is not in the way of a later one.
 */
export function release(
  client: ChainClient,
  options: { channelId: Hex; released: bigint; releasable: bigint },
): Intent {
  const { channelId, released, releasable } = options;
  return intentFor(client, {
    kind: "release",
    subject: `${channelId}/${released}/${releasable}`,
    contract: "channels",
    functionName: "release",
    args: [channelId],
  });
}
