// Takes the sender's money out of the court, as far as no rival has it locked.
import type { Address } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** Stablecoin units. `id` distinguishes one from the next. */
export function withdrawBond(client: ChainClient, options: { amount: bigint; to: Address; id: string }): Intent {
  return intentFor(client, {
    kind: "withdrawBond",
    subject: options.id,
    contract: "court",
    functionName: "withdraw",
    args: [options.amount, options.to],
  });
}
