// Registers a node: an id for ever, owned by the sender, operated by another key that agrees to it.
import type { Signer } from "@weft/protocol/Domain";
import { nodeIdOf } from "@weft/protocol/NodeId";
import type { Address, Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import { signOperatorConsent } from "../consents.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

export interface RegisterNodeOptions {
  /** Sends the transaction; exits and payouts belong to it. */
  owner: Address;
  operator: Signer;
  /** 32 bytes; with the owner it decides the nodeId. */
  salt: Hex;
  /** Where the node is reached, at most 256 bytes. */
  endpoint: string;
  /** H3 cell, 0 = undisclosed. */
  region: bigint;
}

export async function registerNode(client: ChainClient, options: RegisterNodeOptions): Promise<Intent> {
  const { owner, operator, salt, endpoint, region } = options;
  const nodeId = nodeIdOf(owner, salt);
  const consent =
    operator.address.toLowerCase() === owner.toLowerCase()
      ? "0x"
      : await signOperatorConsent(client.network, { nodeId, operator, nonce: 0n });
  return intentFor(client, {
    kind: "registerNode",
    subject: nodeId,
    contract: "registry",
    functionName: "register",
    args: [operator.address, salt, endpoint, region, consent],
  });
}
