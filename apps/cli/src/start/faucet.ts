// The development faucet: tops accounts up to what they need from a publicly known key. Every development chain has it,
// so a second machine can help itself; anywhere else there is none, and what is missing is named instead.
import { abis } from "@weft/chain/Abis";
import type { ChainClient } from "@weft/chain/ChainClient";
import { faucetKey } from "@weft/chain/DevAccounts";
import { type Intent, memoryStore } from "@weft/chain/Intent";
import { signerOf } from "@weft/chain/Keys";
import { Sender } from "@weft/chain/Sender";
import * as Amount from "@weft/protocol/Amount";
import { WeftError } from "@weft/protocol/Errors";
import { type Address, encodeFunctionData } from "viem";
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
  const wanted = needs.flatMap((need) => tokens.map((token) => ({ need, token, amount: need[token] ?? 0n })));
  const asked = wanted.filter(({ amount }) => amount > 0n);
  const held = await Promise.all(asked.map(({ need, token }) => balanceOf(client, { address: need.address, token })));
  return asked.flatMap((item, index) => {
    const short = item.amount - (held[index] as bigint);
    return short > 0n ? [{ ...item, amount: short }] : [];
  });
}

function balanceOf(client: ChainClient, of: { address: Address; token: Token }): Promise<bigint> {
  if (of.token === "gas") return client.rpc.getBalance({ address: of.address });
  return client.rpc.readContract({
    address: client.network.contracts[of.token],
    abi: abis[of.token],
    functionName: "balanceOf",
    args: [of.address],
  }) as Promise<bigint>;
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
    await Promise.all(short.map((item) => sender.send(giftOf(client, item))));
  } finally {
    sender.close();
  }
}

function giftOf(client: ChainClient, { need, token, amount }: Missing): Intent {
  const named = { key: `faucet/${need.address}/${token}`, kind: "faucet" };
  if (token === "gas") return { ...named, to: need.address, data: "0x", value: amount };
  const { contracts } = client.network;
  const args = [need.address, amount] as const;
  const data =
    token === "stable"
      ? encodeFunctionData({ abi: abis.stable, functionName: "mint", args })
      : encodeFunctionData({ abi: abis.weft, functionName: "transfer", args });
  return { ...named, to: contracts[token], data };
}

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
