// Every order the sender signed before opens no lease any more.
import type { Address } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** `buyerEpoch`: the current one, which this ends. */
export function bumpBuyerEpoch(client: ChainClient, options: { buyer: Address; buyerEpoch: bigint }): Intent {
  return intentFor(client, {
    kind: "bumpBuyerEpoch",
    subject: `${options.buyer}/${options.buyerEpoch}`,
    contract: "market",
    functionName: "bumpBuyerEpoch",
    args: [],
  });
}
