// The leases this node has a part in, and how far it got: its own phase, which the chain's state does not tell.
import type { Hex } from "viem";
import { fromBody, toBody } from "./json.ts";
import { all, get, type Row, run, type Store } from "./Store.ts";

export type LeaseRole = "provider" | "buyer" | "holder" | "auditor";
export interface KeptLease<Body = unknown> {
  leaseId: Hex;
  role: LeaseRole;
  /** The caller's word for where it is, such as "fetching" or "running". */
  phase: string;
  body: Body;
  updatedAt: number;
  closedAt: number | undefined;
}

const fromRow = (row: Row): KeptLease => ({
  leaseId: row["lease"] as Hex,
  role: row["role"] as LeaseRole,
  phase: String(row["phase"]),
  body: fromBody(row["body"]),
  updatedAt: Number(row["updatedAt"]),
  closedAt: row["closedAt"] === null ? undefined : Number(row["closedAt"]),
});

/** Inserts or replaces. `closed` ends it: the row becomes prunable. */
export function putLease(
  store: Store,
  options: { lease: Pick<KeptLease, "leaseId" | "role" | "phase" | "body">; at: number; closed?: boolean },
): void {
  const { leaseId, role, phase, body } = options.lease;
  run(
    store,
    `insert into leases(lease, role, phase, body, updatedAt, closedAt) values (?, ?, ?, ?, ?, ?)
     on conflict(lease) do update set role=excluded.role, phase=excluded.phase, body=excluded.body,
       updatedAt=excluded.updatedAt, closedAt=excluded.closedAt`,
    [leaseId, role, phase, toBody(body), options.at, options.closed === true ? options.at : null],
  );
}

export function getLease(store: Store, options: { leaseId: Hex }): KeptLease | undefined {
  const row = get(store, "select * from leases where lease = ?", [options.leaseId]);
  return row === undefined ? undefined : fromRow(row);
}

/** Open leases of a role, oldest change first. */
export function openLeases(store: Store, options: { role: LeaseRole; limit: number }): KeptLease[] {
  return all(store, "select * from leases where role = ? and closedAt is null order by updatedAt, lease limit ?", [
    options.role,
    options.limit,
  ]).map(fromRow);
}
