// The provider's end of a voucher channel, rebuilt from what is on disk: receipts in order, the highest voucher, and what
// the chain says was claimed. Nothing of it is stored twice.

import type { LeaseFacts } from "@weft/chain/facts";
import { type EarningState, noteClaimed, openEarning, recordReceipt } from "@weft/market/earning";
import type { SignedVoucher } from "@weft/protocol/Voucher";

export interface ReceiptAmount {
  segment: bigint;
  meteredSeconds: bigint;
}

export function earningOf(
  lease: LeaseFacts,
  kept: { receipts: readonly ReceiptAmount[]; voucher: SignedVoucher | undefined },
): EarningState {
  let state = openEarning({
    channelId: lease.leaseId,
    payee: lease.nodeId,
    voucherKey: lease.voucherKey,
    ratePerSecond: lease.ratePerSecond,
    pay: lease.cap,
    startedAt: lease.startedAt,
  });
  for (const receipt of kept.receipts) state = recordReceipt(state, receipt);
  const { voucher } = kept;
  if (voucher !== undefined) {
    const { cumulative } = voucher.voucher;
    const unpaid = state.unpaid.filter((owed) => owed > cumulative);
    state = { ...state, cumulative, signature: voucher.signature, unpaid };
  }
  return noteClaimed(state, lease.claimed, lease.claimedAt === 0n ? lease.startedAt : lease.claimedAt);
}
