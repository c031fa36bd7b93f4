// Turns earned into free money, to spend or to bond.
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** Stablecoin units of the sender's own account. `id` distinguishes one from the next. */
export function keepEarnings(client: ChainClient, options: { amount: bigint; id: string }): Intent {
  return intentFor(client, {
    kind: "keepEarnings",
    subject: options.id,
    contract: "channels",
    functionName: "keepEarnings",
    args: [options.amount],
  });
}
