// Moves what has matured of a channel to the node owner's earned money; anyone may.
import type { Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** `id` distinguishes one release from the next, such as the claimed amount it is for. */
export function release(client: ChainClient, options: { channelId: Hex; id: string }): Intent {
  return intentFor(client, {
    kind: "release",
    subject: `${options.channelId}/${options.id}`,
    contract: "channels",
    functionName: "release",
    args: [options.channelId],
  });
}
