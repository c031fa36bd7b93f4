// Makes a round's value known by the signature of the drand round that decides it; anyone may.
import type { Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** After the round is over. @param options.signature 64 bytes */
export function bringRound(client: ChainClient, options: { round: bigint; signature: Hex }): Intent {
  return intentFor(client, {
    kind: "bringRound",
    subject: options.round.toString(),
    contract: "beacon",
    functionName: "bring",
    args: [options.round, options.signature],
  });
}
