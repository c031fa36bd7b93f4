// What every command about the buyer's money begins with: the chain, the buyer's key, and words that must make sense.
import type { ChainClient } from "@weft/chain/ChainClient";
import { clientOf } from "@weft/chain/NetworkFile";
import * as Amount from "@weft/protocol/Amount";
import { WeftError } from "@weft/protocol/Errors";
import { type Address, isAddress } from "viem";
import type { Context } from "../Context.ts";
import { requireHome } from "../Home.ts";
import { buyerKey, type HeldKey } from "../start/keys.ts";
import { readNetwork } from "../start/network.ts";

export interface Wallet {
  client: ChainClient;
  buyer: HeldKey;
}

/** The chain and the buyer's key of this home. @throws WeftError `home.none`, `network.none` */
export async function openWallet({ home }: Pick<Context, "home">): Promise<Wallet> {
  requireHome(home);
  return { client: clientOf(readNetwork(home)), buyer: await buyerKey(home) };
}

/** Positive stablecoin units. @throws WeftError `amount.malformed` */
export function positive(text: string): bigint {
  const amount = Amount.parse(text);
  if (amount > 0n) return amount;
  throw new WeftError(`"${text}" is nothing`, { code: "amount.malformed", remedy: "write an amount above 0" });
}

/** An account's address as a person writes it. @throws WeftError `wallet.address` */
export function recipient(text: string): Address {
  if (isAddress(text, { strict: false })) return text;
  throw new WeftError(`"${text}" is not an address`, { code: "wallet.address", remedy: "write 0x and 40 hex digits" });
}
