// Pays a node's owner what a buyer promised for an epoch that is final. Anyone may; the money goes to the owner's deposit.
import * as Epoch from "@weft/protocol/Epoch";
import type { Address, Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

export interface EpochPay {
  commitment: Epoch.EpochCommitment;
  buyer: Address;
  /** For all results of the buyer in the epoch, stablecoin units. */
  amount: bigint;
  /** Of `Epoch.voucherSchema` by the channel's signer. */
  signature: Hex;
}

export function releaseEpoch(client: ChainClient, { commitment, buyer, amount, signature }: EpochPay): Intent {
  return intentFor(client, {
    kind: "releaseEpoch",
    subject: `${Epoch.hash(commitment)}/${buyer}/${amount}`,
    contract: "epochs",
    functionName: "release",
    args: [commitment as never, buyer, amount, signature],
  });
}
