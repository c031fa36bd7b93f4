// Money leaving the vault, for a buyer and for a node's owner alike: what was earned at once, free money after a notice,
// because orders may already count on it. The same command gives notice and, once the delay is over, pays.
import { exit } from "@weft/chain/actions/exit";
import { requestExit } from "@weft/chain/actions/requestExit";
import { withdraw as withdrawIntent } from "@weft/chain/actions/withdraw";
import type { ChainClient } from "@weft/chain/ChainClient";
import type { AccountSigner } from "@weft/chain/Keys";
import { chainTime, readAccount } from "@weft/chain/reads";
import { WeftError } from "@weft/protocol/Errors";
import type { Address } from "viem";
import type { Context } from "../Context.ts";
import { amountOf, clockOf } from "../render/figures.ts";
import { sendAll } from "../start/buyer.ts";

export interface Leaving {
  client: ChainClient;
  /** Whose account it is. */
  signer: AccountSigner;
  /** Stablecoin units. */
  amount: bigint;
  to: Address;
}

/** @throws WeftError `wallet.short` */
export async function leaveEscrow(context: Context, { client, signer, amount, to }: Leaving): Promise<number> {
  const [account, now] = await Promise.all([readAccount(client, signer.address), chainTime(client)]);
  const id = `${now}/${amount}`;
  if (account.earned >= amount) {
    await sendAll(client, signer, [withdrawIntent(client, { amount, to, id })]);
    return tell(context, { paid: amount, to });
  }
  // A notice for another amount is replaced by the new one.
  if (account.exiting === amount) {
    if (BigInt(account.exitAt) > now)
      return tell(context, { waiting: amount, seconds: Number(BigInt(account.exitAt) - now) });
    await sendAll(client, signer, [exit(client, { to, id })]);
    return tell(context, { paid: amount, to });
  }
  if (account.free + account.exiting < amount)
    throw new WeftError(`there are ${amountOf(account.free)} free in escrow, ${amountOf(amount)} asked`, {
      code: "wallet.short",
      remedy: "ask for less, or wait until running jobs give back what they reserved",
    });
  await sendAll(client, signer, [requestExit(client, { amount, id })]);
  return tell(context, { waiting: amount, seconds: Number(client.params.exitDelaySeconds) });
}

function tell(context: Context, done: { paid: bigint; to: Address } | { waiting: bigint; seconds: number }): number {
  if ("paid" in done) context.say(`paid ${amountOf(done.paid)} to ${done.to}`);
  else
    context.say(
      `notice given for ${amountOf(done.waiting)}; it can leave in ${clockOf(done.seconds)}: run the same command again then`,
    );
  context.emit({ kind: "summary", ok: true, ...done });
  return 0;
}
