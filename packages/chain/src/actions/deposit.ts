// Funds an account of the vault in one transaction: permit and deposit together.
import type { Signer } from "@weft/protocol/Domain";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { signPermit } from "../permit.ts";
import { intentFor } from "./intentFor.ts";

/** Stablecoin units of `owner`, who also sends it. `id` distinguishes one deposit from the next. */
export async function deposit(
  client: ChainClient,
  options: { owner: Signer; amount: bigint; id: string },
): Promise<Intent> {
  const { owner, amount, id } = options;
  const permit = await signPermit(client, { token: "stable", spender: "channels", owner, amount });
  return intentFor(client, {
    kind: "deposit",
    subject: `${owner.address}/${id}`,
    contract: "channels",
    functionName: "depositWithPermit",
    args: [amount, permit.deadline, permit.v, permit.r, permit.s],
  });
}
