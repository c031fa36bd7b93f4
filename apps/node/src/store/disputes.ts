// Disputes that this node has a side in: what its own history is made from. What happened in them is the chain's to tell.
import type { Hex } from "viem";
import { fromBody, toBody } from "./json.ts";
import { all, get, type Row, run, type Store } from "./Store.ts";

export type DisputeSide = "defender" | "rival";

export interface KeptDispute<Body = unknown> {
  /** Hash of the segment's commitment. */
  commitment: Hex;
  side: DisputeSide;
  leaseId: Hex;
  segment: number;
  body: Body;
  closedAt: number | undefined;
}

const fromRow = (row: Row): KeptDispute => ({
  commitment: row["commitment"] as Hex,
  side: row["side"] as DisputeSide,
  leaseId: row["lease"] as Hex,
  segment: Number(row["segment"]),
  body: fromBody(row["body"]),
  closedAt: row["closedAt"] === null ? undefined : Number(row["closedAt"]),
});

export function putDispute(
  store: Store,
  options: { dispute: Omit<KeptDispute, "closedAt">; at: number; closed?: boolean },
): void {
  const { commitment, side, leaseId, segment, body } = options.dispute;
  run(
    store,
    `insert into disputes(commitment, side, lease, segment, body, updatedAt, closedAt) values (?, ?, ?, ?, ?, ?, ?)
     on conflict(commitment, side) do update set body=excluded.body, updatedAt=excluded.updatedAt,
       closedAt=excluded.closedAt`,
    [commitment, side, leaseId, segment, toBody(body), options.at, options.closed === true ? options.at : null],
  );
}

export function getDispute(store: Store, options: { commitment: Hex; side: DisputeSide }): KeptDispute | undefined {
  const row = get(store, "select * from disputes where commitment = ? and side = ?", [
    options.commitment,
    options.side,
  ]);
  return row === undefined ? undefined : fromRow(row);
}

/** Disputes not closed, what this node defends before what it accuses, of each the oldest change first. */
export function openDisputes(store: Store, options: { limit: number }): KeptDispute[] {
  return all(store, "select * from disputes where closedAt is null order by side, updatedAt, commitment limit ?", [
    options.limit,
  ]).map(fromRow);
}

/** Disputes of a lease, closed or not, latest change first. */
export function disputesOf(store: Store, options: { leaseId: Hex; limit: number }): KeptDispute[] {
  return all(store, "select * from disputes where lease = ? order by updatedAt desc, commitment limit ?", [
    options.leaseId,
    options.limit,
  ]).map(fromRow);
}
