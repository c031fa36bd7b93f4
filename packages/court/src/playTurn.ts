// One look at a game and, where something is due, one transaction. Whoever plays calls it again and again at its own pace: after
// each block, or in a row. For games of any policy; what a court makes of their end is in playDispute.ts.
import { playMove } from "@weft/chain/actions/playMove";
import { timeoutGame } from "@weft/chain/actions/timeoutGame";
import type { ChainClient } from "@weft/chain/ChainClient";
import { signDeepClaim } from "@weft/chain/consents";
import type { Intent, IntentResult } from "@weft/chain/Intent";
import { chainTime } from "@weft/chain/reads";
import type { Signer } from "@weft/protocol/Domain";
import { type Game, levels } from "@weft/verification/court/Game";
import { deepClaimOf, type Move } from "@weft/verification/court/Move";
import type { Hex } from "viem";
import { decideTurn, type Seat, type Turn } from "./decideTurn.ts";
import { gameRules } from "./gameRules.ts";
import { type GameQuery, readGame } from "./readGame.ts";

export type GameSeat = Seat & Omit<GameQuery, "oracle">;

export interface Table {
  client: ChainClient;
  send(intent: Intent): Promise<IntentResult>;
  /** Signs deep claims where somebody else's key sends; absent: the sender is the side itself. */
  claimant?: Signer;
}

export interface Look {
  game: Game;
  turn: Turn;
}

/** What is due now, nothing sent. @throws WeftError as readGame and the oracle do */
export async function lookAtGame(client: ChainClient, seat: GameSeat): Promise<Look> {
  const game = await readGame(client, seat);
  const now = Number(await chainTime(client));
  return { game, turn: await decideTurn(game, seat, { now, rules: gameRules(client.params) }) };
}

/** The transaction that a look calls for; undefined for none. */
export async function intentOf(
  { client, claimant }: Pick<Table, "client" | "claimant">,
  { game, turn }: Look,
): Promise<Intent | undefined> {
  if (turn.act === "timeout") return timeoutGame(client, { game: game.id });
  if (turn.act !== "move") return undefined;
  const { move } = turn;
  const signature = claimant && (await signatureOf(client, { game: game.id, move, signer: claimant }));
  return playMove(client, { game, move, ...(signature && { signature }) });
}

/** undefined for a move that proves itself. */
async function signatureOf(
  { network }: ChainClient,
  { game, move, signer }: { game: Hex; move: Move; signer: Signer },
): Promise<Hex | undefined> {
  const claim = deepClaimOf(move);
  if (claim === undefined) return undefined;
  return signDeepClaim(network, { game, level: levels.indexOf(claim.level), root: claim.root, signer });
}

/** Looks, and sends what is due. @throws WeftError of the chain; whoever calls it again looks anew */
export async function playTurn(table: Table, seat: GameSeat): Promise<Look & { result: IntentResult | undefined }> {
  const look = await lookAtGame(table.client, seat);
  const intent = await intentOf(table, look);
  return { ...look, result: intent && (await table.send(intent)) };
}
