// `weft wallet`: the buyer's money, straight on the chain with the buyer's own key; no gateway is needed.
import { deposit as depositIntent } from "@weft/chain/actions/deposit";
import { balances, chainTime, readAccount } from "@weft/chain/reads";
import * as Amount from "@weft/protocol/Amount";
import type { Context } from "../Context.ts";
import { requireHome } from "../Home.ts";
import { amountOf } from "../render/figures.ts";
import { sendAll } from "../start/buyer.ts";
import { topUp } from "../start/faucet.ts";
import { buyerKey } from "../start/keys.ts";
import { isDevelopmentChain } from "../start/network.ts";
import { leaveEscrow } from "./leaveEscrow.ts";
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

/** Earned money leaves at once; free escrow after a notice. */
export async function withdraw(context: Context, text: string, flags: { to?: string }): Promise<number> {
  const amount = positive(text);
  const { client, buyer } = await openWallet(context);
  const to = flags.to === undefined ? buyer.signer.address : recipient(flags.to);
  return await leaveEscrow(context, { client, signer: buyer.signer, amount, to });
}
