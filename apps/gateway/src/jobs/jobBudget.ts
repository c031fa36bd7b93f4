// What a job may still order. A job's file bounds money and work time of the whole job, however many orders it takes: a
// new order gets what is left after everything that earlier leases cost or may still cost. Pure, integers only.
//
// Counted is the most that can still leave the buyer's escrow, so that the sum over all orders never exceeds the file's
// budget, whatever providers and auditors do. It only falls: a lease that is closed gets no further voucher.
import { least, most } from "@weft/protocol/Amount";

/** One lease's money, in stablecoin units. */
export interface LeaseBill {
  /** open: may still be worked · claimable: closed, claims possible · claimed: no claims any more · settled. */
  stage: "open" | "claimable" | "claimed" | "settled";
  /** Per second, all units together. */
  rate: bigint;
  /** Reserved for work and for audits; `cap` is the part of the pay that is not voided. */
  pay: bigint;
  cap: bigint;
  auditPot: bigint;
  claimed: bigint;
  /** Acknowledged by the buyer: the highest voucher. */
  acknowledged: bigint;
  /** The most that may be claimed: the highest voucher, or the cap where the chain anchors pay without one. */
  promised: bigint;
  /** Owed to a provider that could not start. */
  startFee: bigint;
  auditPaid: bigint;
}

export interface Means {
  budget: bigint;
  durationSeconds: bigint;
}

/** What its work can cost at most. */
const workOf = ({ stage, pay, cap, claimed, promised }: LeaseBill): bigint => {
  if (stage === "open") return pay;
  return stage === "claimable" ? most(claimed, least(promised, cap)) : claimed;
};

/** The most a lease has cost or can still cost the buyer. */
export function mostSpent(bill: LeaseBill): bigint {
  const audits = bill.stage === "settled" ? bill.auditPaid : bill.auditPot;
  return least(workOf(bill) + bill.startFee, bill.pay) + audits;
}

/** Whole seconds of work that were paid, as the contract counts them for the next fill of one order. */
export const secondsPaid = ({ rate, cap, claimed, acknowledged }: LeaseBill): bigint =>
  most(claimed, least(acknowledged, cap)) / rate;

/** What is left of the file's means; zero where nothing is. */
export function meansLeft(file: Means, bills: readonly LeaseBill[]): Means {
  const spent = bills.reduce((sum, bill) => sum + mostSpent(bill), 0n);
  const worked = bills.reduce((sum, bill) => sum + secondsPaid(bill), 0n);
  return { budget: most(file.budget - spent, 0n), durationSeconds: most(file.durationSeconds - worked, 0n) };
}
