// The development faucet: tops accounts up to what they need from a publicly known key. On the machine of the chain that
// is done at once; another machine asks the network's public door, which gives within limits (doorFaucet.ts). Where the
// chain is none of ours there is no faucet, and what is missing is named instead.
import { faucet } from "@weft/chain/actions/faucet";
import type { ChainClient } from "@weft/chain/ChainClient";
import { faucetKey } from "@weft/chain/DevAccounts";
import { type Intent, memoryStore } from "@weft/chain/Intent";
import { signerOf } from "@weft/chain/Keys";
import { type Balances, balances } from "@weft/chain/reads";
import { Sender } from "@weft/chain/Sender";
import * as Amount from "@weft/protocol/Amount";
import { WeftError } from "@weft/protocol/Errors";
import { foregroundClock } from "@weft/transport/Clock";
import type { Address } from "viem";
import { z } from "zod";
import { harmless } from "../render/terminalText.ts";
import { isDevelopmentChain } from "./network.ts";

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

/** Wei that lets a fresh account of a development network send transactions for a long time. */
export const gasMoney = 10n ** 18n;

/**
 * Gives every account what it lacks. Idempotent: what is there already isn't sent again.
 * @throws WeftError `faucet.none` naming what to fund, on a chain without a faucet; `faucet.*` as the door says
 */
export async function topUp(client: ChainClient, needs: readonly Need[]): Promise<void> {
  const short = await missing(client, needs);
  if (short.length === 0) return;
  if (!isDevelopmentChain(client.network)) throw nothingToGive(short);
  const asked = needs.filter((need) => short.some((item) => item.need === need));
  if (!(await askDoor(client.rpcUrl, asked))) await give(client, needs);
}

/** From the publicly known key, on the machine of the chain. */
export async function give(client: ChainClient, needs: readonly Need[]): Promise<void> {
  const short = await missing(client, needs);
  const sender = new Sender(client, { signer: signerOf(faucetKey), store: memoryStore(), clock: foregroundClock });
  try {
    await Promise.all(short.flatMap((item) => giftOf(client, item)).map((gift) => sender.send(gift)));
  } finally {
    sender.close();
  }
}

const doorTimeoutMs = 90_000;
const refusalShape = z.object({
  error: z.object({ code: z.string().max(64), message: z.string().max(300), remedy: z.string().max(300).optional() }),
});

/** False when no door but the chain itself is at `rpcUrl`. @throws WeftError `faucet.*` when the door gives nothing */
async function askDoor(rpcUrl: string, needs: readonly Need[]): Promise<boolean> {
  const rows = needs.map(({ address, gas = 0n, weft = 0n, stable = 0n }) => ({
    address,
    ...{ gas: `${gas}`, weft: `${weft}`, stable: `${stable}` },
  }));
  const response = await fetch(new URL("/v1/faucet", rpcUrl), {
    ...{ method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ needs: rows }) },
    signal: AbortSignal.timeout(doorTimeoutMs),
  }).catch((cause: unknown) => {
    throw refusedByDoor({ code: "faucet.unreachable", message: "the network's faucet doesn't answer" }, cause);
  });
  if (response.status === 404) return false;
  if (response.ok) return true;
  const answer = refusalShape.safeParse(await response.json().catch(() => undefined));
  throw refusedByDoor(
    answer.success ? answer.data.error : { code: "faucet.failed", message: `the faucet answers ${response.status}` },
  );
}

const refusedByDoor = (said: { code: string; message: string; remedy?: string | undefined }, cause?: unknown) =>
  new WeftError(harmless(said.message), {
    code: harmless(said.code),
    fault: "network",
    retryable: true,
    remedy: harmless(said.remedy ?? "run the same command again; see the chain.log of the network's machine"),
    cause,
  });

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
    remedy:
      "send what is listed, then run the same command again; what an operator lacks its owner's account pays with --fund, and with --court-bonds 0 it needs no stablecoins",
  });
}
