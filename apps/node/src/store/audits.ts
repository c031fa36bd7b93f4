// What an auditor must not lose between sealing a verdict and opening it: the salt, and what it sealed.
import type { Hex } from "viem";
import { fromBody, toBody } from "./json.ts";
import { all, get, type Row, run, type Store } from "./Store.ts";

export interface KeptAudit<Body = unknown> {
  leaseId: Hex;
  segment: number;
  round: bigint;
  /** The salt; kept from the first call on, so that a restart seals the same verdict. */
  secret: Hex;
  body: Body;
}

const fromRow = (row: Row): KeptAudit => ({
  leaseId: row["lease"] as Hex,
  segment: Number(row["segment"]),
  round: row["round"] as bigint,
  secret: row["secret"] as Hex,
  body: fromBody(row["body"]),
});

/** Keeps an audit; the salt of an earlier call wins over the one passed. Returns what is on disk. */
export function putAudit(store: Store, options: { audit: KeptAudit; at: number; closed?: boolean }): KeptAudit {
  const { leaseId, segment, round, secret, body } = options.audit;
  run(
    store,
    `insert into audits(lease, segment, round, secret, body, updatedAt, closedAt) values (?, ?, ?, ?, ?, ?, ?)
     on conflict(lease, segment, round) do update set body=excluded.body, updatedAt=excluded.updatedAt,
       closedAt=excluded.closedAt`,
    [leaseId, segment, round, secret, toBody(body), options.at, options.closed === true ? options.at : null],
  );
  return getAudit(store, { leaseId, segment, round }) as KeptAudit;
}

export function getAudit(
  store: Store,
  options: { leaseId: Hex; segment: number; round: bigint },
): KeptAudit | undefined {
  const row = get(store, "select * from audits where lease = ? and segment = ? and round = ?", [
    options.leaseId,
    options.segment,
    options.round,
  ]);
  return row === undefined ? undefined : fromRow(row);
}

/** Audits not closed, oldest change first. */
export function openAudits(store: Store, options: { limit: number }): KeptAudit[] {
  return all(store, "select * from audits where closedAt is null order by updatedAt, lease, segment limit ?", [
    options.limit,
  ]).map(fromRow);
}
