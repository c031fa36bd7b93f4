// Frees the bond of a rival whose commitment another one eliminated. Anyone may; the bond goes to the sponsor's deposit.
import type { ChainClient } from "../ChainClient.ts";
import { type GamePair, gameId } from "../gameId.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

export function reclaimBond(client: ChainClient, pair: GamePair): Intent {
  return intentFor(client, {
    kind: "reclaimBond",
    subject: gameId(client.network, pair),
    contract: "court",
    functionName: "reclaim",
    args: [pair.commitment, pair.sponsor, pair.rival],
  });
}
