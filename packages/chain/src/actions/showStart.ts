// Answers ground `start`: the segment of an earlier fill in which the lease's first one begins. Anyone may.
import type * as Segment from "@weft/protocol/Segment";
import type { Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

export interface ShowStartOptions {
  /** The game that it answers: it ends only the one that is played. */
  game: Hex;
  commitment: Segment.SegmentCommitment;
  /** Segment 0 of the lease. */
  first: Segment.SegmentCommitment;
  earlier: Segment.SegmentCommitment;
  /** See IAudits.wasVoid. */
  voidedFrom: bigint;
}

export function showStart(client: ChainClient, options: ShowStartOptions): Intent {
  const { game, commitment, first, earlier, voidedFrom } = options;
  return intentFor(client, {
    kind: "showStart",
    subject: game,
    contract: "court",
    functionName: "showStart",
    args: [commitment, first, earlier, Number(voidedFrom)] as never,
  });
}
