// What a lease costs and locks: contracts/src/libraries/Terms.sol, name for name, in the same order and rounding.
import { basisPoints, least, most } from "@weft/protocol/Amount";
import * as Order from "@weft/protocol/Order";
import type { ProtocolParams } from "@weft/protocol/Params";

export interface LeasePrice {
  /** Agreed price per unit and second: the offer's, or the order's ceiling where the order says so. */
  pricePerUnitSecond: bigint;
  /** pricePerUnitSecond × units. */
  rate: bigint;
  /** For the work, over the whole duration; no voucher and no accrued claim passes it. */
  pay: bigint;
  /** Set aside on top of the pay for auditors; 0 where the tier has none. */
  auditPot: bigint;
  /** pay + auditPot: leaves the buyer's free escrow when the lease opens. */
  reservation: bigint;
  /** Part of the pay that the provider earns when the buyer never supplies inputs: one interval's. */
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

/** The contracts keep a lease's pay, and its bond, in a uint48 (281 million of the stablecoin) … */
export const maxPay = (1n << 48n) - 1n;
/** … and its rate and audit pot in a uint64. */
export const maxAmount = (1n << 64n) - 1n;

const million = 1_000_000n;

/** @param terms agreed price, units, seconds and tier; all amounts come out in stablecoin units. */
export function priceLease(params: ProtocolParams, terms: LeaseTerms): LeasePrice {
  const rate = terms.pricePerUnitSecond * terms.units;
  const pay = rate * terms.durationSeconds;
  const auditPot = terms.tier === Order.tier.exact ? basisPoints(pay, params.auditShareBps) : 0n;
  return {
    pricePerUnitSecond: terms.pricePerUnitSecond,
    rate,
    pay,
    auditPot,
    reservation: pay + auditPot,
    startFee: least(rate * params.intervalSeconds, pay),
    bond: bondFor(params, rate),
  };
}

/**
 * Smallest bond that makes a lie a loss on average: gain·(1−q)/q rounded up, gain = rate × exposureSeconds, q = the
 * audit rate.
 */
export function bondFor(params: ProtocolParams, rate: bigint): bigint {
  const q = params.auditRatePpm;
  const gain = rate * params.exposureSeconds;
  return most((gain * (million - q) + q - 1n) / q, params.minBond);
}

/** The price both sides agreed to when `ask` meets an order. */
export const agreedPrice = (order: Order.Order, ask: bigint): bigint =>
  order.priceRule === Order.priceRule.ceiling ? order.maxPricePerUnitSecond : ask;
