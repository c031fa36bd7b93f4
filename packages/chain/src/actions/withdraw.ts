// Pays earned money out at once.
import type { Address } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** Stablecoin units of the sender's own account. `id` distinguishes one from the next. */
export function withdraw(client: ChainClient, options: { amount: bigint; to: Address; id: string }): Intent {
  return intentFor(client, {
    kind: "withdraw",
    subject: options.id,
    contract: "channels",
    functionName: "withdraw",
    args: [options.amount, options.to],
  });
}
