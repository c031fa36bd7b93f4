// Has the court take note of a game that is over: pays, punishes, starts the next rival's. Anyone may.
import * as Segment from "@weft/protocol/Segment";
import type { Address, Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import { gameId } from "../gameId.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** Names a game of the court, whose id follows from it. */
export interface Pair {
  commitment: Segment.SegmentCommitment;
  sponsor: Address;
  /** The rival's history root, or `startRival`. */
  rival: Hex;
}

export function concludeGame(client: ChainClient, { commitment, sponsor, rival }: Pair): Intent {
  return intentFor(client, {
    kind: "concludeGame",
    subject: gameId(client.network, { commitment: Segment.hash(commitment), sponsor, rival }),
    contract: "court",
    functionName: "conclude",
    args: [commitment as never, sponsor, rival],
  });
}
