// Rivals that some accounts sponsor and whose bonds are still in the court, from the chain alone.
import type { ChainClient } from "@weft/chain/ChainClient";
import {
  type ChallengeRecord,
  readChallenges,
  readDispute,
  readGameView,
  readWaitingBond,
} from "@weft/chain/courtReads";
import type { Address } from "viem";

export interface OwnRival extends ChallengeRecord {
  /** `held`: the commitment is eliminated, the bond still to be reclaimed. */
  state: "playing" | "waiting" | "held";
}

/** In the order in which they were named. @throws WeftError of the chain */
export async function readOwnRivals(
  client: ChainClient,
  query: { sponsors: readonly Address[]; fromBlock: bigint },
): Promise<OwnRival[]> {
  const named = await readChallenges(client, query);
  const states = await Promise.all(named.map((one) => stateOf(client, one)));
  return named.flatMap((one, i) => (states[i] === undefined ? [] : [{ ...one, state: states[i] }]));
}

async function stateOf(
  client: ChainClient,
  { commitment, game }: ChallengeRecord,
): Promise<OwnRival["state"] | undefined> {
  const { eliminated, live } = await readDispute(client, commitment);
  const isIn = live === game || (await readWaitingBond(client, game)) > 0n;
  if (!isIn) return undefined;
  if (eliminated) return "held";
  return (await readGameView(client, game)).since === 0 ? "waiting" : "playing";
}
