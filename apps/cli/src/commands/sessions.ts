// `weft wallet allow` and `weft wallet revoke`: which keys may reserve the buyer's money. A session is what lets a
// gateway order without the buyer's own key; both are the buyer's word to the chain, so no gateway has to agree.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { grantSession } from "@weft/chain/actions/grantSession";
import { revokeSessions } from "@weft/chain/actions/revokeSessions";
import { chainTime, readAccount, readSession } from "@weft/chain/reads";
import { keyPath } from "@weft/host/keystore/keystore";
import { WeftError } from "@weft/protocol/Errors";
import type { Address } from "viem";
import type { Context } from "../Context.ts";
import type { Home } from "../Home.ts";
import { amountOf } from "../render/figures.ts";
import { sendAll } from "../start/buyer.ts";
import { sessionKey } from "../start/keys.ts";
import { openWallet, positive, recipient, type Wallet } from "./openWallet.ts";

export interface SessionLine {
  key: Address;
  live: boolean;
  /** Stablecoin units. */
  dailyCap: bigint;
  spentToday: bigint;
  /** Unix seconds. */
  expiresAt: bigint;
}

const hasGatewayKey = (home: Home): boolean => existsSync(keyPath(join(home.gateway, "keystore"), "operator"));

async function sessionLine({ client, buyer }: Wallet, key: Address): Promise<SessionLine> {
  const { live, dailyCap, spentToday, expiresAt } = await readSession(client, { buyer: buyer.signer.address, key });
  return { key, live, dailyCap, spentToday, expiresAt: BigInt(expiresAt) };
}

/** What this home's gateway may do with this wallet; undefined when no gateway was ever set up here. */
export async function ownSession({ home }: Context, wallet: Wallet): Promise<SessionLine | undefined> {
  if (!hasGatewayKey(home)) return undefined;
  return sessionLine(wallet, (await sessionKey(home)).signer.address);
}

const dayOf = (seconds: bigint): string => new Date(Number(seconds) * 1000).toISOString().slice(0, 10);

export const sessionText = ({ live, dailyCap, spentToday, expiresAt }: SessionLine): string =>
  live
    ? `may reserve ${amountOf(dailyCap)} a day until ${dayOf(expiresAt)}; ${amountOf(spentToday)} today so far`
    : "may not order; allow it with: weft wallet allow";

export interface AllowFlags {
  dailyCap: string;
  days: number;
}

const secondsPerDay = 86_400n;

/** Grants a session to `key`, by default this home's gateway; granting again replaces cap and expiry. */
export async function allow(context: Context, key: string | undefined, flags: AllowFlags): Promise<number> {
  const dailyCap = positive(flags.dailyCap);
  const wallet = await openWallet(context);
  const { client, buyer } = wallet;
  const named = key === undefined ? await gatewayKey(context.home) : recipient(key);
  const expiresAt = (await chainTime(client)) + BigInt(flags.days) * secondsPerDay;
  await sendAll(client, buyer.signer, [grantSession(client, { key: named, dailyCap, expiresAt })]);
  const granted = await sessionLine(wallet, named);
  context.say(`${named} ${sessionText(granted)}`);
  context.emit({ kind: "summary", ok: true, session: granted });
  return 0;
}

/** @throws WeftError `wallet.noGateway` */
async function gatewayKey(home: Home): Promise<Address> {
  if (hasGatewayKey(home)) return (await sessionKey(home)).signer.address;
  throw new WeftError(`there is no gateway's key in ${home.gateway}`, {
    code: "wallet.noGateway",
    remedy: "name the key: weft wallet allow 0x…; or start the network with `npm start`, which makes one",
  });
}

/** Ends every session of this buyer at once: what a person does when a gateway's key may be in other hands. */
export async function revoke(context: Context): Promise<number> {
  const { client, buyer } = await openWallet(context);
  const owner = buyer.signer.address;
  const { sessionEpoch } = await readAccount(client, owner);
  await sendAll(client, buyer.signer, [revokeSessions(client, { buyer: owner, sessionEpoch: BigInt(sessionEpoch) })]);
  context.say("every session is revoked: no gateway can order with this wallet until: weft wallet allow");
  context.say("leases that are open go on, and their vouchers stay good");
  context.emit({ kind: "summary", ok: true, revoked: true, sessionEpoch: sessionEpoch + 1 });
  return 0;
}
