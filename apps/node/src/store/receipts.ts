// Receipts sent per lease. Two different receipts with one (lease, sequence) are slashable, so a number is taken on
// disk before its receipt is sent, and taking it again with other content fails.
import { WeftError } from "@weft/protocol/Errors";
import type { Hex } from "viem";
import { fromBody, toBody } from "./json.ts";
import { all, get, type Row, run, type Store, transaction } from "./Store.ts";

export type ReceiptState = "sent" | "paid" | "refused";
export interface KeptReceipt {
  leaseId: Hex;
  sequence: number;
  segment: number;
  /** Hash of what was signed. */
  hash: Hex;
  body: unknown;
  state: ReceiptState;
}

const fromRow = (row: Row): KeptReceipt => ({
  leaseId: row["lease"] as Hex,
  sequence: Number(row["sequence"]),
  segment: Number(row["segment"]),
  hash: row["hash"] as Hex,
  body: fromBody(row["body"]),
  state: row["state"] as ReceiptState,
});

/**
 * Records a receipt before it is sent; the same again is a no-op.
 * @throws WeftError `receipt.equivocation` when the number carries other content already.
 */
export function keepReceipt(store: Store, options: { receipt: Omit<KeptReceipt, "state">; at: number }): void {
  const { leaseId, sequence, segment, hash, body } = options.receipt;
  transaction(store, () => {
    const there = get(store, "select hash from receipts where lease = ? and sequence = ?", [leaseId, sequence]);
    if (there === undefined) {
      run(
        store,
        "insert into receipts(lease, sequence, segment, hash, body, state, createdAt) values (?, ?, ?, ?, ?, 'sent', ?)",
        [leaseId, sequence, segment, hash, toBody(body), options.at],
      );
    } else if (there["hash"] !== hash)
      throw new WeftError(`receipt ${sequence} of lease ${leaseId} was signed with other content`, {
        code: "receipt.equivocation",
        fault: "us",
        remedy: "send the stored receipt; signing both would lose the bond",
      });
  });
}

export function markReceipt(store: Store, options: { leaseId: Hex; sequence: number; state: ReceiptState }): void {
  run(store, "update receipts set state = ? where lease = ? and sequence = ?", [
    options.state,
    options.leaseId,
    options.sequence,
  ]);
}

/** Receipts of a lease in order. */
export function listReceipts(store: Store, options: { leaseId: Hex; from?: number; limit: number }): KeptReceipt[] {
  return all(store, "select * from receipts where lease = ? and sequence >= ? order by sequence limit ?", [
    options.leaseId,
    options.from ?? 0,
    options.limit,
  ]).map(fromRow);
}

/**
 * Replaces a receipt's content. Only for one that never can take effect any more (its beacon round passed off chain):
 * signing a number twice is slashable.
 */
export function replaceReceipt(store: Store, options: { receipt: Omit<KeptReceipt, "state">; at: number }): void {
  const { leaseId, sequence, hash, body } = options.receipt;
  run(store, "update receipts set hash = ?, body = ?, state = 'sent' where lease = ? and sequence = ?", [
    hash,
    toBody(body),
    leaseId,
    sequence,
  ]);
}
