// `weft wallet`: the buyer's money, straight on the chain with the buyer's own key; no gateway is needed.
import { deposit as depositIntent } from "@weft/chain/actions/deposit";
import { exit } from "@weft/chain/actions/exit";
import { requestExit } from "@weft/chain/actions/requestExit";
import { withdraw as withdrawIntent } from "@weft/chain/actions/withdraw";
import { balances, chainTime, readAccount } from "@weft/chain/reads";
import * as Amount from "@weft/protocol/Amount";
import { WeftError } from "@weft/protocol/Errors";
import type { Address } from "viem";
import type { Context } from "../Context.ts";
import { requireHome } from "../Home.ts";
import { amountOf, clockOf } from "../render/figures.ts";
import { sendAll } from "../start/buyer.ts";
import { topUp } from "../start/faucet.ts";
import { buyerKey } from "../start/keys.ts";
import { isDevelopmentChain } from "../start/network.ts";
import { openWallet, positive, recipient } from "./openWallet.ts";
import { ownSession, sessionText } from "./sessions.ts";

export async function address(context: Context): Promise<number> {
  requireHome(context.home);
  const { signer } = await buyerKey(context.home);
  context.say(signer.address);
  context.emit({ kind: "summary", ok: true, address: signer.address });
  return 0;
}

export async function balance(context: Context): Promise<number> {
  const { client, buyer } = await openWallet(context);
  const held = await balances(client, buyer.signer.address);
  context.say(`address          ${buyer.signer.address}`);
  context.say(`in escrow, free  ${amountOf(held.free)}`);
  context.say(`  leaving        ${amountOf(held.exiting)}`);
  context.say(`  earned         ${amountOf(held.earned)}`);
  context.say(`outside escrow   ${amountOf(held.stable)}`);
  context.say(`for gas          ${Amount.format(held.native, 18)}`);
  const session = await ownSession(context, { client, buyer });
  if (session !== undefined) context.say(`gateway's key    ${sessionText(session)}`);
  context.emit({ kind: "summary", ok: true, address: buyer.signer.address, ...held, session });
  return 0;
}

export async function deposit(context: Context, text: string): Promise<number> {
  const amount = positive(text);
  const { client, buyer } = await openWallet(context);
  // Test money is free on a development chain; elsewhere this names what is missing.
  await topUp(client, [{ who: "buyer", address: buyer.signer.address, gas: 10n ** 16n, stable: amount }]);
  const id = String(await chainTime(client));
  await sendAll(client, buyer.signer, [await depositIntent(client, { owner: buyer.signer, amount, id })]);
  const { free } = await readAccount(client, buyer.signer.address);
  const money = isDevelopmentChain(client.network) ? " of worthless test money" : "";
  context.say(`deposited ${amountOf(amount)}${money}; free escrow is ${amountOf(free)}`);
  context.emit({ kind: "summary", ok: true, deposited: amount, free });
  return 0;
}

/** Earned money leaves at once; free escrow after a notice, because orders may already count on it. */
export async function withdraw(context: Context, text: string, flags: { to?: string }): Promise<number> {
  const amount = positive(text);
  const { client, buyer } = await openWallet(context);
  const to = flags.to === undefined ? buyer.signer.address : recipient(flags.to);
  const [account, now] = await Promise.all([readAccount(client, buyer.signer.address), chainTime(client)]);
  const id = `${now}/${amount}`;
  if (account.earned >= amount) {
    await sendAll(client, buyer.signer, [withdrawIntent(client, { amount, to, id })]);
    return tell(context, { paid: amount, to });
  }
  // A notice for another amount is replaced by the new one.
  if (account.exiting === amount) {
    if (BigInt(account.exitAt) > now)
      return tell(context, { waiting: amount, seconds: Number(BigInt(account.exitAt) - now) });
    await sendAll(client, buyer.signer, [exit(client, { to, id })]);
    return tell(context, { paid: amount, to });
  }
  if (account.free + account.exiting < amount)
    throw new WeftError(`there are ${amountOf(account.free)} free in escrow, ${amountOf(amount)} asked`, {
      code: "wallet.short",
      remedy: "ask for less, or wait until running jobs give back what they reserved",
    });
  await sendAll(client, buyer.signer, [requestExit(client, { amount, id })]);
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
