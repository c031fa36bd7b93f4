// Pays out what was set apart, after the exit delay.
import type { Address } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** Stablecoin units of the sender's own account. `id` distinguishes one from the next. */
export function exit(client: ChainClient, options: { to: Address; id: string }): Intent {
  return intentFor(client, {
    kind: "exit",
    subject: options.id,
    contract: "channels",
    functionName: "exit",
    args: [options.to],
  });
}
