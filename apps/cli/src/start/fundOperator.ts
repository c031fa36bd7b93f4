// The owner pays what its node's operator lacks: gas, and money for bonds in the court.
import { sendMoney } from "@weft/chain/actions/sendMoney";
import type { ChainClient } from "@weft/chain/ChainClient";
import type { AccountSigner } from "@weft/chain/Keys";
import { chainTime } from "@weft/chain/reads";
import { sendAll } from "./buyer.ts";
import { missing, type Need, topUp } from "./faucet.ts";

export interface Transfer {
  /** Wei. */
  gas: bigint;
  /** Stablecoin units. */
  stable: bigint;
}

/**
 * Needs of owner and operator, in this order, met: those of the operator out of the owner's account, which must have both.
 * @returns what the operator got @throws WeftError `faucet.none` naming what the owner must get first
 */
export async function fundOperator(
  client: ChainClient,
  from: AccountSigner,
  [owner, operator]: readonly [Need, Need],
): Promise<Transfer> {
  const short = await missing(client, [operator]);
  const lacks = (token: "gas" | "stable") => short.find((item) => item.token === token)?.amount ?? 0n;
  const [gas, stable] = [lacks("gas"), lacks("stable")];
  await topUp(client, [{ ...owner, gas: (owner.gas ?? 0n) + gas, stable: (owner.stable ?? 0n) + stable }]);
  const id = `${await chainTime(client)}`;
  await sendAll(client, from, sendMoney(client, { to: operator.address, native: gas, stable, id }));
  return { gas, stable };
}
