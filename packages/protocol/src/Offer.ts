// An offer: a provider's signed price for capacity of one of its pools. A bid is an offer that names one order.
import type { Hex } from "viem";
import { z } from "zod";
import { type Schema, structHash } from "./Domain.ts";
import { hexOf, uintOf } from "./fields.ts";

export const schema = {
  primaryType: "Offer",
  verifier: "market",
  fields: [
    { name: "nodeId", type: "bytes20" },
    { name: "poolId", type: "uint32" },
    { name: "slot", type: "uint8" },
    { name: "seq", type: "uint64" },
    { name: "class", type: "bytes8" },
    { name: "attributes", type: "uint128" },
    { name: "units", type: "uint32" },
    { name: "pricePerUnitSecond", type: "uint96" },
    { name: "region", type: "uint64" },
    { name: "expiresAt", type: "uint64" },
    { name: "orderHash", type: "bytes32" },
    { name: "detailsHash", type: "bytes32" },
  ],
} as const satisfies Schema;

/** Times are Unix seconds, prices stablecoin units (1e-6) per unit and second. */
export const shape = z.strictObject({
  nodeId: hexOf(20),
  poolId: uintOf(32),
  slot: uintOf(8),
  seq: uintOf(64),
  class: hexOf(8),
  attributes: uintOf(128),
  units: uintOf(32),
  pricePerUnitSecond: uintOf(96),
  region: uintOf(64),
  expiresAt: uintOf(64),
  orderHash: hexOf(32),
  detailsHash: hexOf(32),
});
export type Offer = z.infer<typeof shape>;
export type SignedOffer = { offer: Offer; signature: Hex };
export const signedShape = z.strictObject({ offer: shape, signature: hexOf(65) });

export const hash = (offer: Offer): Hex => structHash(schema, offer);
export const isBid = (offer: Offer): boolean => BigInt(offer.orderHash) !== 0n;
/** Place in the book: a later seq in the same slot replaces an earlier one. */
export const slotKey = (offer: Offer): string => `${offer.nodeId}/${offer.poolId}/${offer.slot}/${offer.orderHash}`;
