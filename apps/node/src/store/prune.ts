// Keeps the tables bounded: closed rows older than `before` go, in batches so that the event loop is never held long.
// Vouchers, counters, settings and everything still open stay.
import { run, type Store, transaction } from "./Store.ts";

const prunable = [
  `delete from receipts where rowid in (select r.rowid from receipts r where r.createdAt < ?1
     and not exists (select 1 from leases l where l.lease = r.lease and (l.closedAt is null or l.closedAt >= ?1)) limit ?2)`,
  "delete from audits where rowid in (select rowid from audits where closedAt < ? limit ?)",
  "delete from disputes where rowid in (select rowid from disputes where closedAt < ? limit ?)",
  "delete from checkpoints where rowid in (select rowid from checkpoints where releasedAt < ? limit ?)",
  // Last, and only when its receipts are gone: they are found through it.
  `delete from leases where rowid in (select l.rowid from leases l where l.closedAt < ?
     and not exists (select 1 from receipts r where r.lease = l.lease) limit ?)`,
];

/** Rows removed; call again while it is not 0. `before` in the unit of the rows' times. */
export function prune(store: Store, options: { before: number; batch?: number }): number {
  return transaction(store, () => {
    let removed = 0;
    for (const sql of prunable) removed += run(store, sql, [options.before, options.batch ?? 500]);
    return removed;
  });
}
