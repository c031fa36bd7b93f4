// Funds an account with money that its owner only signed over (EIP-3009): anyone may bring it and pay the gas.
import type { Signer } from "@weft/protocol/Domain";
import type { Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { signReceiveAuthorization } from "../permit.ts";
import { intentFor } from "./intentFor.ts";

/** Credits `owner`. `nonce`: 32 bytes never used before by this owner; the same one twice is the same deposit. */
export async function depositFor(
  client: ChainClient,
  options: { owner: Signer; amount: bigint; nonce: Hex; validBefore: bigint },
): Promise<Intent> {
  const { owner, amount, nonce, validBefore } = options;
  const { v, r, s } = await signReceiveAuthorization(client, options);
  return intentFor(client, {
    kind: "depositFor",
    subject: `${owner.address}/${nonce}`,
    contract: "channels",
    functionName: "depositWithAuthorization",
    args: [owner.address, amount, 0n, validBefore, nonce, v, r, s],
  });
}
