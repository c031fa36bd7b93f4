// The highest voucher of each channel: what the node can claim. A lower or equal one never replaces it.
import * as Voucher from "@weft/protocol/Voucher";
import type { Hex } from "viem";
import { fromSortable, toSortable } from "./money.ts";
import { get, type Row, run, type Store } from "./Store.ts";

/** True when it was the highest and is now on disk; false when one at least as high is there. */
export function keepVoucher(store: Store, options: { signed: Voucher.SignedVoucher; at: number }): boolean {
  const { voucher, signature } = options.signed;
  const changed = run(
    store,
    `insert into vouchers(channel, payee, cumulative, signature, updatedAt) values (?, ?, ?, ?, ?)
     on conflict(channel) do update set payee=excluded.payee, cumulative=excluded.cumulative,
       signature=excluded.signature, updatedAt=excluded.updatedAt where excluded.cumulative > cumulative`,
    [voucher.channelId, voucher.payee, toSortable(voucher.cumulative), signature, options.at],
  );
  return changed > 0;
}

const fromRow = (row: Row): Voucher.SignedVoucher =>
  Voucher.signedShape.parse({
    voucher: { channelId: row["channel"], payee: row["payee"], cumulative: fromSortable(row["cumulative"]) },
    signature: row["signature"],
  });

export function highestVoucher(store: Store, options: { channelId: Hex }): Voucher.SignedVoucher | undefined {
  const row = get(store, "select * from vouchers where channel = ?", [options.channelId]);
  return row === undefined ? undefined : fromRow(row);
}

/** After the channel is closed and paid. */
export function dropVoucher(store: Store, options: { channelId: Hex }): void {
  run(store, "delete from vouchers where channel = ?", [options.channelId]);
}
