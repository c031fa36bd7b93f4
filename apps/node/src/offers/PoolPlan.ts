// What the owner sells from one pool. The pool itself is on chain; this is the price and the part of it on sale.
import type { Hex } from "viem";

export interface PoolPlan {
  poolId: bigint;
  /** bytes8 label, as registered. */
  class: Hex;
  /** Units on sale; at most the pool's capacity. */
  units: bigint;
  /** Packed attributes of one unit. */
  attributes: bigint;
  /** Stablecoin units (1e-6) per unit and second. */
  pricePerUnitSecond: bigint;
  /** H3 cell, 0 when the owner does not say. */
  region: bigint;
}
