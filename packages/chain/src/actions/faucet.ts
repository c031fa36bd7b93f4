// Development chains only: gives an account test money, WEFT and gas from the publicly known faucet account.
import type { Address } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

export interface FaucetOptions {
  to: Address;
  /** Stablecoin units of 1e-6. */
  stable?: bigint;
  /** WEFT units of 1e-18; the sender must hold them. */
  weft?: bigint;
  /** Wei. */
  native?: bigint;
  /** Distinguishes one gift from the next. */
  id: string;
}

/** Up to three intents, for the sender that holds the faucet's key (DevAccounts). */
export function faucet(client: ChainClient, options: FaucetOptions): Intent[] {
  const { to, stable = 0n, weft = 0n, native = 0n, id } = options;
  const subject = `${to}/${id}`;
  const intents: Intent[] = [];
  if (native > 0n) intents.push({ key: `faucetNative/${subject}`, kind: "faucet", to, data: "0x", value: native });
  if (stable > 0n)
    intents.push(
      intentFor(client, {
        ...{ kind: "faucet", subject: `stable/${subject}` },
        contract: "stable",
        functionName: "mint",
        args: [to, stable],
      }),
    );
  if (weft > 0n)
    intents.push(
      intentFor(client, {
        ...{ kind: "faucet", subject: `weft/${subject}` },
        contract: "weft",
        functionName: "transfer",
        args: [to, weft],
      }),
    );
  return intents;
}
