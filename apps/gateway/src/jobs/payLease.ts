// Vouchers of one lease: the paying state is derived from the record, so it survives a restart without a copy of its own.
import { nextVoucher, openPaying, type PayingState, type Receipt, voucherOf } from "@weft/market/paying";
import { signNoun } from "@weft/protocol/Domain";
import { WeftError } from "@weft/protocol/Errors";
import * as Voucher from "@weft/protocol/Voucher";
import type { GatewayContext } from "../GatewayContext.ts";
import { type JobRecord, type LeaseRecord, orderOf } from "./JobRecord.ts";

/** A receipt may meter at most this much; a provider with longer segments is paid for this part only. */
const maxReceiptSeconds = 900n;

/** Paying state after the segments that the record holds for this lease. */
export function payingStateOf(record: JobRecord, lease: LeaseRecord): PayingState {
  const paid = record.segments.filter((segment) => segment.leaseId === lease.leaseId);
  const last = paid.at(-1);
  const opened = openPaying({
    channelId: lease.leaseId,
    payee: lease.nodeId,
    ratePerSecond: lease.pricePerUnitSecond * orderOf(record, lease).order.units,
    pay: lease.pay,
    startedAt: lease.startedAt ?? 0n,
  });
  if (last === undefined) return opened;
  return {
    ...opened,
    meteredSeconds: paid.reduce((sum, segment) => sum + BigInt(segment.meteredSeconds), 0n),
    cumulative: last.cumulative,
    nextSegment: BigInt(last.segment) + 1n,
    last: { segment: BigInt(last.segment), hash: last.commitmentHash },
  };
}

export interface Promised {
  signed: Voucher.SignedVoucher;
  cumulative: bigint;
  /** False when the same receipt was answered before. */
  fresh: boolean;
}

/**
 * Signs what a payable receipt earns. The voucher is written before it is handed out.
 * @throws WeftError `receipt.…` when the receipt does not earn one
 */
export async function promise(context: GatewayContext, state: PayingState, receipt: Receipt): Promise<Promised> {
  const decision = nextVoucher(state, { receipt, now: context.chain.now(), policy: { maxReceiptSeconds } });
  if (!decision.ok && decision.refusal.code !== "receipt.duplicate")
    throw new WeftError(`segment ${receipt.segment} earns no voucher: ${decision.refusal.code}`, {
      code: decision.refusal.code,
      fault: "provider",
    });
  const voucher = decision.ok ? decision.voucher : voucherOf(state);
  const signature = await signNoun(context.chain.network, Voucher.schema, voucher, context.session);
  context.store.putVoucher({ ...voucher, signature });
  return { signed: { voucher, signature }, cumulative: voucher.cumulative, fresh: decision.ok };
}
