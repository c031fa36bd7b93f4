// Sets free money apart, to leave after the exit delay; a new request replaces the old one.
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** Stablecoin units of the sender's own account. `id` distinguishes one from the next. */
export function requestExit(client: ChainClient, options: { amount: bigint; id: string }): Intent {
  return intentFor(client, {
    kind: "requestExit",
    subject: options.id,
    contract: "channels",
    functionName: "requestExit",
    args: [options.amount],
  });
}
