// The court as a node sees and uses it: disputes folded from events, reads at the head, one verb per transaction. Filled by
// connectCourt.ts over packages/chain and packages/court.
import type { AccuseOptions } from "@weft/chain/actions/accuse";
import type { DisputeState } from "@weft/chain/Snapshot";
import type { DisputeLook, DisputeSeat, StartShown } from "@weft/court/playDispute";
import type { Signer } from "@weft/protocol/Domain";
import type { Order } from "@weft/protocol/Order";
import type { SegmentCommitment } from "@weft/protocol/Segment";
import type { Address, Hex } from "viem";
import type { Mined } from "./NodeChain.ts";

/** What the court's money is, in stablecoin units. */
export interface BondMoney {
  /** In the court, locked by no rival. */
  deposit: bigint;
  /** Outside, in the operator's own account. */
  wallet: bigint;
  /** Won in disputes, in the vault. */
  earned: bigint;
}

export interface CourtDesk {
  /** Who sponsors what this node names: its operator. */
  readonly account: Address;
  /** That one, and operators before it whose keys are at hand: rivals of theirs are this node's as well. */
  accounts(): readonly Address[];
  /** Whether disputes of the lease are this deployment's court's. */
  hears(leaseId: Hex): boolean;
  /** Chain time at which the segment was committed, as long as its lease isn't settled. */
  committedAt(leaseId: Hex, segment: bigint): bigint | undefined;
  /** All that anybody began. */
  disputes(): readonly DisputeState[];
  /** undefined when it was opened in a way that only its opener can read. */
  order(leaseId: Hex): Promise<Order | undefined>;
  /** Least bond of one more rival of a commitment, by its hash; and that of the first that waits, 0n where none does. */
  place(commitment: Hex): Promise<{ least: bigint; head: bigint }>;
  /**
   * What makes the lease's start an allowed one: the segment of an earlier fill that ended there and stood when the lease
   * opened; undefined when there is none.
   */
  shownStart(leaseId: Hex, first: SegmentCommitment): Promise<StartShown | undefined>;
  money(): Promise<BondMoney>;
  /** What this node spent on a game so far, sent before a restart or after. */
  gasOf(game: Hex): bigint;

  look(seat: DisputeSeat): Promise<DisputeLook>;
  /** Sends what a look calls for; undefined when it calls for nothing. */
  play(seat: DisputeSeat, look: DisputeLook): Promise<Mined | undefined>;
  /** With what is missing of the bond, from the operator's own account, in the same transaction. */
  accuse(accusation: Omit<AccuseOptions, "sponsor">, missing?: { from: Signer; amount: bigint }): Promise<Mined>;
  /** Out of the court to the operator's own account. `id` distinguishes one from the next, here and below. */
  withdraw(move: { amount: bigint; id: string }): Promise<Mined>;
  /** Won money out of the vault to the node's owner. */
  payOut(move: { amount: bigint; id: string }): Promise<Mined>;
}
