// Frees the bond of a rival whose commitment another one eliminated. Anyone may; the bond goes to the sponsor's deposit.
import type { Address, Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** `commitment`: its hash. */
export function reclaimBond(
  client: ChainClient,
  { commitment, sponsor, rival }: { commitment: Hex; sponsor: Address; rival: Hex },
): Intent {
  return intentFor(client, {
    kind: "reclaimBond",
    subject: `${commitment}/${sponsor}/${rival}`,
    contract: "court",
    functionName: "reclaim",
    args: [commitment, sponsor, rival],
  });
}
