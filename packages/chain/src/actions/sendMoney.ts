// Money from the sender's account to another: the chain's own coin, the settlement token.
import type { Address } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

export interface SendMoneyOptions {
  to: Address;
  /** Wei. */
  native?: bigint;
  /** Stablecoin units of 1e-6. */
  stable?: bigint;
  /** Distinguishes one transfer from the next. */
  id: string;
}

/** Up to two intents. */
export function sendMoney(client: ChainClient, { to, native = 0n, stable = 0n, id }: SendMoneyOptions): Intent[] {
  const subject = `${to}/${id}`;
  const kind = "sendMoney";
  const coin: Intent = { key: `${kind}/native/${subject}`, kind, to, data: "0x", value: native };
  const token = { kind, subject: `stable/${subject}`, contract: "stable", functionName: "transfer" } as const;
  return [
    ...(native > 0n ? [coin] : []),
    ...(stable > 0n ? [intentFor(client, { ...token, args: [to, stable] })] : []),
  ];
}
