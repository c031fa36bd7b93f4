// Money of the sender's deposit in the court of epochs into its one channel with a node.
import type { NodeId } from "@weft/protocol/NodeId";
import type { Address } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

export interface ChannelFunding {
  nodeId: NodeId;
  /** Signs the vouchers; the same one for as long as the channel has money. */
  signer: Address;
  /** Stablecoin units. */
  amount: bigint;
  /** Distinguishes one from the next. */
  id: string;
}

export function fundChannel(client: ChainClient, { nodeId, signer, amount, id }: ChannelFunding): Intent {
  return intentFor(client, {
    kind: "fundChannel",
    subject: `${nodeId}/${signer}/${id}`,
    contract: "epochs",
    functionName: "fundChannel",
    args: [nodeId, signer, amount],
  });
}
