// What a matcher must know of the chain to decide: one block-stamped snapshot as plain data.
//
// The chain adapter folds events into this; nothing here reads a chain or a clock. Amounts are stablecoin units (1e-6)
// unless they are stake (WEFT, 1e-18); times are Unix seconds of the chain's clock.
import type { NodeId } from "@weft/protocol/NodeId";
import type { ProtocolParams } from "@weft/protocol/Params";
import type { Address, Hex } from "viem";

export interface PoolView {
  /** bytes8 label, as in the offer. */
  class: Hex;
  capacity: bigint;
  /** Units under open leases. */
  used: bigint;
  /** Packed attributes of one unit, as registered. */
  attributes: bigint;
}

export interface NodeView {
  owner: Address;
  operator: Address;
  /** WEFT staked and not unbonding. */
  stake: bigint;
  /** Stablecoin that can still be locked as a lease bond. */
  bondFree: bigint;
  /** Offers of a slot with a smaller seq are cancelled; by `slotOf(poolId, slot)`, absent = 0. */
  minSeq: ReadonlyMap<string, bigint>;
  pools: ReadonlyMap<bigint, PoolView>;
}

export interface SessionView {
  /** Unix seconds; 0 = unknown session. */
  expiresAt: bigint;
  /** What the session may still reserve today. */
  capLeft: bigint;
  /** Nodes it may pay; undefined = any. */
  allowed?: ReadonlySet<NodeId>;
}

export interface BuyerView {
  /** Escrow that is neither reserved nor leaving. */
  free: bigint;
  epoch: bigint;
  /** Nonces under which an order was filled or withdrawn. */
  nonces: ReadonlySet<bigint>;
  /** Live sessions of the current session epoch, by key. An order that the buyer signed itself needs none. */
  sessions: ReadonlyMap<Address, SessionView>;
}

/** An earlier fill is still open, ended the order, was already followed by another, or left no time. */
export type FillBlock = "open" | "ended" | "followed" | "timeUp";

/** What the chain knows of an order that was filled before. */
export interface OrderView {
  /** Fills opened so far; the next one has this number. */
  fills: bigint;
  /** Why no further fill may open now, see refill.ts. */
  blocked?: FillBlock;
  /** Nodes that failed a fill of this order. */
  failed: readonly NodeId[];
  /** Money that earlier fills used up or may still use up, without matchers' fees: see `spentBy`. */
  spent: bigint;
  /** Work time left of the order's duration. */
  secondsLeft: bigint;
}

/** Key of a pool's offer slot. */
export const slotOf = (poolId: bigint, slot: bigint): string => `${poolId}/${slot}`;

export interface MarketView {
  now: bigint;
  params: ProtocolParams;
  paramsHash: Hex;
  /** Who sends the transaction and what it asks for it. */
  matcher: { address: Address; fee: bigint };
  /** Courts an order may name besides none. */
  courts: ReadonlySet<Hex>;
  nodes: ReadonlyMap<NodeId, NodeView>;
  buyers: ReadonlyMap<Address, BuyerView>;
  /** Only orders that were filled at least once. */
  orders: ReadonlyMap<Hex, OrderView>;
}
