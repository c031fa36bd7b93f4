// The last move of a game of the court, a proof or a timeout, and what the court makes of it, in one transaction. Anyone may.
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import type { Pair } from "./concludeGame.ts";
import { intentFor } from "./intentFor.ts";

/** `last`: the move's own intent, of `playMove` or `timeoutGame`; its kind stays, and its key with a word more. */
export function endGame(client: ChainClient, { commitment, sponsor, rival }: Pair, last: Intent): Intent {
  return intentFor(client, {
    kind: last.kind,
    subject: `${last.key.slice(last.kind.length + 1)}/concluded`,
    contract: "court",
    functionName: "concludeWith",
    args: [commitment as never, sponsor, rival, last.data],
  });
}
