// What a lease costs, locks and pays: the arithmetic of contracts/src/market, in the same order and rounding.
import { basisPoints, least, most } from "@weft/protocol/Amount";
import * as Order from "@weft/protocol/Order";
import type { ProtocolParams } from "@weft/protocol/Params";

export interface LeasePrice {
  /** Agreed price per unit and second: the offer's, or the order's ceiling where the order says so. */
  pricePerUnitSecond: bigint;
  /** pricePerUnitSecond × units. */
  ratePerSecond: bigint;
  /** Pay for the whole duration. */
  work: bigint;
  /** Reserved on top of the work for audits; 0 where the tier has none. */
  auditShare: bigint;
  /** work + auditShare: leaves the buyer's free escrow when the lease opens. */
  reservation: bigint;
  /** Part of `work` lost to the provider when the buyer never supplies inputs: one interval's pay. */
  startFee: bigint;
  /** Locked from the provider's bond vault while the lease lives. */
  bond: bigint;
}

export interface LeaseTerms {
  pricePerUnitSecond: bigint;
  units: bigint;
  durationSeconds: bigint;
  tier: bigint;
}

const million = 1_000_000n;

/** @param terms agreed price, units, seconds and tier; all amounts come out in stablecoin units. */
export function priceLease(params: ProtocolParams, terms: LeaseTerms): LeasePrice {
  const ratePerSecond = terms.pricePerUnitSecond * terms.units;
  const work = ratePerSecond * terms.durationSeconds;
  const auditShare = terms.tier === Order.tier.exact ? basisPoints(work, params.auditShareBps) : 0n;
  return {
    pricePerUnitSecond: terms.pricePerUnitSecond,
    ratePerSecond,
    work,
    auditShare,
    reservation: work + auditShare,
    startFee: ratePerSecond * least(params.intervalSeconds, terms.durationSeconds),
    bond: bondFor(params, ratePerSecond),
  };
}

/** Bond ≥ gain·(1−q)/q: gain = rate × exposureSeconds, q = the audit rate. */
export function bondFor(params: ProtocolParams, ratePerSecond: bigint): bigint {
  const q = params.auditRatePpm;
  const needed = (ratePerSecond * params.exposureSeconds * (million - q)) / q;
  return most(needed, params.minBond);
}

/** The price both sides agreed to when `ask` meets an order. */
export const agreedPrice = (order: Order.Order, ask: bigint): bigint =>
  order.priceRule === Order.priceRule.ceiling ? order.maxPricePerUnitSecond : ask;
