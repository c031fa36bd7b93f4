// An order: a buyer's signed wish, backed by escrow. Job details are only committed to; they go to the winner.
import { encodeAbiParameters, type Hex, keccak256 } from "viem";
import { z } from "zod";
import { type Schema, structHash } from "./Domain.ts";
import { hexOf, uintOf } from "./fields.ts";

export const schema = {
  primaryType: "Order",
  verifier: "market",
  fields: [
    { name: "buyer", type: "address" },
    { name: "session", type: "address" },
    { name: "class", type: "bytes8" },
    { name: "minAttributes", type: "uint128" },
    { name: "units", type: "uint32" },
    { name: "durationSeconds", type: "uint32" },
    { name: "maxPricePerUnitSecond", type: "uint96" },
    { name: "priceRule", type: "uint8" },
    { name: "tier", type: "uint8" },
    { name: "mechanism", type: "uint8" },
    { name: "payMode", type: "uint8" },
    { name: "jobCommitment", type: "bytes32" },
    { name: "detailsHash", type: "bytes32" },
    { name: "matcher", type: "address" },
    { name: "maxFee", type: "uint96" },
    { name: "budget", type: "uint96" },
    { name: "courtId", type: "bytes32" },
    { name: "paramsHash", type: "bytes32" },
    { name: "buyerEpoch", type: "uint64" },
    { name: "nonce", type: "uint64" },
    { name: "expiresAt", type: "uint64" },
    { name: "biddingEndsAt", type: "uint64" },
  ],
} as const satisfies Schema;

export const shape = z.strictObject({
  buyer: hexOf(20),
  session: hexOf(20),
  class: hexOf(8),
  minAttributes: uintOf(128),
  units: uintOf(32),
  durationSeconds: uintOf(32),
  maxPricePerUnitSecond: uintOf(96),
  priceRule: uintOf(8),
  tier: uintOf(8),
  mechanism: uintOf(8),
  payMode: uintOf(8),
  jobCommitment: hexOf(32),
  detailsHash: hexOf(32),
  matcher: hexOf(20),
  maxFee: uintOf(96),
  budget: uintOf(96),
  courtId: hexOf(32),
  paramsHash: hexOf(32),
  buyerEpoch: uintOf(64),
  nonce: uintOf(64),
  expiresAt: uintOf(64),
  biddingEndsAt: uintOf(64),
});
export type Order = z.infer<typeof shape>;
export type SignedOrder = { order: Order; signature: Hex };
export const signedShape = z.strictObject({
  order: shape,
  signature: z
    .string()
    .regex(/^0x([0-9a-fA-F]{2}){65,1024}$/)
    .transform((s) => s as Hex),
});

export const priceRule = { ask: 0n, ceiling: 1n } as const;
export const tier = {
  bare: 0n,
  exact: 1n,
  quorum: 2n,
  fingerprint: 3n,
  possession: 4n,
  presence: 5n,
  attested: 6n,
} as const;
export const mechanism = { postedPrice: 0n, reverseAuction: 1n } as const;
export const payMode = { voucher: 0n, accrue: 1n } as const;

export const hash = (order: Order): Hex => structHash(schema, order);

/** A lease's id comes from its content, never from a counter, so a re-org cannot swap leases. */
export function leaseId(orderHash: Hex, offerHash: Hex, fill: number): Hex {
  return keccak256(
    encodeAbiParameters([{ type: "bytes32" }, { type: "bytes32" }, { type: "uint8" }], [orderHash, offerHash, fill]),
  );
}
