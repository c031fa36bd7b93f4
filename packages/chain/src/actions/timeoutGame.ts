// Ends a game in which the side to move has let its clock run out. Anyone may.
import type { Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** `game`: 20 bytes. */
export function timeoutGame(client: ChainClient, { game }: { game: Hex }): Intent {
  return intentFor(client, {
    kind: "timeoutGame",
    subject: game,
    contract: "games",
    functionName: "timeout",
    args: [game],
  });
}
