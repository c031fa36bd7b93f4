// The development faucet: tops accounts up to what they need from a publicly known key. Every development chain has it,
// so a second machine can help itself; anywhere else there is none, and what is missing is named instead.
import { faucet } from "@weft/chain/actions/faucet";
import type { ChainClient } from "@weft/chain/ChainClient";
import { faucetKey } from "@weft/chain/DevAccounts";
import { type Intent, memoryStore } from "@weft/chain/Intent";
import { signerOf } from "@weft/chain/Keys";
import { type Balances, balances } from "@weft/chain/reads";
import { Sender } from "@weft/chain/Sender";
import * as Amount from "@weft/protocol/Amount";
import { WeftError } from "@weft/protocol/Errors";
import type { Address } from "viem";
import { isDevelopmentChain } from "./network.ts";
import { systemClock } from "./systemClock.ts";

/** What an account should have at least; absent means none. Units: wei, 1e-18 WEFT, 1e-6 stablecoin. */
export interface Need {
  who: string;
  address: Address;
  gas?: bigint;
  weft?: bigint;
  stable?: bigint;
}

const tokens = ["gas", "weft", "stable"] as const;
type Token = (typeof tokens)[number];
export type Missing = { need: Need; token: Token; amount: bigint };

/** What the chain says is short of the needs. */
export async function missing(client: ChainClient, needs: readonly Need[]): Promise<Missing[]> {
  const held = await Promise.all(needs.map(({ address }) => balances(client, address)));
  return needs.flatMap((need, index) =>
    tokens.flatMap((token) => {
      const amount = (need[token] ?? 0n) - (held[index] as Balances)[fieldOf[token]];
      return amount > 0n ? [{ need, token, amount }] : [];
    }),
  );
}

/**
 * Gives every account what it lacks. Idempotent: what is there already isn't sent again.
 * @throws WeftError `faucet.none` naming what to fund, on a chain without a faucet
 */
export async function topUp(client: ChainClient, needs: readonly Need[]): Promise<void> {
  const short = await missing(client, needs);
  if (short.length === 0) return;
  if (!isDevelopmentChain(client.network)) throw nothingToGive(short);
  const sender = new Sender(client, { signer: signerOf(faucetKey), store: memoryStore(), clock: systemClock });
  try {
    await Promise.all(short.flatMap((item) => giftOf(client, item)).map((gift) => sender.send(gift)));
  } finally {
    sender.close();
  }
}

const fieldOf: Record<Token, "native" | "weft" | "stable"> = { gas: "native", weft: "weft", stable: "stable" };

const giftOf = (client: ChainClient, { need, token, amount }: Missing): Intent[] =>
  faucet(client, { to: need.address, [fieldOf[token]]: amount, id: token });

const decimals: Record<Token, number> = { gas: 18, weft: 18, stable: 6 };
const symbols: Record<Token, string> = { gas: "of the chain's own coin", weft: "WEFT", stable: "of the stablecoin" };

function nothingToGive(short: readonly Missing[]): WeftError {
  const lines = short.map(({ need, token, amount }): [string, string] => [
    `${need.who} ${need.address} (${token})`,
    `${Amount.format(amount, decimals[token])} ${symbols[token]}`,
  ]);
  return new WeftError("this network has no faucet; these accounts must be funded first", {
    code: "faucet.none",
    details: Object.fromEntries(lines),
    remedy: "send what is listed, then run the same command again",
  });
}
