// Accrue mode: claims all anchored pay of a channel; anyone may.
import type { Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** `anchored`: what is claimed up to, as the snapshot shows it. */
export function claimAccrued(client: ChainClient, options: { channelId: Hex; anchored: bigint }): Intent {
  return intentFor(client, {
    kind: "claimAccrued",
    subject: `${options.channelId}/${options.anchored}`,
    contract: "channels",
    functionName: "claimAccrued",
    args: [options.channelId],
  });
}
