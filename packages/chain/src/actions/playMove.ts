// One move of a court game. Every move proves itself, so that anyone may send it; a deep claim comes from its side's key or
// with its signature.
import { type Game, placeHash, placeOf } from "@weft/verification/court/Game";
import { callOf, type Move } from "@weft/verification/court/Move";
import type { Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/**
 * @param options.signature of a deep claim, by `signDeepClaim`; absent where the side's own key sends
 * The intent's key names game, place and call: after a rewind another move at another place is another intent, and the same
 * one is found mined or sent again.
 */
export function playMove(
  client: ChainClient,
  { game, move, signature }: { game: Pick<Game, "id" | "position">; move: Move; signature?: Hex },
): Intent {
  const { functionName, args } = callOf(game.id, move, signature);
  return intentFor(client, {
    kind: move.call,
    subject: `${game.id}/${placeHash(placeOf(game.position))}`,
    contract: "games",
    functionName,
    args: args as never,
  });
}
