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
  const replaced = account.exiting === 0n ? {} : { replaced: noticeOf(client, account) };
  return tell(context, { waiting: amount, seconds: Number(client.params.exitDelaySeconds), ...replaced });
}

/** A notice that the chain had; times are Unix seconds. There is one at a time: a new one takes the place of the last. */
interface Notice {
  amount: bigint;
  givenAt: number;
  /** From when on it could have been paid. */
  leavesAt: number;
}

function noticeOf(client: ChainClient, { exiting, exitAt }: { exiting: bigint; exitAt: number | bigint }): Notice {
  const leavesAt = Number(exitAt);
  return { amount: exiting, givenAt: leavesAt - Number(client.params.exitDelaySeconds), leavesAt };
}

const timeOf = (seconds: number): string =>
  `${new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;

type Done = { paid: bigint; to: Address } | { waiting: bigint; seconds: number; replaced?: Notice };

function tell(context: Context, done: Done): number {
  if ("paid" in done) context.say(`paid ${amountOf(done.paid)} to ${done.to}`);
  else {
    context.say(
      `notice given for ${amountOf(done.waiting)}; it can leave in ${clockOf(done.seconds)}: run the same command again then`,
    );
    if (done.replaced !== undefined) {
      const { amount, givenAt, leavesAt } = done.replaced;
      context.say(
        `it replaces the notice for ${amountOf(amount)} of ${timeOf(givenAt)}, which could leave from ${timeOf(leavesAt)} on`,
      );
    }
  }
  context.emit({ kind: "summary", ok: true, ...done });
  return 0;
}
