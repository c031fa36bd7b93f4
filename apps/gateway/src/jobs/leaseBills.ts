// The bills of a job's leases as chain and record have them, and what they leave for a further order.
import type { LeaseFacts } from "@weft/chain/facts";
import { format } from "@weft/protocol/Amount";
import { WeftError } from "@weft/protocol/Errors";
import type { JobFile } from "@weft/protocol/JobFile";
import * as Order from "@weft/protocol/Order";
import type { GatewayContext } from "../GatewayContext.ts";
import { type JobRecord, type LeaseRecord, orderOf } from "./JobRecord.ts";
import { type LeaseBill, type Means, meansLeft, mostSpent } from "./jobBudget.ts";

/**
 * Budget and seconds for the job's next order.
 * @throws WeftError `job.budgetSpent`, `job.timeSpent` when nothing is left
 */
export function meansFor(context: GatewayContext, file: JobFile, record: JobRecord): Means {
  const bills = record.leases.map((lease) => billOf(context, record, lease));
  const whole = { budget: file.pay.budget, durationSeconds: BigInt(file.duration) };
  const left = meansLeft(whole, bills);
  const spent = bills.reduce((sum, bill) => sum + mostSpent(bill), 0n);
  const unsettled = bills.some(({ stage }) => stage !== "settled");
  if (left.budget === 0n)
    throw new WeftError(`the job's budget of ${format(whole.budget)} is used up by its earlier leases`, {
      code: "job.budgetSpent",
      details: { spent: format(spent) },
      remedy: unsettled
        ? "some of it comes back when those leases settle; order it again then, or with a larger budget"
        : "order it again with a larger budget; the last paid checkpoint is kept",
    });
  if (left.durationSeconds === 0n)
    throw new WeftError(`all of the job's ${file.duration} s were worked and paid, and it is not done`, {
      code: "job.timeSpent",
      remedy: "order it again with a longer duration; the last paid checkpoint is kept",
    });
  return left;
}

function billOf(context: GatewayContext, record: JobRecord, lease: LeaseRecord): LeaseBill {
  const { leaseId, pay, auditPot } = lease;
  const order = orderOf(record, lease).order;
  const rate = lease.pricePerUnitSecond * order.units;
  const facts = context.chain.lease(leaseId);
  const nothing = { claimed: 0n, acknowledged: 0n, promised: 0n, startFee: 0n, auditPaid: 0n };
  // A lease that a rewind took away may come back: all of it counts.
  if (facts === undefined) return { ...nothing, stage: "open", rate, pay, cap: pay, auditPot };
  const { cap, claimed, startFee, auditPaid } = facts;
  const accrues = order.payMode === Order.payMode.accrue;
  const acknowledged = context.store.getVoucher(leaseId)?.cumulative ?? 0n;
  const promised = accrues ? cap : acknowledged;
  const money = { rate, pay, cap, auditPot, claimed, acknowledged, promised, startFee, auditPaid };
  return { ...money, stage: stageOf(facts) };
}

function stageOf({ state }: LeaseFacts): LeaseBill["stage"] {
  if (state === "closing") return "claimable";
  if (state === "settling") return "claimed";
  return state === "settled" ? "settled" : "open";
}
