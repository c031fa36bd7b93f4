// One dispute of this node as its status shows it.
import type { Ground } from "@weft/chain/courtGrounds";
import type { Hex } from "viem";
import type { DisputeSide, KeptDispute } from "../store/disputes.ts";

export interface DisputeStatus {
  commitment: Hex;
  leaseId: Hex;
  segment: number;
  side: DisputeSide;
  /** What is due: see packages/court, DisputeTurn, and joinDispute.ts; `queued`, `refused`, `unknown`. */
  state: string;
  game?: Hex;
  ground?: Ground;
  /** How far the game is. */
  level?: string;
  step?: string;
  /** End of the turn, Unix seconds. */
  until?: number;
  gasUsed?: string;
  /** Why this node does not go on. */
  code?: string;
  why?: string;
}

export const statusOf = (
  { commitment, leaseId, segment, side }: Pick<KeptDispute, "commitment" | "leaseId" | "segment" | "side">,
  known: Partial<DisputeStatus> & Pick<DisputeStatus, "state">,
): DisputeStatus => ({ ...known, commitment, leaseId, segment, side });
