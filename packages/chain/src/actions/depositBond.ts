// Money for bonds into a court, that of leases or that of epochs, in one transaction: permit and deposit together.
import type { Signer } from "@weft/protocol/Domain";
import type { Address } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { signPermit } from "../permit.ts";
import { intentFor } from "./intentFor.ts";

/** Stablecoin units of `from`, who also sends it, for `account`. `id` distinguishes one deposit from the next. */
export async function depositBond(
  client: ChainClient,
  options: { account: Address; from: Signer; amount: bigint; id: string; court?: "court" | "epochs" },
): Promise<Intent> {
  const { account, from, amount, id, court = "court" } = options;
  const permit = await signPermit(client, { token: "stable", spender: court, owner: from, amount });
  return intentFor(client, {
    kind: "depositBond",
    subject: `${court}/${from.address}/${account}/${id}`,
    contract: court,
    functionName: "depositWithPermit",
    args: [account, amount, permit.deadline, permit.v, permit.r, permit.s],
  });
}
